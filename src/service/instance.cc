#include "service/instance.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "base/error.h"
#include "base/instance_names.h"
#include "base/text.h"
#include "base/units.h"
#include "os/cancellation.h"
#include "os/process_scan.h"
#include "service/health.h"
#include "service/running_check.h"

namespace release {
namespace {

constexpr Nanoseconds kPoll = std::chrono::milliseconds(50);

std::string WithMarks(std::string_view text, const Config& config,
                      const std::string& version, const std::string& socket) {
  const std::string directory =
      fmt::format("{}/releases/{}", config.root, version);
  std::string out = WithMark(text, "{socket}", socket);
  out = WithMark(out, "{dir}", directory);
  return WithMark(out, "{version}", version);
}

// Returns the config of the service that consists of one instance. The body
// keeps its mark: BodyMatches compares a whole version.
Config ConfigOfInstance(const Config& config, const std::string& version,
                        ProofLength length) {
  Config own = config;
  const std::string socket = InstanceSocket(config.instances, version);
  own.service.unit = InstanceUnit(config.service.unit, version);
  own.health.url = WithMarks(config.health.url, config, version, socket);
  for (std::string& word : own.health.command) {
    word = WithMarks(word, config, version, socket);
  }
  if (length == ProofLength::kFirstAnswer) {
    own.health.min_healthy_time = Duration::zero();
  }
  return own;
}

// Returns the config of the service that the front reaches.
Config ConfigOfLive(const Config& config, const std::string& version) {
  Config live = config;
  const std::string socket = LiveSocket(config);
  live.health.url = WithMarks(config.health.url, config, version, socket);
  for (std::string& word : live.health.command) {
    word = WithMarks(word, config, version, socket);
  }
  return live;
}

Config ConfigOfTrial(const Config& config, const std::string& version) {
  Config own = config;
  own.service = ServiceConfig{.unit = InstanceUnit(config.trial.unit, version),
                              .timeout = config.service.timeout,
                              .running_check = config.service.running_check};
  own.health.tcp.clear();
  own.health.command.clear();
  own.health.url = WithMarks(config.trial.url, config, version, "");
  return own;
}

Unit MakeUnit(const std::string& name, const Config& config,
              const System& system, Waiter* waiter) {
  Unit unit(name, config.service.timeout, system.runner, waiter);
  unit.SetJournalStart(waiter->WallSeconds());
  return unit;
}

}  // namespace

Instance::Instance(const Config& config, const System& system,
                   const Version& version, ProofLength length)
    : shared_config_(config),
      config_(ConfigOfInstance(config, version.name(), length)),
      system_(system),
      version_(version.name()),
      socket_(InstanceSocket(config.instances, version.name())),
      live_socket_(LiveSocket(config)),
      length_(length),
      service_(&config_, system) {}

Instance::Instance(Trial, const Config& config, const System& system,
                   const Version& version)
    : shared_config_(config),
      config_(ConfigOfTrial(config, version.name())),
      system_(system),
      version_(version.name()),
      length_(ProofLength::kWhole),
      service_(&config_, system) {}

Instance Instance::TrialOf(const Config& config, const System& system,
                           const Version& version) {
  return Instance(Trial{}, config, system, version);
}

HookContext Instance::ContextFor(const HookContext& hook_context) const {
  HookContext own = hook_context;
  own.version = version_;
  own.socket = socket_;
  return own;
}

void Instance::RequirePrograms() { service_.RequirePrograms(); }

void Instance::Start(const HookContext& hook_context) {
  service_.Observe();
  if (!service_.WasStopped()) service_.Stop();
  // The remarks say that the unit was stopped, and that it is not enabled: both
  // are right for an instance.
  service_.Reload(ContextFor(hook_context));
}

void Instance::Watch(const UnitState& state) {
  service_.Observe(state);
  ran_before_ = true;
}

// The questions of Prove, each asked once.
bool Instance::AnswersAtOnce(const HookContext& own) {
  if (service_.ProbeOnce(own)) return false;
  const SocketPeer peer = system_.runner->PeerOf(socket_);
  if (peer.problem ||
      !GroupsContain(peer.control_groups, service_.ControlGroup())) {
    return false;
  }
  // A single process that uses the release is enough; usually it is the one
  // that listens. To look at all takes long on a busy host.
  const HostPath releases = own.Releases();
  const RunningVerdict listener =
      JudgeRunning(UsesOfProcess(peer.pid, releases), releases, version_);
  return listener.what == RunningVerdict::What::kNew ||
         !service_.UsesOtherRelease(own);
}

ProofRemarks Instance::Prove(const HookContext& hook_context) {
  const HookContext own = ContextFor(hook_context);
  answered_at_once_ =
      ran_before_ && length_ == ProofLength::kFirstAnswer && AnswersAtOnce(own);
  if (answered_at_once_) return {};
  if (!socket_.empty()) AwaitSocket();
  ProofRemarks remarks{.processes = service_.CheckRunning(own), .listener = {}};
  service_.CheckHealth(own);
  if (socket_.empty()) return remarks;
  remarks.listener = CheckPeer(socket_);
  return remarks;
}

// Before the socket is there, a probe could only say that it is not.
void Instance::AwaitSocket() {
  Waiter waiter(system_.clock);
  const Nanoseconds deadline =
      AddSaturated(waiter.Now(), config_.health.deadline);
  for (;;) {
    const SocketPeer peer = system_.runner->PeerOf(socket_);
    if (!peer.problem) return;
    service_.RequireAlive();
    if (waiter.Now() >= deadline) {
      throw Error(
          ErrorCode::kHealthDeadline,
          fmt::format("cannot confirm that {} is healthy: cannot connect to "
                      "its socket {} within {}: {}{}",
                      version_, Quoted(socket_),
                      FormatDuration(config_.health.deadline), *peer.problem,
                      service_.Journal()),
          socket_);
    }
    waiter.Pause(kPoll);
  }
}

// Returns a remark if the process that listens cannot be identified.
std::vector<std::string> Instance::CheckPeer(const std::string& socket) {
  const SocketPeer peer = system_.runner->PeerOf(socket);
  if (peer.problem) {
    throw Error(ErrorCode::kHealthLost,
                fmt::format("cannot confirm that {} serves: cannot connect to "
                            "{}: {}{}",
                            version_, Quoted(socket), *peer.problem,
                            service_.Journal()),
                socket);
  }
  if (GroupsContain(peer.control_groups, service_.ControlGroup())) return {};
  if (peer.pid > 1 && !peer.control_groups.empty()) {
    throw Error(
        ErrorCode::kPeerDiffers,
        fmt::format("cannot confirm that {} serves: process {}, which listens "
                    "on {}, does not belong to {}",
                    version_, peer.pid, Quoted(socket), unit()),
        socket, unit(), std::to_string(peer.pid));
  }
  const std::string words = fmt::format(
      "which process serves on {} cannot be seen: {}", Quoted(socket),
      peer.pid == 1 ? "systemd listens on it for a socket unit"
                    : "the process that listens has ended or is hidden");
  if (config_.instances.peer_check == PeerCheck::kAuto) return {words};
  throw Error(ErrorCode::kPeerUnknown,
              fmt::format("cannot confirm that {} serves: {}", version_, words),
              socket);
}

void Instance::ProveLive(const HookContext& hook_context) {
  // The instance answered well a moment ago; only the way to it is new.
  const Reason problem =
      answered_at_once_
          ? std::nullopt
          : ProbeLive(shared_config_, system_, ContextFor(hook_context));
  // A probe that a signal cut off says nothing about the instance.
  if (problem) ThrowIfCancelled();
  if (problem) {
    throw Error(
        ErrorCode::kHealthLost,
        fmt::format("cannot confirm that {} is reached through {}: {}{}",
                    version_, Quoted(live_socket_), *problem,
                    service_.Journal()),
        live_socket_);
  }
  CheckPeer(live_socket_);
}

void Instance::Stop() { service_.Stop(); }

std::vector<ListedInstance> ListInstances(const Config& config,
                                          const System& system) {
  Waiter waiter(system.clock);
  const std::string& unit = config.service.unit;
  const std::string pattern =
      fmt::format("{}@*{}", TemplatePrefix(unit),
                  unit.substr(TemplatePrefix(unit).size() + 1));
  std::vector<ListedInstance> found;
  for (UnitState& state :
       MakeUnit(pattern, config, system, &waiter).ShowMatching()) {
    auto version = VersionOfInstance(unit, state.id);
    if (version) found.push_back({std::move(*version), std::move(state)});
  }
  std::sort(found.begin(), found.end(),
            [](const auto& a, const auto& b) { return a.version < b.version; });
  return found;
}

const UnitState* FindRunning(const std::vector<ListedInstance>& instances,
                             const Version& version) {
  for (const ListedInstance& each : instances) {
    if (each.version == version && each.state.running()) return &each.state;
  }
  return nullptr;
}

Reason ProbeLive(const Config& config, const System& system,
                 const HookContext& hook_context) {
  if (!config.instances.configured) {
    return Service(&config, system).ProbeOnce(hook_context);
  }
  const Config live = ConfigOfLive(config, hook_context.version);
  HookContext own = hook_context;
  own.socket = LiveSocket(config);
  if (live.health.configured()) return Service(&live, system).ProbeOnce(own);
  const Reason problem = system.runner->PeerOf(own.socket).problem;
  if (!problem) return std::nullopt;
  return fmt::format("cannot connect to {}: {}", Quoted(own.socket), *problem);
}

void ProbeFront(const Config& config, const System& system) {
  HealthConfig front;
  front.url = config.instances.front_url;
  if (front.url.empty()) return;
  front.status_low = config.health.status_low;
  front.status_high = config.health.status_high;
  front.timeout = config.health.timeout;
  Waiter waiter(system.clock);
  Reason problem = Probe(front, system, {}, front.timeout);
  // A front that is just being reloaded may give one bad answer.
  if (problem) {
    waiter.Pause(kPoll);
    problem = Probe(front, system, {}, front.timeout);
  }
  if (!problem) return;
  ThrowIfCancelled();
  throw Error(ErrorCode::kFrontFailed,
              fmt::format("cannot confirm that users reach the release: {} "
                          "through the front: {}",
                          front.url, *problem),
              front.url);
}

void RestartUnits(const Config& config, const System& system) {
  Waiter waiter(system.clock);
  for (const std::string& name : config.instances.restart) {
    std::vector<std::string> ignored;
    MakeUnit(name, config, system, &waiter)
        .Reload(ServiceAction::kRestart, &ignored);
  }
}

void StopUnits(const Config& config, const System& system) {
  Waiter waiter(system.clock);
  for (const std::string& name : config.instances.restart) {
    MakeUnit(name, config, system, &waiter).Stop();
  }
}

bool RetireReplacedUnit(const Config& config, const System& system) {
  const std::string& name = config.instances.replaces;
  if (name.empty()) return false;
  Waiter waiter(system.clock);
  Unit unit = MakeUnit(name, config, system, &waiter);
  const std::vector<UnitState> states = unit.ShowMatching();
  if (states.empty() || states.front().load != "loaded") return false;
  const bool enabled = states.front().file_state == "enabled";
  const bool stopped = states.front().stopped();
  if (!stopped) unit.Stop();
  if (enabled) unit.Disable();
  return enabled || !stopped;
}

}  // namespace release
