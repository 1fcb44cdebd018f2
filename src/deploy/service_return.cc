#include "deploy/service_return.h"

#include <fmt/format.h>

#include "base/instance_names.h"
#include "deploy/attempt.h"
#include "deploy/reload.h"

namespace release {

HookContext ContextOfUndo(const Config& config, const TransactionRecord& record,
                          const Ledger& ledger, const Outcome& outcome) {
  const auto previous = Version::Parse(outcome.previous);
  return {.app = config.app,
          .version = outcome.previous,
          .restart_of = previous ? ledger.RestartOf(*previous) : "",
          .previous = record.begin->to ? record.begin->to->name() : "",
          .root = config.root,
          .transaction = record.number,
          .socket = SocketOf(config, outcome.previous),
          .step = "undo",
          .result = Result::kUndone,
          .reason = outcome.error->message};
}

std::optional<Failure> EndReturn(StepRecorder* recorder,
                                 const HookContext& hook_context,
                                 std::optional<Failure> failure) {
  const DeployContext& context = *recorder->context();
  if (!failure) {
    const std::optional<Failure> hook = Attempt([&] {
      recorder->RunHookStep("post_rollback",
                            context.config->hooks.post_rollback, hook_context);
    });
    if (hook) recorder->Warn(hook->message);
    return std::nullopt;
  }
  if (!Service(context.config, context.system).MachineGoesDown()) {
    return failure;
  }
  // During a shutdown systemd stops the service, so the failure does not mean
  // that the earlier release is unhealthy.
  recorder->Warn(
      fmt::format("the machine is going down; {} runs when it starts again",
                  hook_context.version));
  return std::nullopt;
}

ServiceReturn::ServiceReturn(StepRecorder* recorder,
                             const TransactionRecord& record,
                             const HookContext& hook_context)
    : recorder_(recorder),
      config_(*recorder->context()->config),
      record_(record),
      hook_context_(hook_context),
      service_(&config_, recorder->context()->system) {}

std::optional<Failure> ServiceReturn::Run() {
  return record_.begin->from_target ? Reload() : LeaveNoRelease();
}

// If both releases are unhealthy, or a signal ended the wait and the earlier
// one is not known to be healthy, stop and report: going forward again would be
// flapping.
std::optional<Failure> ServiceReturn::Reload() {
  return EndReturn(recorder_, hook_context_, Attempt([&] {
                     ReloadAndProve(recorder_, &service_, hook_context_);
                   }));
}

// After a first activation no release is left to run. Stops a unit that was
// stopped before; one that ran may run something that is not ours.
std::optional<Failure> ServiceReturn::LeaveNoRelease() {
  const std::string none =
      "there was no release before this one: none is live now, and ";
  if (record_.service_before != ServiceBefore::kStopped) {
    recorder_->Warn(none + "the service may still run it");
    return std::nullopt;
  }
  const std::optional<Failure> failure =
      Attempt([&] { recorder_->Step("stop", [&] { service_.Stop(); }); });
  if (failure) return failure;
  recorder_->Warn(fmt::format("{}{} is stopped, as it was before", none,
                              config_.service.unit));
  return std::nullopt;
}

}  // namespace release
