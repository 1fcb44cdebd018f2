#include "deploy/watched_release.h"

#include <fmt/format.h>

#include "base/instance_names.h"
#include "deploy/attempt.h"
#include "service/error_lines.h"
#include "service/unit.h"
#include "service/waiter.h"
#include "store/durable.h"
#include "store/layout.h"

namespace release {
namespace {

constexpr unsigned kMinutesBefore = 10;

Unit MakeUnit(const DeployContext& context, const std::string& name,
              Waiter* waiter) {
  return Unit(name, context.config->service.timeout, context.system.runner,
              waiter);
}

Reason QueueWatch(DeployContext* context) {
  if (!context->units_know_app) {
    return "the unit would read another configuration";
  }
  Waiter waiter(context->system.clock);
  // Started anew: one that watches an earlier release might just be ending.
  return MakeUnit(*context, WatchUnit(*context->config), &waiter)
      .RestartLater();
}

void WriteFirstNote(DeployContext* context, const Version& version,
                    std::uint64_t transaction, unsigned errors_before) {
  Clock* clock = context->system.clock;
  Fs* fs = context->fs;
  ForgetWatch(fs);
  WriteWatchNote(fs,
                 {.version = version,
                  .transaction = transaction,
                  .looks = context->config->watch.looks(),
                  .seen = transaction,
                  .boot = clock->BootId(),
                  .since = clock->SinceBoot(),
                  .baseline = TakeBaseline(*context, version, errors_before)});
  // The commit must not be durable without its watch.
  SyncDirectory(fs, kOwn);
}

}  // namespace

std::string WatchUnit(const Config& config) {
  return fmt::format("release-watch@{}.service", config.app);
}

std::string UnitOfRelease(const Config& config, const Version& version) {
  return config.instances.configured
             ? InstanceUnit(config.service.unit, version.name())
             : config.service.unit;
}

unsigned ErrorsBeforeSwitch(const DeployContext& context,
                            const std::optional<Version>& live) {
  if (!live || context.config->service.unit.empty()) return 0;
  const auto times =
      ReadErrorTimes(context.system.runner,
                     UnitOfRelease(*context.config, *live), kMostErrorLines);
  if (!times) return 0;
  return BusiestMinute(*times, context.system.clock->SinceBoot(),
                       kMinutesBefore);
}

WatchBaseline TakeBaseline(const DeployContext& context, const Version& version,
                           unsigned errors) {
  WatchBaseline baseline{.errors = errors};
  const std::string name = UnitOfRelease(*context.config, version);
  if (name.empty()) return baseline;
  [[maybe_unused]] const auto unknown = Attempt([&] {
    Waiter waiter(context.system.clock);
    const UnitState unit = MakeUnit(context, name, &waiter).Show();
    if (!unit.running()) return;
    baseline.invocation = unit.invocation;
    baseline.restarts = unit.restarts;
    baseline.oom_kills =
        context.system.runner->CountOomKills(unit.control_group).value_or(0);
  });
  return baseline;
}

std::vector<std::string> BeginWatch(DeployContext* context,
                                    const Version& version,
                                    std::uint64_t transaction,
                                    unsigned errors_before) {
  const auto failure = Attempt(
      [&] { WriteFirstNote(context, version, transaction, errors_before); });
  if (failure) {
    return {fmt::format("{} will not be watched: {}", version.name(),
                        failure->message)};
  }
  const Reason problem = QueueWatch(context);
  if (!problem) return {};
  return {fmt::format("{} is not watched: {}; `release watch --run` watches it",
                      version.name(), *problem)};
}

Reason ResumeWatch(DeployContext* context) {
  if (!context->config->watch.configured || !context->units_know_app) {
    return std::nullopt;
  }
  const auto note = FindWatch(context->fs, ReadDeploymentState(context->fs));
  if (!note || note->state != WatchState::kWatching) return std::nullopt;
  Waiter waiter(context->system.clock);
  return MakeUnit(*context, WatchUnit(*context->config), &waiter).StartLater();
}

std::optional<WatchNote> FindWatch(Fs* fs, const DeploymentState& state) {
  auto note = ReadWatchNote(fs);
  if (!note || !state.live || note->version != *state.live) return std::nullopt;
  const LedgerEntry* entry = state.ledger.Find(note->version);
  if (entry == nullptr || entry->transaction != note->transaction ||
      entry->state != ReleaseState::kGood) {
    return std::nullopt;
  }
  const auto stop = ReadWatchStop(fs);
  if (stop && stop->transaction == note->transaction &&
      note->state == WatchState::kWatching) {
    note->state = WatchState::kEnded;
    note->text = "stopped by " + stop->by;
  }
  return note;
}

}  // namespace release
