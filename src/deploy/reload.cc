#include "deploy/reload.h"

#include "base/units.h"
#include "os/cancellation.h"
#include "store/said.h"

namespace release {

void ReloadAndProve(StepRecorder* recorder, Service* service,
                    const HookContext& hook_context, ReloadProof proof) {
  const auto in_step = [&](const char* name) {
    HookContext named = hook_context;
    if (named.step.empty()) named.step = name;
    return named;
  };
  const Config& config = *recorder->context()->config;
  if (config.service.configured()) {
    recorder->Step(
        "reload",
        [&] {
          recorder->WarnAll(service->Reload(in_step("reload")));
          if (proof == ReloadProof::kUnchecked) return;
          // An undo shields itself from signals. Once the link is back and the
          // service reloaded, a person who insists need not wait for the proof.
          const InsistentSignals second;
          recorder->WarnAll(IfFirstTime(
              recorder->context()->fs, kUnseenService,
              service->CheckRunning(
                  in_step("running-check"),
                  [&](const std::string& text) { recorder->Remark(text); })));
        },
        config.service.timeout);
  }
  if (proof == ReloadProof::kUnchecked) return;
  if (config.health.configured() || config.service.configured()) {
    recorder->Step(
        "health",
        [&] {
          const InsistentSignals second;
          service->CheckHealth(in_step("health"));
        },
        HealthLimit(config.health));
  }
}

Duration HealthLimit(const HealthConfig& config) {
  return AddSaturated(config.deadline, config.min_healthy_time);
}

}  // namespace release
