#include "base/command_id.h"

#include <cstddef>
#include <iterator>

namespace release {
namespace {

struct Row {
  CommandId command;
  std::string_view name;
};

constexpr Row kTable[] = {
    {CommandId::kInit, "init"},
    {CommandId::kDeploy, "deploy"},
    {CommandId::kStage, "stage"},
    {CommandId::kActivate, "activate"},
    {CommandId::kRollback, "rollback"},
    {CommandId::kIntake, "intake"},
    {CommandId::kRecover, "recover"},
    {CommandId::kPrune, "prune"},
    {CommandId::kPin, "pin"},
    {CommandId::kUnpin, "unpin"},
    {CommandId::kNotify, "notify"},
    {CommandId::kConfirm, "confirm"},
    {CommandId::kAbort, "abort"},
    {CommandId::kList, "list"},
    {CommandId::kStatus, "status"},
    {CommandId::kCheck, "check"},
    {CommandId::kHistory, "history"},
    {CommandId::kVerify, "verify"},
    {CommandId::kDiff, "diff"},
    {CommandId::kServe, "serve"},
    {CommandId::kPack, "pack"},
    {CommandId::kCompletion, "completion"},
    {CommandId::kNone, ""},
    {CommandId::kUnknown, "unknown"},
};

// CommandName indexes the table, so its rows must be in the enum's order and
// complete.
constexpr bool TableFollowsTheEnum() {
  for (std::size_t i = 0; i < std::size(kTable); ++i) {
    if (static_cast<std::size_t>(kTable[i].command) != i) return false;
  }
  return std::size(kTable) == static_cast<std::size_t>(CommandId::kUnknown) + 1;
}
static_assert(TableFollowsTheEnum());

}  // namespace

std::string_view CommandName(CommandId command) {
  return kTable[static_cast<std::size_t>(command)].name;
}

CommandId ParseCommandName(std::string_view name) {
  for (const Row& row : kTable) {
    if (row.name == name) return row.command;
  }
  return CommandId::kUnknown;
}

}  // namespace release
