#include "cli/json.h"

#include <fmt/format.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/text.h"
#include "base/units.h"
#include "cli/record_words.h"
#include "cli/status_text.h"
#include "os/identity.h"

namespace release {
namespace {

using nlohmann::json;

json Nullable(const std::string& text) {
  return text.empty() ? json(nullptr) : json(text);
}

json NullableName(const std::optional<Version>& version) {
  return version ? json(version->name()) : json(nullptr);
}

json NullableTime(std::int64_t seconds) {
  return seconds == 0 ? json(nullptr) : json(FormatTime(seconds));
}

// The keys that every object has.
json Head(const JsonSubject& subject, CommandId command, int exit) {
  return {{"schema", 2},
          {"command", CommandName(command)},
          {"app", Nullable(subject.app)},
          {"root", Nullable(subject.root)},
          {"exit", exit}};
}

json FailureJson(const Failure& failure) {
  return {{"code", CodeName(failure.code)},
          {"message", FirstLine(failure.message)},
          {"detail", LaterLines(failure.message)},
          {"path", Nullable(failure.path)},
          {"expected", Nullable(failure.expected)},
          {"found", Nullable(failure.found)}};
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
                     {"before", Nullable(difference.before)},
                     {"after", Nullable(difference.after)}});
  }
  return array;
}

json EntryJson(const LedgerEntry& entry) {
  return {{"version", entry.version.name()},
          {"state", StateName(entry.state)},
          {"since", NullableTime(entry.since)},
          {"by", Nullable(entry.by)},
          {"reason", Nullable(FirstLine(entry.reason))},
          {"bytes", entry.bytes},
          {"pinned", entry.pinned},
          {"irreversible", entry.irreversible},
          {"evidence", Nullable(entry.evidence)},
          {"restart_of", Nullable(entry.restart_of)},
          {"rollout", Nullable(entry.rollout)},
          {"transaction",
           entry.transaction == 0 ? json(nullptr) : json(entry.transaction)}};
}

json WatchNoteJson(const WatchNote& note) {
  return {{"version", note.version.name()},
          {"transaction",
           note.transaction == 0 ? json(nullptr) : json(note.transaction)},
          {"state", WatchStateName(note.state)},
          {"looks", note.looks},
          {"done", note.done},
          {"bad", note.bad},
          {"text", Nullable(note.text)}};
}

json InstanceJson(const InstanceStatus& instance) {
  return {{"version", instance.version.name()},
          {"role", RoleName(instance.role)},
          {"running", instance.running},
          {"state", instance.state},
          {"pid", instance.pid == 0 ? json(nullptr) : json(instance.pid)},
          {"since", NullableTime(instance.since)},
          {"connections",
           instance.connections ? json(*instance.connections) : json(nullptr)}};
}

// The keys of a part that a damaged or open record lacks are null.
void AddBegin(const TransactionRecord& record, json* object) {
  const BeginRecord begin = record.begin.value_or(BeginRecord());
  object->update(
      {{"command", Nullable(std::string(CommandName(begin.command)))},
       {"at", NullableTime(begin.at)},
       {"by", Nullable(CallerName(begin.caller))},
       {"command_line", Nullable(begin.caller.command)},
       {"from", Nullable(FromWords(begin))},
       {"to", NullableName(begin.to)},
       {"reason", Nullable(begin.reason)},
       {"rollout", Nullable(begin.rollout)},
       {"source", Nullable(begin.source)}});
}

void AddEnd(const TransactionRecord& record, json* object) {
  const EndRecord end = record.end.value_or(EndRecord());
  const bool ended = record.end.has_value();
  object->update(
      {{"result", ResultName(ended ? end.result : Result::kOpen)},
       {"exit", ended ? json(static_cast<int>(end.exit)) : json(nullptr)},
       {"ended", NullableTime(end.at)},
       {"code", Nullable(end.code)},
       {"message", Nullable(FirstLine(end.message))},
       {"detail", LaterLines(end.message)},
       {"recovered", end.recovered},
       {"facts", end.facts},
       {"step", ended ? json(nullptr) : Nullable(record.current_step)},
       {"undo_step", ended ? json(nullptr) : Nullable(record.undo_step)},
       {"step_until",
        ended ? json(nullptr) : NullableTime(record.step_until)}});
}

json RecordJson(const TransactionRecord& record) {
  json object = {{"transaction", record.number},
                 {"steps", StepsJson(record.steps)},
                 {"undo_steps", StepsJson(record.undo_steps)},
                 {"notes", record.notes},
                 {"damaged", record.damaged},
                 {"switched", record.switching}};
  AddBegin(record, &object);
  AddEnd(record, &object);
  return object;
}

json NullableRecord(const std::optional<TransactionRecord>& record) {
  return record ? RecordJson(*record) : json(nullptr);
}

// In doubt counts as changed: nobody knows that it is not. An undo has changed
// nothing, unless the command only settles what an earlier one began.
bool MayHaveChanged(const Outcome& outcome) {
  const bool settled = outcome.command == CommandId::kRecover &&
                       outcome.result != Result::kNothing;
  return outcome.result == Result::kCommitted ||
         outcome.result == Result::kTold ||
         outcome.result == Result::kInDoubt || settled;
}

json OutcomeObject(const JsonSubject& subject, const Outcome& outcome) {
  json object = Head(subject, outcome.command, static_cast<int>(outcome.exit));
  object.update(
      {{"result", ResultName(outcome.result)},
       {"changed", MayHaveChanged(outcome)},
       {"transaction",
        outcome.transaction == 0 ? json(nullptr) : json(outcome.transaction)},
       {"version", NullableName(outcome.version)},
       {"previous", Nullable(outcome.previous)},
       {"live", Nullable(outcome.current)},
       {"warnings", outcome.warnings},
       {"steps", StepsJson(outcome.steps)},
       {"undo_steps", StepsJson(outcome.undo_steps)},
       {"error", outcome.error ? FailureJson(*outcome.error) : json(nullptr)}});
  return object;
}

json HealthJson(const StatusReport& report) {
  if (!report.probe) return nullptr;
  return {
      {"ok", !report.probe->problem},
      {"reason", Nullable(report.probe->problem.value_or(""))},
      {"seconds", std::chrono::duration<double>(report.probe->took).count()}};
}

json UnitJson(const std::optional<UnitStatus>& unit) {
  if (!unit) return nullptr;
  return {{"name", unit->name},
          {"running", unit->running},
          {"state", unit->state},
          {"since", NullableTime(unit->since)}};
}

json HolderJson(const std::optional<LockHolder>& holder) {
  if (!holder) return nullptr;
  return {{"by", CallerName(holder->caller)},
          {"pid", holder->caller.pid},
          {"since", NullableTime(holder->since)},
          {"command_line", holder->caller.command}};
}

json ProcessesJson(const std::vector<ProcessUse>& processes) {
  json array = json::array();
  for (const ProcessUse& use : processes) {
    array.push_back({{"pid", use.pid}, {"name", use.name}, {"path", use.path}});
  }
  return array;
}

json ListedJson(const ListedRelease& release) {
  json object = EntryJson(release.entry);
  object["live"] = release.live;
  object["rollback_target"] = release.rollback_target;
  object["pids"] = release.pids;
  object["instance"] =
      release.instance ? InstanceJson(*release.instance) : json(nullptr);
  return object;
}

json RecordsJson(const std::vector<TransactionRecord>& records) {
  json array = json::array();
  for (const TransactionRecord& record : records) {
    array.push_back(RecordJson(record));
  }
  return array;
}

json TakenObject(const JsonSubject& subject, const UploadResult& taken) {
  json object = OutcomeObject(subject, taken.outcome);
  object["upload"] = taken.upload;
  return object;
}

}  // namespace

// JSON allows DEL and U+0080 to U+009F in a string, and the library writes them
// as they are; a terminal may obey them.
std::string JsonText(const json& object) {
  const std::string dump =
      object.dump(-1, ' ', false, json::error_handler_t::replace);
  std::string text;
  text.reserve(dump.size());
  for (std::size_t i = 0; i < dump.size(); ++i) {
    const auto byte = static_cast<unsigned char>(dump[i]);
    const auto next = static_cast<unsigned char>(dump.c_str()[i + 1]);
    const bool two_bytes = byte == 0xC2 && next >= 0x80 && next <= 0x9F;
    if (two_bytes) ++i;
    if (two_bytes || byte == 0x7F) {
      text += fmt::format("\\u{:04x}", two_bytes ? next : byte);
    } else {
      text += dump[i];
    }
  }
  return text;
}

std::string OutcomeJson(const JsonSubject& subject, const Outcome& outcome) {
  return JsonText(OutcomeObject(subject, outcome));
}

std::string PlanJson(const JsonSubject& subject, CommandId command,
                     const std::vector<std::string>& steps) {
  json object = Head(subject, command, 0);
  object.update({{"changed", false}, {"dry_run", true}, {"plan", steps}});
  return JsonText(object);
}

std::string TakenJson(const JsonSubject& subject, const UploadResult& taken) {
  return JsonText(TakenObject(subject, taken));
}

std::string IntakeJson(const JsonSubject& subject,
                       const std::vector<UploadResult>& taken) {
  json uploads = json::array();
  bool changed = false;
  for (const UploadResult& each : taken) {
    uploads.push_back(TakenObject(subject, each));
    changed = changed || uploads.back().at("changed").get<bool>();
  }
  json object =
      Head(subject, CommandId::kIntake, static_cast<int>(GravestExit(taken)));
  object.update({{"changed", changed}, {"uploads", uploads}});
  return JsonText(object);
}

std::string WatchJson(const JsonSubject& subject, const WatchNote& note,
                      const std::vector<Signal>& signals, bool changed,
                      int exit) {
  json array = json::array();
  for (const Signal& each : signals) {
    array.push_back({{"name", each.name},
                     {"value", SignalValueName(each.value)},
                     {"text", each.text}});
  }
  json object = Head(subject, CommandId::kWatch, exit);
  object.update({{"changed", changed},
                 {"watch", WatchNoteJson(note)},
                 {"signals", array}});
  return JsonText(object);
}

std::string StatusJson(const JsonSubject& subject, const StatusReport& report,
                       int exit) {
  const DeploymentState& state = report.state;
  const LedgerEntry* entry =
      state.live ? state.ledger.Find(*state.live) : nullptr;
  json instances = json::array();
  for (const InstanceStatus& each : report.instances) {
    instances.push_back(InstanceJson(each));
  }
  json object = Head(subject, CommandId::kStatus, exit);
  object.update(
      {{"host", Nullable(report.host)},
       {"verdict", VerdictName(VerdictOf(report))},
       {"ok", report.well()},
       {"next", NextText(report)},
       {"live", NullableName(state.live)},
       {"live_since", NullableTime(report.live_since().value_or(0))},
       {"release", entry == nullptr ? json(nullptr) : EntryJson(*entry)},
       {"rollback_target", NullableName(report.rollback_target)},
       {"health", HealthJson(report)},
       {"unchanged", report.differences.empty()},
       {"differences", DifferencesJson(report.differences)},
       {"service", UnitJson(report.unit)},
       {"instances", instances},
       {"watch", report.watch ? WatchNoteJson(*report.watch) : json(nullptr)},
       {"old_processes", ProcessesJson(report.old_processes)},
       {"in_progress", HolderJson(report.holder)},
       {"open", NullableRecord(state.open)},
       {"interrupted", report.interrupted()},
       {"activation", NullableRecord(report.activation)},
       {"last", NullableRecord(state.last)},
       {"undelivered", report.undelivered},
       {"undelivered_reason", Nullable(report.undelivered_reason)},
       {"problems", state.problems}});
  return JsonText(object);
}

std::string ListJson(const JsonSubject& subject,
                     const std::vector<ListedRelease>& releases) {
  json array = json::array();
  for (const ListedRelease& release : releases) {
    array.push_back(ListedJson(release));
  }
  json object = Head(subject, CommandId::kList, 0);
  object["releases"] = array;
  return JsonText(object);
}

std::string ShowJson(const JsonSubject& subject, const ReleaseFacts& facts) {
  json object = Head(subject, CommandId::kShow, 0);
  object.update({{"release", ListedJson(facts.listed)},
                 {"entries", facts.entries},
                 {"unverified", Nullable(facts.unverified)},
                 {"differences", DifferencesJson(facts.differences)},
                 {"transactions", RecordsJson(facts.transactions)}});
  return JsonText(object);
}

std::string HistoryJson(const JsonSubject& subject, CommandId command,
                        const std::vector<TransactionRecord>& records) {
  json object = Head(subject, command, 0);
  object["transactions"] = RecordsJson(records);
  return JsonText(object);
}

std::string DrainJson(const JsonSubject& subject,
                      const std::vector<DrainedInstance>& drained) {
  json array = json::array();
  for (const DrainedInstance& each : drained) {
    array.push_back({{"version", each.version.name()}, {"cut", each.cut}});
  }
  json object = Head(subject, CommandId::kDrain, 0);
  object.update({{"changed", !drained.empty()}, {"stopped", array}});
  return JsonText(object);
}

std::string VerifyJson(const JsonSubject& subject,
                       const std::vector<VerifiedRelease>& releases) {
  json array = json::array();
  bool ok = true;
  for (const VerifiedRelease& release : releases) {
    ok = ok && release.ok();
    array.push_back({{"version", release.version},
                     {"ok", release.ok()},
                     {"error", Nullable(release.error)},
                     {"differences", DifferencesJson(release.differences)}});
  }
  json object = Head(subject, CommandId::kVerify,
                     ok ? 0 : static_cast<int>(Exit::kFoundWrong));
  object["releases"] = array;
  return JsonText(object);
}

std::string NotifyJson(const JsonSubject& subject,
                       const std::vector<Delivery>& deliveries) {
  json array = json::array();
  bool ok = true;
  bool changed = false;
  for (const Delivery& delivery : deliveries) {
    ok = ok && !delivery.reason;
    changed = changed || !delivery.reason;
    array.push_back({{"transaction", delivery.entry.transaction},
                     {"channel", delivery.entry.channel},
                     {"id", Nullable(delivery.id)},
                     {"delivered", !delivery.reason && !delivery.dropped},
                     {"dropped", delivery.dropped},
                     {"reason", Nullable(delivery.reason.value_or(""))}});
  }
  json object = Head(subject, CommandId::kNotify,
                     ok ? 0 : static_cast<int>(Exit::kFailed));
  const Failure failure{.code = ErrorCode::kNoticeUndelivered,
                        .message = "cannot deliver every notice"};
  object.update({{"changed", changed},
                 {"notices", array},
                 {"error", ok ? json(nullptr) : FailureJson(failure)}});
  return JsonText(object);
}

std::string LevelName(Finding::Level level) {
  constexpr const char* kNames[] = {"ok", "warn", "fail"};
  return kNames[static_cast<int>(level)];
}

std::string CheckJson(const JsonSubject& subject,
                      const std::vector<Finding>& findings) {
  json array = json::array();
  bool ok = true;
  for (const Finding& finding : findings) {
    ok = ok && finding.level != Finding::Level::kFailure;
    array.push_back({{"level", LevelName(finding.level)},
                     {"what", finding.what},
                     {"message", finding.words}});
  }
  json object = Head(subject, CommandId::kCheck,
                     ok ? 0 : static_cast<int>(Exit::kFoundWrong));
  object["findings"] = array;
  return JsonText(object);
}

std::string DropInsJson(const JsonSubject& subject,
                        const std::vector<DropIn>& drop_ins) {
  json array = json::array();
  for (const DropIn& drop_in : drop_ins) {
    array.push_back({{"path", drop_in.path}, {"text", drop_in.text}});
  }
  json object = Head(subject, CommandId::kCheck, 0);
  object["drop_ins"] = array;
  return JsonText(object);
}

std::string DiffJson(const JsonSubject& subject, const std::string& from,
                     const std::string& to,
                     const std::vector<ManifestDifference>& differences) {
  json object = Head(subject, CommandId::kDiff, 0);
  object.update({{"from", from},
                 {"to", to},
                 {"differences", DifferencesJson(differences)}});
  return JsonText(object);
}

std::string ManifestJson(const JsonSubject& subject,
                         const ShownManifest& manifest) {
  json object = Head(subject, CommandId::kManifest, 0);
  object.update({{"changed", manifest.changed},
                 {"version", manifest.version},
                 {"digest", manifest.digest},
                 {"bytes", manifest.bytes},
                 {"entries", manifest.entries}});
  return JsonText(object);
}

std::string PackJson(const JsonSubject& subject, const PackedArchive& packed) {
  json object = Head(subject, CommandId::kPack, 0);
  object.update({{"file", packed.file},
                 {"sha256", packed.sha256},
                 {"manifest_sha256", packed.manifest_sha256},
                 {"bytes", packed.bytes},
                 {"entries", packed.entries},
                 {"version", Nullable(packed.version)}});
  return JsonText(object);
}

}  // namespace release
