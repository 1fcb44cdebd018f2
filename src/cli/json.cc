#include "cli/json.h"

#include <nlohmann/json.hpp>

#include "base/units.h"
#include "os/identity.h"

namespace release {
namespace {

using nlohmann::json;

json FailureJson(const Failure& failure) {
  json object = {{"code", CodeName(failure.code)},
                 {"message", failure.message}};
  if (!failure.path.empty()) object["path"] = failure.path;
  if (!failure.expected.empty()) object["expected"] = failure.expected;
  if (!failure.found.empty()) object["found"] = failure.found;
  return object;
}

json StepsJson(const std::vector<StepRecord>& steps) {
  json array = json::array();
  for (const StepRecord& step : steps) {
    array.push_back({{"name", step.name}, {"seconds", step.seconds}});
  }
  return array;
}

json DifferencesJson(const std::vector<ManifestDifference>& differences) {
  json array = json::array();
  for (const ManifestDifference& difference : differences) {
    array.push_back({{"what", DifferenceName(difference.what)},
                     {"path", difference.path},
                     {"before", difference.before},
                     {"after", difference.after}});
  }
  return array;
}

// Schema 1 has null, not "", for a value that does not exist.
json Nullable(const std::string& text) {
  return text.empty() ? json(nullptr) : json(text);
}

json EntryJson(const LedgerEntry& entry) {
  return {{"version", entry.version.name()},
          {"state", StateName(entry.state)},
          {"since",
           entry.since == 0 ? json(nullptr) : json(FormatTime(entry.since))},
          {"by", entry.by},
          {"reason", entry.reason},
          {"bytes", entry.bytes},
          {"pinned", entry.pinned},
          {"evidence", entry.evidence},
          {"transaction", entry.transaction}};
}

json InstanceJson(const InstanceStatus& instance) {
  return {{"version", instance.version.name()},
          {"role", RoleName(instance.role)},
          {"running", instance.running},
          {"state", instance.state},
          {"pid", instance.pid == 0 ? json(nullptr) : json(instance.pid)},
          {"since", instance.since == 0 ? json(nullptr)
                                        : json(FormatTime(instance.since))},
          {"connections",
           instance.connections ? json(*instance.connections) : json(nullptr)}};
}

// A damaged record may lack its beginning; the keys that come from it are then
// left out.
json RecordJson(const TransactionRecord& record) {
  json object = {{"transaction", record.number},
                 {"steps", StepsJson(record.steps)},
                 {"undo_steps", StepsJson(record.undo_steps)},
                 {"notes", record.notes},
                 {"damaged", record.damaged},
                 {"switched", record.switching}};
  if (record.begin) {
    const BeginRecord& begin = *record.begin;
    object["command"] = CommandName(begin.command);
    object["at"] = FormatTime(begin.at);
    object["by"] = CallerName(begin.caller);
    object["command_line"] = begin.caller.command;
    object["from"] =
        begin.from_target ? json(*begin.from_target) : json(nullptr);
    object["to"] = begin.to ? json(begin.to->name()) : json(nullptr);
    object["reason"] = begin.reason;
    object["source"] = begin.source;
  }
  if (!record.end) {
    object["result"] = ResultName(Result::kOpen);
    object["step"] = record.current_step;
    object["undo_step"] = record.undo_step;
    return object;
  }
  object["result"] = ResultName(record.end->result);
  object["exit"] = static_cast<int>(record.end->exit);
  object["ended"] = FormatTime(record.end->at);
  object["code"] = Nullable(record.end->code);
  object["message"] = Nullable(record.end->message);
  object["recovered"] = record.end->recovered;
  object["facts"] = record.end->facts;
  return object;
}

json OutcomeObject(const Outcome& outcome) {
  json object = {
      {"schema", 1},
      {"command", CommandName(outcome.command)},
      {"result", ResultName(outcome.result)},
      {"exit", static_cast<int>(outcome.exit)},
      {"transaction",
       outcome.transaction == 0 ? json(nullptr) : json(outcome.transaction)},
      {"version",
       outcome.version ? json(outcome.version->name()) : json(nullptr)},
      {"previous", Nullable(outcome.previous)},
      {"current", Nullable(outcome.current)},
      {"warnings", outcome.warnings},
      {"steps", StepsJson(outcome.steps)},
      {"undo_steps", StepsJson(outcome.undo_steps)}};
  if (outcome.error) object["error"] = FailureJson(*outcome.error);
  return object;
}

json TakenObject(const UploadResult& taken) {
  json object = OutcomeObject(taken.outcome);
  object["upload"] = taken.upload;
  return object;
}

}  // namespace

std::string JsonText(const json& object) {
  return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string OutcomeJson(const Outcome& outcome) {
  return JsonText(OutcomeObject(outcome));
}

std::string TakenJson(const UploadResult& taken) {
  return JsonText(TakenObject(taken));
}

std::string IntakeJson(const std::vector<UploadResult>& taken) {
  json uploads = json::array();
  for (const UploadResult& each : taken) uploads.push_back(TakenObject(each));
  return JsonText({{"schema", 1},
                   {"command", "intake"},
                   {"exit", static_cast<int>(GravestExit(taken))},
                   {"uploads", uploads}});
}

std::string StatusJson(const StatusReport& report) {
  const DeploymentState& state = report.state;
  json object = {
      {"schema", 1},
      {"command", "status"},
      {"current", Nullable(state.CurrentName())},
      {"live", state.live ? json(state.live->name()) : json(nullptr)},
      {"rollback_target", report.rollback_target
                              ? json(report.rollback_target->name())
                              : json(nullptr)},
      {"healthy", !report.unhealthy()},
      {"probe", report.unhealthy().value_or("")},
      {"as_shipped", report.differences.empty()},
      {"differences", DifferencesJson(report.differences)},
      {"undelivered", report.undelivered},
      {"undelivered_reason", Nullable(report.undelivered_reason)},
      {"interrupted", report.interrupted()},
      {"doubts", state.problems},
      {"well", report.well()}};
  if (const LedgerEntry* entry =
          state.live ? state.ledger.Find(*state.live) : nullptr) {
    object["release"] = EntryJson(*entry);
  }
  object["open"] = state.open ? RecordJson(*state.open) : json(nullptr);
  object["last"] = state.last ? RecordJson(*state.last) : json(nullptr);
  if (report.holder) {
    object["running"] = {{"by", CallerName(report.holder->caller)},
                         {"pid", report.holder->caller.pid},
                         {"since", FormatTime(report.holder->since)},
                         {"command_line", report.holder->caller.command}};
  }
  json instances = json::array();
  for (const InstanceStatus& each : report.instances) {
    instances.push_back(InstanceJson(each));
  }
  object["instances"] = instances;
  json strays = json::array();
  for (const ProcessUse& use : report.strays) {
    strays.push_back(
        {{"pid", use.pid}, {"name", use.name}, {"path", use.path}});
  }
  object["other_release_in_use"] = strays;
  return JsonText(object);
}

std::string ListJson(const std::vector<ListedRelease>& releases) {
  json array = json::array();
  for (const ListedRelease& release : releases) {
    json object = EntryJson(release.entry);
    object["live"] = release.live;
    object["rollback_target"] = release.rollback_target;
    object["pids"] = release.pids;
    object["instance"] =
        release.instance ? InstanceJson(*release.instance) : json(nullptr);
    array.push_back(std::move(object));
  }
  return JsonText({{"schema", 1}, {"command", "list"}, {"releases", array}});
}

std::string HistoryJson(const std::vector<TransactionRecord>& records) {
  json array = json::array();
  for (const TransactionRecord& record : records) {
    array.push_back(RecordJson(record));
  }
  return JsonText(
      {{"schema", 1}, {"command", "history"}, {"transactions", array}});
}

std::string DrainJson(const std::vector<DrainedInstance>& drained) {
  json array = json::array();
  for (const DrainedInstance& each : drained) {
    array.push_back({{"version", each.version.name()}, {"cut", each.cut}});
  }
  return JsonText(
      {{"schema", 1}, {"command", "drain"}, {"exit", 0}, {"stopped", array}});
}

std::string VerifyJson(const std::vector<VerifiedRelease>& releases) {
  json array = json::array();
  bool ok = true;
  for (const VerifiedRelease& release : releases) {
    ok = ok && release.ok();
    array.push_back({{"version", release.version},
                     {"ok", release.ok()},
                     {"error", Nullable(release.error)},
                     {"differences", DifferencesJson(release.differences)}});
  }
  return JsonText({{"schema", 1},
                   {"command", "verify"},
                   {"exit", ok ? 0 : static_cast<int>(Exit::kFoundWrong)},
                   {"releases", array}});
}

std::string NotifyJson(const std::vector<Delivery>& deliveries) {
  json array = json::array();
  bool ok = true;
  for (const Delivery& delivery : deliveries) {
    ok = ok && !delivery.reason;
    array.push_back({{"transaction", delivery.entry.transaction},
                     {"channel", delivery.entry.channel},
                     {"id", Nullable(delivery.id)},
                     {"delivered", !delivery.reason && !delivery.dropped},
                     {"dropped", delivery.dropped},
                     {"reason", Nullable(delivery.reason.value_or(""))}});
  }
  json object = {{"schema", 1},
                 {"command", "notify"},
                 {"exit", ok ? 0 : static_cast<int>(Exit::kFailed)},
                 {"notices", array}};
  if (!ok) {
    object["error"] = {{"code", CodeName(ErrorCode::kNoticeUndelivered)},
                       {"message", "cannot deliver every notice"}};
  }
  return JsonText(object);
}

std::string LevelName(Finding::Level level) {
  constexpr const char* kNames[] = {"ok", "warn", "fail"};
  return kNames[static_cast<int>(level)];
}

std::string CheckJson(const std::vector<Finding>& findings) {
  json array = json::array();
  bool ok = true;
  for (const Finding& finding : findings) {
    ok = ok && finding.level != Finding::Level::kFailure;
    array.push_back({{"level", LevelName(finding.level)},
                     {"what", finding.what},
                     {"message", finding.words}});
  }
  return JsonText({{"schema", 1},
                   {"command", "check"},
                   {"exit", ok ? 0 : static_cast<int>(Exit::kFoundWrong)},
                   {"findings", array}});
}

std::string DropInsJson(const std::vector<DropIn>& drop_ins) {
  json array = json::array();
  for (const DropIn& drop_in : drop_ins) {
    array.push_back({{"path", drop_in.path}, {"text", drop_in.text}});
  }
  return JsonText({{"schema", 1}, {"command", "check"}, {"drop_ins", array}});
}

std::string DiffJson(const std::string& from, const std::string& to,
                     const std::vector<ManifestDifference>& differences) {
  return JsonText({{"schema", 1},
                   {"command", "diff"},
                   {"from", from},
                   {"to", to},
                   {"differences", DifferencesJson(differences)}});
}

}  // namespace release
