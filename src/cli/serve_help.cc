#include "cli/serve_help.h"

#include <fmt/format.h>

#include "cli/command_table.h"

namespace release {
namespace {

std::string UsageOf(const OperandRow& operand) {
  if (operand.kind == ValueKind::kArchive) return " -";
  const std::string name = fmt::format(
      "{}{}", operand.name, operand.repeat == Repeat::kMany ? "..." : "");
  return operand.presence == Presence::kRequired ? fmt::format(" {}", name)
                                                 : fmt::format(" [{}]", name);
}

std::string UsageOf(const OptionRow& option) {
  if (option.kind == ValueKind::kFlag) return fmt::format(" [{}]", option.name);
  return fmt::format(
      " [{} {}]", option.name,
      option.kind == ValueKind::kFile ? "BASE64" : option.placeholder);
}

std::string UsageOf(const CommandRow& row) {
  std::string usage = fmt::format("  {}", row.name());
  for (const OperandRow& operand : row.operands) {
    // The key decides which app is meant.
    if (operand.kind != ValueKind::kApp) usage += UsageOf(operand);
  }
  for (const OptionRow& option : row.options) {
    if (option.served == Served::kYes) usage += UsageOf(option);
  }
  if (row.served != Served::kChange) return usage + "\n";
  for (const OptionRow& option : GlobalRows()) {
    if (option.served == Served::kChange) usage += UsageOf(option);
  }
  return usage + "\n";
}

}  // namespace

std::string ServedHelp(const std::set<std::string>& allowed) {
  std::string text = "This key may run:\n";
  for (const CommandRow& row : CommandRows()) {
    if (allowed.contains(std::string(row.name()))) text += UsageOf(row);
  }
  text += "Each also takes";
  for (const OptionRow& option : GlobalRows()) {
    if (option.served == Served::kYes) text += UsageOf(option);
  }
  return text + ".\n- is the archive, on standard input. See release(8).\n";
}

}  // namespace release
