#include "deploy/service_return.h"

#include <fmt/format.h>

#include "deploy/attempt.h"
#include "os/cancellation.h"
#include "service/hooks.h"
#include "store/said.h"

namespace release {

ServiceReturn::ServiceReturn(DeployContext* context, Journal* journal,
                             const TransactionRecord& record, Outcome* outcome)
    : context_(context),
      journal_(journal),
      record_(record),
      outcome_(outcome),
      hook_context_{
          .app = context->config->app,
          .version = outcome->previous,
          .previous = record.begin->to ? record.begin->to->name() : "",
          .root = context->config->root,
          .transaction = record.number,
          .step = "undo",
          .result = "undone",
          .reason = outcome->error->message},
      service_(context->config, context->system) {}

std::optional<Failure> ServiceReturn::Run() {
  return record_.begin->from_target ? Reload() : LeaveNoRelease();
}

std::optional<Failure> ServiceReturn::Reload() {
  const std::optional<Failure> failure = Attempt([&] {
    AddWarnings(service_.Reload(hook_context_));
    // The link is back; a person who insists need not wait for the proof.
    const InsistentSignals second;
    AddWarnings(IfFirstTime(context_->fs, kUnseenService,
                            service_.CheckRunning(hook_context_)));
    service_.CheckHealth(hook_context_);
  });
  if (!failure) {
    RunPostRollback();
    return std::nullopt;
  }
  // Both releases are unhealthy, or a signal ended the wait and the earlier one
  // is not known to be healthy. Stop and report: going forward again would be
  // flapping.
  if (!service_.MachineGoesDown()) return failure;
  // During a shutdown systemd stops the service, so the failure does not mean
  // that the earlier release is unhealthy.
  outcome_->warnings.push_back(
      fmt::format("the machine is going down; the service runs {} when it "
                  "starts again",
                  outcome_->previous));
  return std::nullopt;
}

// After a first activation no release is left to run. Stops a unit that was
// stopped before; one that ran may run something that is not ours.
std::optional<Failure> ServiceReturn::LeaveNoRelease() {
  const std::string none =
      "there was no release before this one: none is live now, and ";
  if (record_.service_before != ServiceBefore::kStopped) {
    outcome_->warnings.push_back(none + "the service may still run it");
    return std::nullopt;
  }
  const std::optional<Failure> failure = Attempt([&] { service_.Stop(); });
  if (failure) return failure;
  outcome_->warnings.push_back(fmt::format("{}{} is stopped, as it was before",
                                           none,
                                           context_->config->service.unit));
  return std::nullopt;
}

void ServiceReturn::RunPostRollback() {
  const HooksConfig& hooks = context_->config->hooks;
  const std::optional<Failure> failure = Attempt([&] {
    RunHook(context_->system.runner, "post_rollback", hooks.post_rollback,
            hooks, hook_context_,
            [this](const std::string& output) { journal_->Note(output); });
  });
  if (failure) outcome_->warnings.push_back(failure->message);
}

void ServiceReturn::AddWarnings(std::vector<std::string> remarks) {
  for (std::string& remark : remarks) {
    outcome_->warnings.push_back(std::move(remark));
  }
}

}  // namespace release
