#include "store/record_text.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <nlohmann/json.hpp>

#include "base/text.h"

namespace release {
namespace {

using nlohmann::json;

constexpr int kFormat = 1;
constexpr std::size_t kChecksumDigits = 16;
constexpr char kStarting[] = "starting";
constexpr char kSwitching[] = "switching";
constexpr char kStopped[] = "stopped";
constexpr char kCommitted[] = "committed";
constexpr char kUndone[] = "undone";
constexpr char kStepBegun[] = "step-begun";
constexpr char kStep[] = "step";
// The steps of an undo have kinds of their own: a reader that does not know
// them still takes the other steps for the way forward.
constexpr char kUndoStepBegun[] = "undo-step-begun";
constexpr char kUndoStep[] = "undo-step";

std::string Checksum(std::string_view text) {
  return fmt::format("{:016x}", XXH3_64bits(text.data(), text.size()));
}

std::string Line(const json& object) {
  // Text from outside, e.g. a hook's output, may not be UTF-8. Replace such
  // bytes, because dump() would otherwise throw and fail the transaction.
  const std::string text =
      object.dump(-1, ' ', false, json::error_handler_t::replace);
  return fmt::format("{} {}\n", Checksum(text), text);
}

std::string LineOf(const char* kind, ServiceBefore before) {
  json object = {{"kind", kind}};
  if (before == ServiceBefore::kStopped) object["service"] = kStopped;
  return Line(object);
}

json LedgerJson(const Ledger& ledger) {
  json releases = json::array();
  for (const LedgerEntry& entry : ledger.entries()) {
    // Each record repeats the ledger, and an initializer list would copy each
    // value twice.
    json item = json::object();
    item["version"] = entry.version.name();
    item["state"] = StateName(entry.state);
    item["transaction"] = entry.transaction;
    item["since"] = entry.since;
    item["by"] = entry.by;
    item["bytes"] = entry.bytes;
    if (!entry.reason.empty()) item["reason"] = entry.reason;
    if (entry.pinned) item["pinned"] = true;
    if (!entry.evidence.empty()) item["evidence"] = entry.evidence;
    if (!entry.restart_of.empty()) item["restart_of"] = entry.restart_of;
    if (entry.irreversible) item["irreversible"] = true;
    if (!entry.rollout.empty()) item["rollout"] = entry.rollout;
    releases.push_back(std::move(item));
  }
  json line = json::array();
  for (const Version& version : ledger.activation_order())
    line.push_back(version.name());
  json object = {{"releases", std::move(releases)}, {"line", std::move(line)}};
  for (const auto& [key, use] : ledger.serials()) {
    object["serials"][key] = {{"serial", use.serial}, {"sha256", use.sha256}};
  }
  return object;
}

// Skips versions that cannot be parsed, and takes a state that a later version
// added for kUnknown. Throws json::exception if a key is missing or has the
// wrong type; then the whole line counts as damaged.
Ledger LedgerOf(const json& object) {
  Ledger ledger;
  for (const json& item : object.at("releases")) {
    const auto version = Version::Parse(item.at("version").get<std::string>());
    const auto state = ParseStateName(item.at("state").get<std::string>());
    if (!version) continue;
    ledger.Restore({.version = *version,
                    .state = state.value_or(ReleaseState::kUnknown),
                    .transaction = item.value("transaction", std::uint64_t{0}),
                    .since = item.value("since", std::int64_t{0}),
                    .by = item.value("by", ""),
                    .reason = item.value("reason", ""),
                    .pinned = item.value("pinned", false),
                    .bytes = item.value("bytes", std::uint64_t{0}),
                    .evidence = item.value("evidence", ""),
                    .restart_of = item.value("restart_of", ""),
                    .irreversible = item.value("irreversible", false),
                    .rollout = item.value("rollout", "")});
  }
  for (const json& name : object.at("line")) {
    if (auto version = Version::Parse(name.get<std::string>())) {
      ledger.RestoreActivation(*version);
    }
  }
  const json serials = object.value("serials", json::object());
  for (const auto& [key, use] : serials.items()) {
    ledger.UseSerial(key, {.serial = use.at("serial").get<std::uint64_t>(),
                           .sha256 = use.at("sha256").get<std::string>()});
  }
  return ledger;
}

BeginRecord BeginOf(const json& object) {
  BeginRecord begin;
  begin.command = ParseCommandName(object.at("command").get<std::string>());
  begin.app = object.value("app", "");
  begin.at = object.value("at", std::int64_t{0});
  begin.creates = object.value("creates", false);
  begin.takes_over = object.value("takes_over", false);
  begin.reason = object.value("reason", "");
  begin.source = object.value("source", "");
  begin.restart_of = object.value("restart_of", "");
  begin.rollout = object.value("rollout", "");
  if (object.contains("from")) {
    // The target is escaped, because an undo must restore it byte for byte and
    // JSON cannot hold bytes that are not UTF-8.
    std::string target;
    if (Unescape(object.at("from").get<std::string>(), &target)) {
      begin.from_target = target;
    }
  }
  if (object.contains("to")) {
    begin.to = Version::Parse(object.at("to").get<std::string>());
  }
  const json by = object.value("by", json::object());
  begin.caller = {.user = by.value("user", ""),
                  .host = by.value("host", ""),
                  .ssh_client = by.value("client", ""),
                  .pid = by.value("pid", 0),
                  .command = by.value("command", "")};
  return begin;
}

// The ledger is left out.
EndRecord EndOf(const json& object, bool committed) {
  EndRecord end;
  end.committed = committed;
  end.exit = static_cast<Exit>(object.value("exit", 0));
  end.result = ParseResultName(object.value("result", ""));
  end.code = object.value("code", "");
  end.message = object.value("message", "");
  end.at = object.value("at", std::int64_t{0});
  end.recovered = object.value("recovered", false);
  end.facts = object.value("facts", std::map<std::string, std::string>{});
  return end;
}

StepRecord StepOf(const json& object) {
  return {.name = object.at("name").get<std::string>(),
          .seconds = object.value("seconds", 0.0),
          .detail = object.value("detail", "")};
}

void AddObject(const json& object, TransactionRecord* record) {
  const std::string kind = object.at("kind").get<std::string>();
  if (kind == "begin") {
    record->begin = BeginOf(object);
  } else if (kind == kStarting || kind == kSwitching) {
    (kind == kStarting ? record->starting : record->switching) = true;
    if (object.value("service", "") == kStopped) {
      record->service_before = ServiceBefore::kStopped;
    }
  } else if (kind == kCommitted || kind == kUndone) {
    EndRecord end = EndOf(object, kind == kCommitted);
    end.ledger = LedgerOf(object.at("ledger"));
    record->end = std::move(end);
  } else if (kind == kStepBegun) {
    record->current_step = object.at("name").get<std::string>();
    record->step_until = object.value("until", std::int64_t{0});
  } else if (kind == kUndoStepBegun) {
    record->undo_step = object.at("name").get<std::string>();
    record->step_until = object.value("until", std::int64_t{0});
  } else if (kind == kStep) {
    record->steps.push_back(StepOf(object));
  } else if (kind == kUndoStep) {
    record->undo_steps.push_back(StepOf(object));
  } else if (kind == "tree") {
    record->tree = object.at("inode").get<std::uint64_t>();
  } else if (kind == "note") {
    record->notes.push_back(object.at("text").get<std::string>());
  }
  // Ignore an unknown kind: a later version added it, and it is not damage.
}

json BeginJson(std::uint64_t number, const BeginRecord& begin) {
  json object = {{"kind", "begin"},
                 {"format", kFormat},
                 {"transaction", number},
                 {"command", CommandName(begin.command)},
                 {"app", begin.app},
                 {"at", begin.at},
                 {"creates", begin.creates},
                 {"by",
                  {{"user", begin.caller.user},
                   {"host", begin.caller.host},
                   {"client", begin.caller.ssh_client},
                   {"command", begin.caller.command},
                   {"pid", begin.caller.pid}}}};
  if (begin.from_target) object["from"] = Escaped(*begin.from_target);
  if (begin.to) object["to"] = begin.to->name();
  if (begin.takes_over) object["takes_over"] = true;
  if (!begin.reason.empty()) object["reason"] = begin.reason;
  if (!begin.source.empty()) object["source"] = begin.source;
  if (!begin.restart_of.empty()) object["restart_of"] = begin.restart_of;
  if (!begin.rollout.empty()) object["rollout"] = begin.rollout;
  return object;
}

// The ledger is left out.
json EndJson(const EndRecord& end) {
  json object = {{"kind", end.committed ? kCommitted : kUndone},
                 {"exit", static_cast<int>(end.exit)},
                 {"result", ResultName(end.result)},
                 {"at", end.at}};
  if (!end.code.empty()) object["code"] = end.code;
  if (!end.message.empty()) object["message"] = end.message;
  if (end.recovered) object["recovered"] = true;
  if (!end.facts.empty()) object["facts"] = end.facts;
  return object;
}

// Returns the text after the checksum, or nullopt if that does not match.
std::optional<std::string_view> CheckedText(std::string_view line) {
  if (line.size() < kChecksumDigits + 1 || line[kChecksumDigits] != ' ') {
    return std::nullopt;
  }
  const std::string_view text = line.substr(kChecksumDigits + 1);
  if (Checksum(text) != line.substr(0, kChecksumDigits)) return std::nullopt;
  return text;
}

}  // namespace

std::string BeginLine(std::uint64_t number, const BeginRecord& begin) {
  return Line(BeginJson(number, begin));
}

std::string StepBegunLine(const std::string& name, StepPhase phase,
                          std::int64_t until) {
  const bool undo = phase == StepPhase::kUndo;
  json object = {{"kind", undo ? kUndoStepBegun : kStepBegun}, {"name", name}};
  if (until != 0) object["until"] = until;
  return Line(object);
}

std::string StepLine(const StepRecord& step, StepPhase phase) {
  const bool undo = phase == StepPhase::kUndo;
  json object = {{"kind", undo ? kUndoStep : kStep},
                 {"name", step.name},
                 {"seconds", step.seconds}};
  if (!step.detail.empty()) object["detail"] = step.detail;
  return Line(object);
}

std::string NoteLine(const std::string& text) {
  return Line({{"kind", "note"}, {"text", text}});
}

std::string TreeLine(std::uint64_t inode) {
  return Line({{"kind", "tree"}, {"inode", inode}});
}

std::string StartingLine(ServiceBefore before) {
  return LineOf(kStarting, before);
}

std::string SwitchingLine(ServiceBefore before) {
  return LineOf(kSwitching, before);
}

std::string EndLine(const EndRecord& end) {
  json object = EndJson(end);
  object["ledger"] = LedgerJson(end.ledger);
  return Line(object);
}

bool AddLine(std::string_view line, TransactionRecord* record) {
  const auto text = CheckedText(line);
  if (!text) return false;
  try {
    AddObject(json::parse(*text), record);
    return true;
  } catch (const json::exception&) {
    // The checksum matches, so the line is as it was written, by a version
    // whose format we cannot read.
    return false;
  }
}

std::string FoldedLine(const TransactionRecord& record) {
  json object = {{"transaction", record.number},
                 {"switched", record.switching}};
  if (record.begin) object["begin"] = BeginJson(record.number, *record.begin);
  if (record.end) object["end"] = EndJson(*record.end);
  return Line(object);
}

std::optional<TransactionRecord> ParseFoldedLine(std::string_view line) {
  const auto text = CheckedText(line);
  if (!text) return std::nullopt;
  try {
    const json object = json::parse(*text);
    TransactionRecord record;
    record.number = object.at("transaction").get<std::uint64_t>();
    record.switching = object.value("switched", false);
    if (object.contains("begin")) record.begin = BeginOf(object.at("begin"));
    if (object.contains("end")) {
      const json& end = object.at("end");
      record.end = EndOf(end, end.at("kind").get<std::string>() == kCommitted);
    }
    return record;
  } catch (const json::exception&) {
    return std::nullopt;
  }
}

}  // namespace release
