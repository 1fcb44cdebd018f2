#include "deploy/instance_undo.h"

#include <fmt/format.h>

#include "deploy/attempt.h"
#include "deploy/service_return.h"
#include "os/cancellation.h"
#include "store/layout.h"

namespace release {
namespace {

// Why a following step of the undo failed, unless an earlier one did.
std::optional<Failure> First(const std::optional<Failure>& earlier,
                             const std::optional<Failure>& later) {
  return earlier ? earlier : later;
}

}  // namespace

InstanceUndo::InstanceUndo(StepRecorder* recorder,
                           const TransactionRecord& record,
                           const RecoveryPlan& plan,
                           const HookContext& hook_context)
    : recorder_(recorder),
      config_(*recorder->context()->config),
      record_(record),
      plan_(plan),
      hook_context_(hook_context) {
  if (record.begin->from_target) {
    earlier_ = VersionOfTarget(*record.begin->from_target);
  }
}

std::optional<Failure> InstanceUndo::StartEarlier() {
  if (!plan_.keep_earlier_running || !earlier_) return std::nullopt;
  const System& system = recorder_->context()->system;
  instance_.emplace(config_, system, *earlier_, ProofLength::kFirstAnswer);
  auto failure = Attempt([&] {
    const auto instances = ListInstances(config_, system);
    if (const UnitState* state = FindRunning(instances, *earlier_)) {
      return instance_->Watch(*state);
    }
    recorder_->Step("start", [&] { instance_->Start(hook_context_); });
  });
  if (failure) instance_.reset();
  return failure;
}

std::optional<Failure> InstanceUndo::Return(
    const std::optional<Failure>& earlier) {
  const System& system = recorder_->context()->system;
  std::optional<Failure> failure = earlier;
  if (!config_.instances.restart.empty()) {
    const bool back = record_.begin->from_target.has_value();
    failure = First(failure, Attempt([&] {
                      recorder_->Step(back ? "restart" : "stop", [&] {
                        back ? RestartUnits(config_, system)
                             : StopUnits(config_, system);
                      });
                    }));
  }
  failure = First(failure, ProveEarlier());
  if (earlier_ && !plan_.keep_earlier_running) {
    recorder_->Warn(
        fmt::format("the instance of {} was already stopped and was not "
                    "started: the app is down; `release start` starts it",
                    earlier_->name()));
  }
  // Without an earlier release nothing will run after a shutdown.
  if (failure && !earlier_) return failure;
  return EndReturn(recorder_, hook_context_, failure);
}

std::optional<Failure> InstanceUndo::ProveEarlier() {
  if (!instance_) return std::nullopt;
  return Attempt([&] {
    recorder_->Step("health", [&] {
      const InsistentSignals second;
      instance_->Prove(hook_context_);
      instance_->ProveLive(hook_context_);
    });
  });
}

void InstanceUndo::StopNew() {
  const bool trial = record_.starting && config_.trial.configured();
  if (!plan_.stop_new || !(config_.instances.configured || trial)) return;
  const System& system = recorder_->context()->system;
  const Version& version = *record_.begin->to;
  const std::optional<Failure> failure = Attempt([&] {
    recorder_->Step("stop", [&] {
      if (config_.instances.configured) {
        Instance(config_, system, version, ProofLength::kFirstAnswer).Stop();
      } else {
        Instance::TrialOf(config_, system, version).Stop();
      }
    });
  });
  if (failure) recorder_->Warn(failure->message);
}

}  // namespace release
