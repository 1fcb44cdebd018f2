#include "deploy/drain.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "base/instance_names.h"
#include "base/units.h"
#include "deploy/attempt.h"
#include "deploy/locked_root.h"
#include "deploy/notices.h"
#include "os/cancellation.h"
#include "service/unit.h"
#include "service/waiter.h"
#include "store/instance_link.h"
#include "store/layout.h"
#include "store/warm.h"

namespace release {
namespace {

constexpr Nanoseconds kPoll = std::chrono::milliseconds(200);

Unit MakeUnit(DeployContext* context, const std::string& name, Waiter* waiter) {
  return Unit(name, context->config->service.timeout, context->system.runner,
              waiter);
}

// Whether the unit has anything to stop.
bool IsUp(const UnitState& state) {
  return !state.stopped() && state.active != "deactivating";
}

void KeepWarm(DeployContext* context, const std::optional<Version>& earlier) {
  const WatchConfig& watch = context->config->watch;
  Duration keep = context->config->instances.keep_warm;
  // As long as the watch may go back, going back starts nothing. Each look may
  // take longer than planned.
  if (watch.configured) {
    keep = std::max(keep, AddSaturated(watch.length, watch.bad * watch.every));
  }
  if (!earlier || keep == Duration::zero()) {
    ForgetWarm(context->fs);
    return;
  }
  Clock* clock = context->system.clock;
  WriteWarm(context->fs, {.version = *earlier,
                          .boot = clock->BootId(),
                          .until = AddSaturated(clock->SinceBoot(), keep)});
}

class DrainRun {
 public:
  DrainRun(DeployContext* context,
           const std::function<void(const DrainedInstance&)>& report)
      : context_(context), report_(report), waiter_(context->system.clock) {}

  void Run() {
    bool more = true;
    while (more) {
      more = LookUnderLock();
      // The look may have settled an interrupted transaction.
      TellNotices(context_);
      if (more) WaitForChange();
    }
  }

 private:
  // Stops what is due. Returns whether anything is left to wait for.
  bool LookUnderLock() {
    const LockedRoot root(context_);
    if (!root.recovered() || !root.state().live) return false;
    newest_ = root.state().last ? root.state().last->number : 0;
    const auto warm = ReadWarm(context_->fs, context_->system.clock);
    const auto warm_version =
        warm ? std::optional(warm->version) : std::nullopt;
    draining_.clear();
    for (const ListedInstance& instance :
         ListInstances(*context_->config, context_->system)) {
      const InstanceRole role =
          RoleOf(root.state(), warm_version, instance.version);
      if (role != InstanceRole::kDraining || !IsUp(instance.state)) continue;
      if (IsDue(instance)) {
        Stop(instance);
      } else {
        draining_.push_back(instance);
      }
    }
    warm_until_ = warm ? warm->until : Nanoseconds::max();
    seen_ = TransactionsChanged();
    return warm.has_value() || !draining_.empty();
  }

  // An unknown number of connections counts as some.
  std::optional<unsigned> Connections(const ListedInstance& instance) const {
    return context_->system.runner->CountConnections(
        instance.state.main_pid,
        InstanceSocket(context_->config->instances, instance.version.name()));
  }

  bool IsDue(const ListedInstance& instance) {
    const auto [begun, fresh] =
        since_.try_emplace(instance.version, waiter_.Now());
    const Nanoseconds end =
        AddSaturated(begun->second, context_->config->instances.drain);
    if (waiter_.Now() >= end || instance.state.main_pid == 0) return true;
    const auto connections = Connections(instance);
    return connections && *connections == 0;
  }

  // Adds a line to the newest record, which has ended. It is for people only.
  void Record(const Version& version, unsigned cut) const {
    if (cut == 0 || newest_ == 0) return;
    Attempt([&] {
      Journal::Reopen(context_->fs, newest_)
          .Note(fmt::format("stopped the instance of {} with {} open "
                            "connection{}",
                            version.name(), cut, cut == 1 ? "" : "s"));
    });
  }

  // systemd stops it by itself: a service that takes its time must not keep the
  // lock from a rollback.
  void Stop(const ListedInstance& instance) {
    const unsigned cut = Connections(instance).value_or(0);
    const std::string name =
        InstanceUnit(context_->config->service.unit, instance.version.name());
    if (const Reason problem = MakeUnit(context_, name, &waiter_).StopLater()) {
      throw Error(ErrorCode::kReloadFailed, *problem, name);
    }
    since_.erase(instance.version);
    Record(instance.version, cut);
    report_({.version = instance.version, .cut = cut});
  }

  // Changes whenever a transaction begins.
  std::int64_t TransactionsChanged() const {
    const auto info = context_->fs->Stat(Fs::kRoot, kTransactions);
    return info ? info->changed : 0;
  }

  // Waits without the lock, until a connection count, a transaction or the time
  // may have changed what is to be stopped.
  void WaitForChange() {
    do {
      waiter_.Pause(kPoll);
      if (TransactionsChanged() != seen_ ||
          std::any_of(draining_.begin(), draining_.end(),
                      [&](const auto& each) { return IsDue(each); })) {
        return;
      }
    } while (!draining_.empty() || waiter_.Now() < warm_until_);
  }

  DeployContext* context_;
  const std::function<void(const DrainedInstance&)>& report_;
  Waiter waiter_;
  std::map<Version, Nanoseconds> since_;  // when each began to drain
  std::vector<ListedInstance> draining_;
  Nanoseconds warm_until_{0};
  std::uint64_t newest_ = 0;  // the newest transaction's number
  std::int64_t seen_ = 0;     // TransactionsChanged at the last look
};

}  // namespace

std::string DrainUnit(const Config& config) {
  return fmt::format("release-drain@{}.service", config.app);
}

Reason ArmDrain(DeployContext* context) {
  if (!context->units_know_app) {
    return "the unit would read another configuration";
  }
  Waiter waiter(context->system.clock);
  return MakeUnit(context, DrainUnit(*context->config), &waiter).StartLater();
}

std::vector<std::string> LeaveEarlierInstance(
    DeployContext* context, const std::optional<Version>& earlier) {
  std::vector<std::string> warnings;
  const auto failure = Attempt([&] { KeepWarm(context, earlier); });
  if (failure) warnings.push_back(failure->message);
  const Config& config = *context->config;
  const auto retired = Attempt([&] {
    if (RetireReplacedUnit(config, context->system)) {
      warnings.push_back(
          fmt::format("{} is stopped and disabled: {} replaces it",
                      config.instances.replaces, config.service.unit));
    }
  });
  if (retired) warnings.push_back(retired->message);
  context->leaves_idle = true;
  return warnings;
}

std::string_view RoleName(InstanceRole role) {
  constexpr std::string_view kNames[] = {"live", "starting", "warm", "draining",
                                         "stray"};
  return kNames[static_cast<std::size_t>(role)];
}

InstanceRole RoleOf(const DeploymentState& state,
                    const std::optional<Version>& warm,
                    const Version& version) {
  if (state.live == version) return InstanceRole::kLive;
  if (state.open && state.open->begin->to == version) {
    return InstanceRole::kStarting;
  }
  // An open transaction may have to go back to the release that was live.
  const bool way_back =
      state.open &&
      VersionOfTarget(state.open->begin->from_target.value_or("")) == version;
  if (warm == version || way_back) return InstanceRole::kWarm;
  return state.ledger.Find(version) != nullptr ? InstanceRole::kDraining
                                               : InstanceRole::kStray;
}

void Drain(DeployContext* context,
           const std::function<void(const DrainedInstance&)>& report) {
  DrainRun(context, report).Run();
}

void DrainByUnit(DeployContext* context) {
  if (!ArmDrain(context)) return;
  context->wait = Nanoseconds::max();
  Drain(context, [](const auto&) {});
}

Outcome StartLive(DeployContext* context) {
  const Config& config = *context->config;
  if (config.service.unit.empty()) {
    throw Error(ErrorCode::kConfigInvalid,
                "cannot start the service: the configuration names no "
                "[service] unit");
  }
  const LockedRoot root(context);
  const auto& live = root.state().live;
  if (!live) {
    throw Error(ErrorCode::kNoSuchRelease,
                "cannot start the service: no release is live");
  }
  const bool instances = config.instances.configured;
  if (instances) EnsureInstanceLink(context->fs, config, *live);
  Waiter waiter(context->system.clock);
  Unit unit =
      MakeUnit(context,
               instances ? InstanceUnit(config.service.unit, live->name())
                         : config.service.unit,
               &waiter);
  Outcome outcome{.command = CommandId::kStart,
                  .result = Result::kUnchanged,
                  .version = live,
                  .previous = live->name(),
                  .current = live->name()};
  if (unit.Show().running()) return outcome;
  if (const Reason problem = unit.StartLater()) {
    throw Error(ErrorCode::kReloadFailed, *problem, unit.name());
  }
  outcome.result = Result::kTold;
  return outcome;
}

}  // namespace release
