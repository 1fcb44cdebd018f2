#include "service/service.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "base/units.h"
#include "os/cancellation.h"
#include "os/safe_command.h"
#include "os/startup.h"
#include "service/health.h"
#include "service/last_lines.h"
#include "service/pidfile.h"
#include "service/running_check.h"
#include "service/unit.h"
#include "service/waiter.h"

namespace release {
namespace {

// How long a pidfile's process is watched after the signal: as long as a unit
// is after its reload (kSettle in unit.cc).
constexpr Nanoseconds kSettle = std::chrono::milliseconds(300);

}  // namespace

struct Service::Impl {
  Impl(const Config* c, System d)
      : config(*c),
        system(d),
        waiter(d.clock),
        unit(c->service.unit, c->service.timeout, d.runner, &waiter),
        pidfile{c->service.pidfile.string(), c->root, d.runner} {}

  bool has_unit() const { return !config.service.unit.empty(); }
  bool has_pidfile() const { return !pidfile.path.empty(); }

  void ReloadUnit(std::vector<std::string>* remarks);
  void SignalPidfile(const HookContext& hook_context,
                     std::vector<std::string>* remarks);
  void RunReloadCommand(const HookContext& hook_context);
  void WatchPidfile();
  bool ChecksRunning() const;
  void Watch();
  ServiceProcesses Processes();
  Reason WhyNotFound(const Argv& argv) const;
  std::string RemedyForOld() const;

  const Config& config;
  System system;
  Waiter waiter;
  Unit unit;
  const Pidfile pidfile;
  std::optional<UnitState> baseline;  // the run of the unit that must go on
  int pid = 0;                        // the pidfile's process; 0: not watched
};

void Service::Impl::ReloadUnit(std::vector<std::string>* remarks) {
  baseline = unit.Reload(config.service.action, remarks);
}

// Before the first release the service cannot have run, so there is nothing to
// signal.
void Service::Impl::SignalPidfile(const HookContext& hook_context,
                                  std::vector<std::string>* remarks) {
  const std::string& path = pidfile.path;
  const auto signal = SignalNumber(config.service.signal);
  if (!signal) {
    throw Error(ErrorCode::kReloadFailed,
                "cannot signal the service: unknown signal " +
                    Quoted(config.service.signal));
  }
  pid = pidfile.ReadPid();
  if (pid == 0 && hook_context.previous.empty()) {
    remarks->push_back(
        fmt::format("the service does not run, there is no {}: start it now",
                    Printable(path)));
    return;
  }
  if (pid == 0 || !system.runner->Signal(pid, *signal)) {
    throw Error(
        ErrorCode::kReloadFailed,
        fmt::format("cannot signal the service: {}",
                    pid == 0 ? Quoted(path) + " does not exist"
                             : fmt::format("there is no process {}", pid)),
        path);
  }
  // A process that dies of the signal, for lack of a handler, is gone by then.
  waiter.Pause(kSettle);
  WatchPidfile();
}

void Service::Impl::RunReloadCommand(const HookContext& hook_context) {
  const Argv& argv = config.service.command;
  Command command;
  command.argv = argv;
  command.env = hook_context.Environment();
  command.directory = hook_context.Directory().string();
  command.timeout = config.service.timeout;
  RequireSafeForRoot("[service] command", command, hook_context.Releases());
  const CommandResult result = system.runner->Run(command);
  if (result.ok()) return;
  const bool timed_out = result.end == CommandResult::End::kTimedOut;
  // A signal that asks for a stop also ends the command; report it as such.
  if (!timed_out) ThrowIfCancelled();
  throw Error(
      timed_out ? ErrorCode::kReloadTimeout : ErrorCode::kReloadFailed,
      fmt::format(
          "cannot reload the service by {}: {}{}", Quoted(argv[0]),
          timed_out ? "no end within " + FormatDuration(config.service.timeout)
                    : result.Describe(),
          LastLines(result.output, 10)),
      argv[0]);
}

// Throws Error kServiceDied if the pidfile's process has ended. A server may
// replace itself: it writes its new pid into the file before the old process
// ends, so then the new process is watched from here on.
void Service::Impl::WatchPidfile() {
  if (pid == 0 || system.runner->Signal(pid, 0)) return;
  const int now = pidfile.ReadPid();
  if (now != 0 && now != pid && system.runner->Signal(now, 0)) {
    pid = now;
    return;
  }
  throw Error(ErrorCode::kServiceDied,
              fmt::format("cannot keep the service running: its process {} "
                          "has ended",
                          pid),
              pidfile.path);
}

bool Service::Impl::ChecksRunning() const {
  return config.service.configured() &&
         config.service.action != ServiceAction::kNone &&
         config.service.running_check != RunningCheck::kOff;
}

// A unit that did not run before the transaction and was not started by it is
// not watched: it cannot have died of the new release.
void Service::Impl::Watch() {
  if (has_pidfile()) WatchPidfile();
  if (baseline && baseline->running()) unit.Watch(*baseline);
}

// The pidfile is read again each time, because the service may have replaced
// its process.
ServiceProcesses Service::Impl::Processes() {
  using Kind = ServiceProcesses::Kind;
  if (has_unit()) {
    const UnitState now =
        baseline && baseline->running() ? unit.Watch(*baseline) : unit.Show();
    return {Kind::kControlGroup, now.control_group, 0};
  }
  Watch();
  if (has_pidfile()) {
    const int now = pidfile.ReadPid();
    return {Kind::kTree, "", now != 0 ? now : pid};
  }
  return {};
}

// A relative path starts at a release, which may not be there yet.
Reason Service::Impl::WhyNotFound(const Argv& argv) const {
  if (argv.empty()) return std::nullopt;
  const std::string& program = argv[0];
  const bool relative =
      !program.starts_with('/') && program.find('/') != program.npos;
  // The root has no symbolic links, unlike the program's path.
  if (relative || IsWithin(program, config.root) ||
      IsWithin(RealPath(NearestExisting(program)), config.root) ||
      system.runner->Finds(program)) {
    return std::nullopt;
  }
  return fmt::format("there is no program {}", Quoted(program));
}

// For a unit that was reloaded, and whose processes run the old release.
std::string Service::Impl::RemedyForOld() const {
  const ServiceAction action = config.service.action;
  const bool reloaded =
      has_unit() &&
      (action == ServiceAction::kReload ||
       (action == ServiceAction::kAuto && baseline && baseline->can_reload));
  return reloaded ? "\nif a reload keeps its directory, set action = "
                    "\"restart\" in [service]"
                  : "";
}

Service::Service(const Config* config, System system)
    : impl_(std::make_unique<Impl>(config, system)) {}

Service::~Service() = default;

void Service::Observe() {
  impl_->unit.SetJournalStart(impl_->waiter.WallSeconds());
  if (impl_->has_unit()) impl_->baseline = impl_->unit.Show();
  if (!impl_->has_pidfile()) return;
  // Refuses a bad pidfile while nothing has changed. With any other action
  // Reload reads it again and signals that process.
  const int pid = impl_->pidfile.ReadPid();
  if (impl_->config.service.action == ServiceAction::kNone) impl_->pid = pid;
}

void Service::Observe(const UnitState& state) {
  impl_->unit.SetJournalStart(impl_->waiter.WallSeconds());
  impl_->baseline = state;
}

void Service::RequirePrograms() {
  const Config& config = impl_->config;
  const auto require = [](const std::string& what, const Reason& missing) {
    if (!missing) return;
    throw Error(ErrorCode::kProgramMissing,
                fmt::format("cannot {}: {}", what, *missing));
  };
  if (!config.health.url.empty()) {
    require("probe " + config.health.url, impl_->system.http->WhyUnusable());
  }
  require("run [healthcheck] command",
          impl_->WhyNotFound(config.health.command));
  if (config.service.action == ServiceAction::kNone) return;
  require("run [service] command", impl_->WhyNotFound(config.service.command));
}

bool Service::WasStopped() const {
  const auto& before = impl_->baseline;
  return before && !before->oneshot() && before->stopped();
}

void Service::Stop() {
  if (impl_->has_unit()) impl_->unit.Stop();
}

std::vector<std::string> Service::Reload(const HookContext& hook_context) {
  std::vector<std::string> remarks;
  const ServiceConfig& service = impl_->config.service;
  if (service.action == ServiceAction::kNone) return remarks;
  if (impl_->has_unit()) impl_->ReloadUnit(&remarks);
  if (impl_->has_pidfile()) impl_->SignalPidfile(hook_context, &remarks);
  if (!service.command.empty()) impl_->RunReloadCommand(hook_context);
  return remarks;
}

std::vector<std::string> Service::CheckRunning(
    const HookContext& hook_context,
    const std::function<void(const std::string&)>& say) {
  if (!impl_->ChecksRunning()) return {};
  const auto remark = CheckRunsRelease(
      hook_context.Releases(), hook_context.version,
      {impl_->config.service.timeout, say, impl_->RemedyForOld()},
      [this] { return impl_->Processes(); }, impl_->system.runner,
      &impl_->waiter);
  if (!remark) return {};
  return {*remark};
}

void Service::CheckHealth(const HookContext& hook_context) {
  const Config& config = impl_->config;
  // Without a probe, a unit or pidfile can still be watched; a reload command
  // alone leaves nothing to look at.
  const bool watched = impl_->has_unit() || impl_->has_pidfile();
  if (!config.health.configured() && !watched) return;
  HealthWatch watch;
  watch.alive = [this] { impl_->Watch(); };
  if (impl_->has_unit()) {
    watch.journal = [this] { return impl_->unit.Journal(); };
  }
  AwaitHealthy(config.health, impl_->system, hook_context, watch,
               &impl_->waiter);
}

void Service::RequireAlive() { impl_->Watch(); }

std::string Service::Journal() {
  return impl_->has_unit() ? impl_->unit.Journal() : "";
}

// systemd derives it from the unit's name and slice, so a run cannot change it.
std::string Service::ControlGroup() {
  if (!impl_->has_unit()) return "";
  const auto& known = impl_->baseline;
  if (known && !known->control_group.empty()) return known->control_group;
  return impl_->unit.Show().control_group;
}

bool Service::UsesOtherRelease(const HookContext& hook_context) {
  if (!impl_->ChecksRunning()) return false;
  const HostPath releases = hook_context.Releases();
  const ServiceProcesses processes = {ServiceProcesses::Kind::kControlGroup,
                                      ControlGroup(), 0};
  return JudgeRunning(
             UsesOf(processes, impl_->system.runner->UsersOf(releases)),
             releases, hook_context.version)
             .what == RunningVerdict::What::kOld;
}

bool Service::MachineGoesDown() {
  return impl_->has_unit() && impl_->unit.MachineGoesDown();
}

Reason Service::ProbeOnce(const HookContext& hook_context) {
  const HealthConfig& health = impl_->config.health;
  const auto unsafe = FindUnsafeFile(ProbeCommand(health, hook_context),
                                     hook_context.Releases());
  if (unsafe) {
    return fmt::format("cannot run the probe as root, because of {}: {}",
                       Printable(unsafe->path), unsafe->reason);
  }
  return Probe(health, impl_->system, hook_context, health.timeout);
}

}  // namespace release
