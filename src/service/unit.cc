#include "service/unit.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "base/units.h"
#include "os/cancellation.h"
#include "service/journal_sync.h"
#include "service/last_lines.h"

namespace release {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// The limit for one short systemctl or journalctl call. It does not shrink with
// the deadline: after a timeout the job must still be cancelled and reported.
constexpr Nanoseconds kAskTimeout = seconds(10);
constexpr Nanoseconds kPoll = milliseconds(50);
// How long a unit is watched after its job. A service that dies of the reload
// signal, or of a bad file it reads first, is gone by then; the health check
// catches a slower death.
constexpr Nanoseconds kSettle = milliseconds(300);
constexpr std::size_t kJournalLines = 10;

template <typename T = int>
T Number(std::string_view text) {
  T value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// Stores one property of `systemctl show`.
void TakeProperty(std::string_view key, std::string_view value, UnitState* s) {
  if (key == "Id") s->id = value;
  if (key == "LoadState") s->load = value;
  if (key == "UnitFileState") s->file_state = value;
  if (key == "ActiveState") s->active = value;
  if (key == "SubState") s->sub = value;
  if (key == "Type") s->type = value;
  if (key == "Result") s->result = value;
  if (key == "ControlGroup") s->control_group = value;
  if (key == "InvocationID") s->invocation = value;
  if (key == "Job") s->job = value == "0" ? "" : value;
  if (key == "MainPID") s->main_pid = Number(value);
  if (key == "ExecMainStatus") s->main_status = Number(value);
  if (key == "NRestarts") s->restarts = Number(value);
  const auto time = [&] {
    return std::chrono::microseconds(Number<std::int64_t>(value));
  };
  if (key == "ActiveEnterTimestampMonotonic") s->active_since = time();
  if (key == "ActiveExitTimestampMonotonic") s->left_active = time();
  if (key == "ExecMainExitTimestampMonotonic") s->main_ended = time();
  if (key == "CanReload") s->can_reload = value == "yes";
}

// Shortens a line of the form that `journalctl --output=short-iso` writes,
// "2026-11-29T08:00:12+0000 web1 shop[812]: text", to "08:00:12 text". Returns
// any other line as it is, such as the second line of a text.
std::string TimeAndText(std::string_view line) {
  constexpr std::size_t kDate = 11;  // "2026-11-29T"
  constexpr std::size_t kTime = 8;   // "08:00:12"
  const std::size_t text = line.find("]: ");
  const bool whole = line.size() > kDate + kTime && line[kDate - 1] == 'T' &&
                     text != line.npos;
  if (!whole) return std::string(line);
  return fmt::format("{} {}", line.substr(kDate, kTime), line.substr(text + 3));
}

std::string TimesAndTexts(std::string_view journal) {
  std::string lines;
  while (!journal.empty()) {
    const std::size_t end = std::min(journal.find('\n'), journal.size());
    lines += TimeAndText(journal.substr(0, end)) + "\n";
    journal.remove_prefix(std::min(end + 1, journal.size()));
  }
  return lines;
}

// Turns entries round that stand newest first. The further lines of an entry
// are indented.
std::string OldestFirst(std::string_view journal) {
  std::string turned, entry;
  while (!journal.empty()) {
    const std::size_t end = std::min(journal.find('\n'), journal.size() - 1);
    if (!journal.starts_with(' ')) turned.insert(0, std::exchange(entry, ""));
    entry += journal.substr(0, end + 1);
    journal.remove_prefix(end + 1);
  }
  return entry + turned;
}

bool Reloading(const UnitState& state) {
  return state.active == "reloading" || state.active == "refreshing";
}

// Returns whether systemd reports a unit of this type as active only when the
// service has said that it is ready.
bool TellsReady(const UnitState& state) {
  return state.type == "notify" || state.type == "notify-reload" ||
         state.type == "dbus";
}

}  // namespace

bool UnitState::running() const {
  return active == "active" || Reloading(*this);
}

std::string UnitState::Describe() const {
  if (active == "failed" || sub == "auto-restart") {
    return fmt::format("{} ({}, status {})", active, result, main_status);
  }
  return fmt::format("{} ({})", active, sub);
}

std::string NotEnabled(const std::string& unit) {
  return fmt::format(
      "{} is not enabled: it will not start at boot; `systemctl "
      "enable {}`",
      unit, unit);
}

UnitState ParseUnitState(std::string_view properties) {
  UnitState state;
  while (!properties.empty()) {
    const std::size_t end = std::min(properties.find('\n'), properties.size());
    const std::string_view line = properties.substr(0, end);
    properties.remove_prefix(std::min(end + 1, properties.size()));
    const std::size_t equals = line.find('=');
    if (equals == line.npos) continue;
    TakeProperty(line.substr(0, equals), line.substr(equals + 1), &state);
  }
  return state;
}

Unit::Unit(std::string name, Duration timeout, Runner* runner, Waiter* waiter)
    : name_(std::move(name)),
      timeout_(timeout),
      runner_(runner),
      waiter_(waiter) {}

CommandResult Unit::Systemctl(const Argv& arguments, Nanoseconds timeout) {
  Command command;
  command.argv = {"systemctl", "--no-pager", "--no-ask-password"};
  command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
  command.env = {{"LC_ALL", "C"}, {"SYSTEMD_COLORS", "0"}};
  command.timeout = timeout;
  return runner_->Run(command);
}

// Tries several times: systemd does not answer while it re-executes itself.
CommandResult Unit::AskState(Match match) {
  constexpr int kTries = 3;
  CommandResult result;
  for (int i = 0; i < kTries; ++i) {
    if (i > 0) waiter_->Pause(milliseconds(200));
    result = Systemctl({"show",
                        "--property=Id,LoadState,ActiveState,SubState,Type,"
                        "Result,ControlGroup,InvocationID,Job,MainPID,"
                        "ExecMainStatus,NRestarts,CanReload,UnitFileState,"
                        "ActiveEnterTimestampMonotonic,"
                        "ActiveExitTimestampMonotonic,"
                        "ExecMainExitTimestampMonotonic",
                        "--", name_},
                       kAskTimeout);
    const bool any = result.output.find("LoadState=") != std::string::npos;
    if (result.ok() && (any || match == Match::kAny)) return result;
  }
  throw Error(ErrorCode::kReloadFailed,
              fmt::format("cannot ask systemd about {}: {}{}", Quoted(name_),
                          result.Describe(), LastLines(result.output, 5)),
              name_);
}

UnitState Unit::Show() {
  UnitState state = ParseUnitState(AskState(Match::kOne).output);
  if (state.load == "loaded" || state.running()) return state;
  throw Error(ErrorCode::kReloadFailed,
              fmt::format("cannot control {}: the unit is {}", Quoted(name_),
                          state.load),
              name_);
}

std::vector<UnitState> Unit::ShowMatching() {
  // systemctl separates units by an empty line.
  constexpr std::string_view kEnd = "\n\n";
  const CommandResult result = AskState(Match::kAny);
  std::vector<UnitState> states;
  std::string_view rest = result.output;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(kEnd), rest.size());
    UnitState state = ParseUnitState(rest.substr(0, end));
    if (!state.id.empty()) states.push_back(std::move(state));
    rest.remove_prefix(std::min(end + kEnd.size(), rest.size()));
  }
  return states;
}

UnitState Unit::Reload(ServiceAction action,
                       std::vector<std::string>* remarks) {
  const Nanoseconds deadline = AddSaturated(waiter_->Now(), timeout_);
  const UnitState before = Show();
  if (action == ServiceAction::kNone) return before;
  const std::string verb = Choose(action, before, remarks);
  // Reset the start counter: crashes of the release before must not use up the
  // start limit of this one.
  if (verb != "reload") Systemctl({"reset-failed", "--", name_}, kAskTimeout);
  RunJob(verb, before, deadline);
  return AwaitSettled(verb, before, deadline);
}

void Unit::Stop() {
  RunJob("stop", {}, AddSaturated(waiter_->Now(), timeout_));
  Systemctl({"reset-failed", "--", name_}, kAskTimeout);
}

Reason Unit::Queue(const std::string& verb) {
  const CommandResult result =
      Systemctl({verb, "--no-block", "--", name_}, kAskTimeout);
  if (result.ok()) return std::nullopt;
  return fmt::format("cannot {} {}: {}{}", verb, name_, result.Describe(),
                     LastLines(result.output, 5));
}

Reason Unit::StopLater() { return Queue("stop"); }

Reason Unit::StartLater() { return Queue("start"); }

Reason Unit::RestartLater() { return Queue("restart"); }

void Unit::Disable() {
  const CommandResult result = Systemctl({"disable", "--", name_}, kAskTimeout);
  if (result.ok()) return;
  Fail(ErrorCode::kReloadFailed, "disable",
       result.Describe() + LastLines(result.output, 5));
}

// Returns the verb for systemctl. A unit that does not run is started, whatever
// `action` says. In "activating" (e.g. between two crashes) or "deactivating",
// only a restart is sure to begin a new run.
std::string Unit::Choose(ServiceAction action, const UnitState& before,
                         std::vector<std::string>* remarks) const {
  if (!before.running() && !before.oneshot()) {
    remarks->push_back(fmt::format("{} was not running, it was {}; started",
                                   name_, before.Describe()));
    if (!before.starts_at_boot()) remarks->push_back(NotEnabled(name_));
    return before.active == "activating" || before.active == "deactivating"
               ? "restart"
               : "start";
  }
  if (action == ServiceAction::kReload) return "reload";
  if (action == ServiceAction::kRestart || !before.can_reload) return "restart";
  if (Reloading(before)) {
    remarks->push_back(
        fmt::format("an earlier reload of {} has not ended; restarted", name_));
    return "restart";
  }
  return "reload";
}

void Unit::RunJob(const std::string& verb, const UnitState& before,
                  Nanoseconds deadline) {
  const Nanoseconds left =
      std::max<Nanoseconds>(deadline - waiter_->Now(), milliseconds(1));
  const CommandResult result = Systemctl({verb, "--", name_}, left);
  if (result.ok()) return;
  if (result.end == CommandResult::End::kTimedOut) {
    CancelJob();
    Fail(ErrorCode::kReloadTimeout, verb,
         "no end within " + FormatDuration(timeout_));
  }
  ThrowIfCancelled();
  // If the service dies during a reload, it is chance whether systemd fails the
  // job or notices the death later. Report both as a death.
  if (verb == "reload" && before.running()) Watch(before);
  Fail(ErrorCode::kReloadFailed, verb,
       result.Describe() + LastLines(result.output, 5));
}

// Watches the unit after its job has ended. Success of the job alone does not
// prove much: a unit of type "simple" is active as soon as its process exists,
// and most reloads only send a signal. After a reload the run must be the one
// from before; after a start or restart, the one that the job began.
UnitState Unit::AwaitSettled(const std::string& verb, const UnitState& before,
                             Nanoseconds deadline) {
  const UnitState after = AwaitLeft(verb, deadline);
  if (after.oneshot()) return after;
  const UnitState& baseline = verb == "reload" ? before : after;
  if (!after.running()) Watch(baseline);
  const bool proven =
      verb == "reload" ? after.type == "notify-reload" : TellsReady(after);
  const Nanoseconds end = waiter_->Now() + (proven ? kPoll : kSettle);
  do {
    Watch(baseline);
    waiter_->Pause(kPoll);
  } while (waiter_->Now() < end);
  // A service may begin its reload only after systemctl has returned.
  UnitState settled = AwaitLeft(verb, deadline);
  Watch(baseline);
  return settled;
}

// Waits until the unit has left "reloading".
UnitState Unit::AwaitLeft(const std::string& verb, Nanoseconds deadline) {
  for (;;) {
    UnitState state = Show();
    if (!Reloading(state)) return state;
    if (waiter_->Now() >= deadline) {
      CancelJob();
      Fail(ErrorCode::kReloadTimeout, verb,
           "still reloading after " + FormatDuration(timeout_));
    }
    waiter_->Pause(kPoll);
  }
}

// The job must not go on: it would restart the service during or after the
// undo.
void Unit::CancelJob() {
  const UnitState state = Show();
  if (!state.job.empty()) Systemctl({"cancel", "--", state.job}, kAskTimeout);
}

// Old versions of systemd have no InvocationID; then the main process decides.
UnitState Unit::Watch(const UnitState& baseline) {
  UnitState now = Show();
  const bool same_run = now.invocation.empty() || baseline.invocation.empty()
                            ? now.main_pid == baseline.main_pid
                            : now.invocation == baseline.invocation;
  if (!now.running() && !now.oneshot()) {
    throw Error(ErrorCode::kServiceDied,
                fmt::format("cannot keep {} running: it is {}{}", name_,
                            now.Describe(), Journal()),
                name_);
  }
  if (now.restarts > baseline.restarts || !same_run) {
    throw Error(
        ErrorCode::kServiceRestarted,
        fmt::format("cannot keep {} running: its main process {} ended and it "
                    "was started again as {}{}",
                    name_, baseline.main_pid, now.main_pid, Journal()),
        name_);
  }
  return now;
}

bool Unit::MachineGoesDown() {
  // Ignore the exit status: it is also nonzero for a "degraded" system.
  return Systemctl({"is-system-running"}, kAskTimeout)
      .output.starts_with("stopping");
}

std::string Unit::Journal() {
  SyncJournal(runner_);
  Command command;
  // With --since, --lines takes the first lines, unless the order is reversed.
  command.argv = {"journalctl",        "--unit=" + name_,
                  "--reverse",         fmt::format("--lines={}", kJournalLines),
                  "--no-pager",        "--quiet",
                  "--output=short-iso"};
  if (since_ > 0) command.argv.push_back(fmt::format("--since=@{}", since_));
  command.env = {{"LC_ALL", "C"}, {"SYSTEMD_COLORS", "0"}};
  command.timeout = kAskTimeout;
  const CommandResult result = runner_->Run(command);
  if (!result.ok() || result.output.empty()) return "";
  const std::string lines = TimesAndTexts(OldestFirst(result.output));
  return fmt::format("\nlast journal lines of {}:{}", name_,
                     LastLines(lines, kJournalLines));
}

void Unit::Fail(ErrorCode code, const std::string& verb,
                const std::string& reason) {
  throw Error(code,
              fmt::format("cannot {} {}: {}{}", verb, name_, reason, Journal()),
              name_);
}

}  // namespace release
