#include "deploy/instance_activation.h"

#include <fmt/format.h>

#include "base/instance_names.h"
#include "deploy/reload.h"
#include "store/instance_link.h"
#include "store/said.h"

namespace release {
namespace {

const Config& ConfigOf(const StepRecorder& recorder) {
  return *recorder.context()->config;
}

HookContext InStep(const HookContext& hook_context, const char* step) {
  HookContext named = hook_context;
  named.step = step;
  return named;
}

}  // namespace

InstanceActivation::InstanceActivation(StepRecorder* recorder,
                                       const Version& version,
                                       ProofLength length)
    : recorder_(recorder),
      version_(version),
      instance_(ConfigOf(*recorder), recorder->context()->system, version,
                length) {}

void InstanceActivation::Observe(const std::optional<Version>& live) {
  const auto instances =
      ListInstances(ConfigOf(*recorder_), recorder_->context()->system);
  const UnitState* own = FindRunning(instances, version_);
  const bool live_runs = live && FindRunning(instances, *live) != nullptr;
  before_ = live_runs ? ServiceBefore::kRunning : ServiceBefore::kStopped;
  runs_ = own != nullptr;
  if (runs_) instance_.Watch(*own);
}

void InstanceActivation::RequirePossible() {
  const Config& config = ConfigOf(*recorder_);
  if (const Reason problem = WhyTooLong(config, version_.name())) {
    throw Error(ErrorCode::kVersionTooLong,
                fmt::format("cannot start {}: {}", version_.name(), *problem),
                version_.name());
  }
  instance_.RequirePrograms();
  if (config.instances.front_url.empty()) return;
  const Reason unusable = recorder_->context()->system.http->WhyUnusable();
  if (!unusable) return;
  throw Error(
      ErrorCode::kProgramMissing,
      fmt::format("cannot ask {}: {}", config.instances.front_url, *unusable));
}

void InstanceActivation::Start(const HookContext& hook_context) {
  recorder_->Step("start", [&] {
    EnsureInstanceLink(recorder_->context()->fs, ConfigOf(*recorder_),
                       version_);
    instance_.Start(InStep(hook_context, "start"));
  });
  runs_ = true;
}

void InstanceActivation::Prove(const HookContext& hook_context) {
  recorder_->Step(
      "health",
      [&] {
        const ProofRemarks remarks =
            instance_.Prove(InStep(hook_context, "health"));
        Fs* fs = recorder_->context()->fs;
        recorder_->WarnAll(IfFirstTime(fs, kUnseenService, remarks.processes));
        recorder_->WarnAll(IfFirstTime(fs, kUnseenPeer, remarks.listener));
      },
      HealthLimit(ConfigOf(*recorder_).health));
}

void InstanceActivation::ProveLive(const HookContext& hook_context) {
  recorder_->Step("live",
                  [&] { instance_.ProveLive(InStep(hook_context, "live")); });
  const Config& config = ConfigOf(*recorder_);
  if (config.instances.front_url.empty()) return;
  recorder_->Step("front",
                  [&] { ProbeFront(config, recorder_->context()->system); });
}

void InstanceActivation::RestartFollowers() {
  const Config& config = ConfigOf(*recorder_);
  if (config.instances.restart.empty()) return;
  recorder_->Step("restart",
                  [&] { RestartUnits(config, recorder_->context()->system); });
}

void TryBesideLive(StepRecorder* recorder, const Version& version,
                   const HookContext& hook_context) {
  Instance trial = Instance::TrialOf(ConfigOf(*recorder),
                                     recorder->context()->system, version);
  recorder->Step("start", [&] { trial.Start(InStep(hook_context, "start")); });
  recorder->Step("trial", [&] {
    recorder->WarnAll(
        IfFirstTime(recorder->context()->fs, kUnseenService,
                    trial.Prove(InStep(hook_context, "trial")).processes));
  });
  recorder->Step("stop", [&] { trial.Stop(); });
}

}  // namespace release
