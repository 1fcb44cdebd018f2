#include "deploy/plan.h"

#include <fmt/format.h>

#include "base/instance_names.h"
#include "base/units.h"
#include "deploy/deployment_state.h"
#include "deploy/disk_facts.h"
#include "deploy/kept_manifest.h"
#include "deploy/preempt.h"
#include "deploy/prune.h"
#include "deploy/recovery.h"
#include "deploy/restart.h"
#include "deploy/staging.h"
#include "deploy/transaction_spec.h"
#include "service/instance.h"
#include "store/layout.h"
#include "store/lock.h"

namespace release {
namespace {

std::string DescribeLink(RecoveryPlan::Link link, const BeginRecord& begin,
                         const std::optional<std::string>& target) {
  using Link = RecoveryPlan::Link;
  const std::string now = target.value_or("nothing");
  switch (link) {
    case Link::kSync:
      return fmt::format("leave {} at {} and make that durable", kCurrent, now);
    case Link::kRestore:
      return fmt::format("point {} back at {} (now: {})", kCurrent,
                         *begin.from_target, now);
    case Link::kRemove:
      return fmt::format(
          "remove the link {}, and give back what had the name "
          "before",
          kCurrent);
    case Link::kLeave:
      return fmt::format(
          "leave {} at {}: it was moved by hand; manual "
          "intervention required",
          kCurrent, now);
    case Link::kStuck:
      return fmt::format(
          "leave {} at {}: {} is gone; manual intervention "
          "required",
          kCurrent, now, begin.from_target.value_or("nothing"));
  }
  return "";
}

// Returns "" if nothing is to be done about the tree.
std::string DescribeTree(RecoveryPlan::Tree tree, const BeginRecord& begin) {
  using Tree = RecoveryPlan::Tree;
  const std::string path = begin.to ? ReleasePath(*begin.to) : "";
  switch (tree) {
    case Tree::kKeep:
      return "";
    case Tree::kNotOurs:
      return fmt::format("leave {}, which another program made", path);
    case Tree::kDrop:
      return fmt::format("remove {}", path);
    case Tree::kKeepFailed:
      return fmt::format("keep {} and mark it failed", path);
  }
  return "";
}

// Lists what recovery would do, by the rule that recovery itself asks.
void PlanRecoverySteps(DeployContext* context, const TransactionRecord& record,
                       Plan* plan) {
  const BeginRecord& begin = *record.begin;
  const DiskFacts disk = ReadDiskFacts(context->fs, begin);
  const auto recovery = PlanRecovery(record, disk);
  if (!recovery) return;
  plan->push_back(DescribeLink(recovery->link, begin, disk.current_target));
  if (recovery->reload && context->config->service.configured()) {
    plan->emplace_back("reload the service and check it");
  }
  const std::string tree = DescribeTree(recovery->tree, begin);
  if (!tree.empty()) plan->push_back(tree);
}

// Lists the wait for a running transaction, or the recovery of one that died.
// The steps after it are planned from the present state, so they may differ
// once that transaction has ended.
void PlanSettling(DeployContext* context, const DeploymentState& state,
                  Plan* plan) {
  if (!state.open) return;
  const std::string_view command = CommandName(state.open->begin->command);
  if (FindLockHolder(context->fs)) {
    plan->push_back(
        fmt::format("wait for transaction {} ({}), which runs now; without "
                    "--wait that is exit status 6",
                    state.open->number, command));
    return;
  }
  plan->push_back(fmt::format("settle transaction {} first ({}, interrupted)",
                              state.open->number, command));
  PlanRecoverySteps(context, *state.open, plan);
}

void PlanHealth(const Config& config, Plan* plan) {
  if (!config.health.configured()) return;
  plan->push_back(
      fmt::format("check that it is healthy within {}, and stays so for {}",
                  FormatDuration(config.health.deadline),
                  FormatDuration(config.health.min_healthy_time)));
}

void PlanTakeUp(const Config& config, Plan* plan) {
  if (config.service.configured()) {
    plan->push_back(fmt::format(
        "have the service take it up ({})",
        config.service.unit.empty() ? "as configured" : config.service.unit));
  }
  PlanHealth(config, plan);
}

void PlanKept(const Config& config, Plan* plan) {
  plan->push_back(
      fmt::format("keep the newest {} good releases", config.keep_releases));
}

std::string DescribeSwitch(const DeploymentState& state,
                           const Version& version) {
  return fmt::format("point {} at {} (now: {})", kCurrent, ReleasePath(version),
                     state.current_target.value_or("nothing"));
}

// Lists the steps in the order in which Activation::ByInstance runs them.
void PlanInstance(DeployContext* context, const DeploymentState& state,
                  const Version& version, Plan* plan) {
  const Config& config = *context->config;
  const auto instances = ListInstances(config, context->system);
  const bool runs = FindRunning(instances, version) != nullptr;
  plan->push_back(fmt::format(
      "{} {} beside the live one", runs ? "use the running instance" : "start",
      InstanceUnit(config.service.unit, version.name())));
  PlanHealth(config, plan);
  plan->push_back(DescribeSwitch(state, version));
  plan->push_back(fmt::format("check that {} leads to it", LiveSocket(config)));
  if (!config.instances.front_url.empty()) {
    plan->push_back(
        fmt::format("ask {} through the front", config.instances.front_url));
  }
  for (const std::string& unit : config.instances.restart) {
    plan->push_back(fmt::format("restart {}", unit));
  }
}

// Lists the steps in the order in which Activation::ByService runs them.
void PlanService(const Config& config, const DeploymentState& state,
                 const Version& version, LinkChange link, Plan* plan) {
  if (config.trial.configured() && link == LinkChange::kForward) {
    plan->push_back(
        fmt::format("try it as {} beside the live one",
                    InstanceUnit(config.trial.unit, version.name())));
  }
  plan->push_back(DescribeSwitch(state, version));
  PlanTakeUp(config, plan);
}

// Lists the steps in the order in which Activation::Run runs them. A rollback
// runs no activation hooks and marks the live release.
void PlanActivation(DeployContext* context, const DeploymentState& state,
                    const Version& version, LinkChange link, Plan* plan) {
  const bool goes_back = link == LinkChange::kBack;
  // A rollback must work even if `current` is not a link.
  if (!goes_back) RequireLink(state);
  if (!state.current_is_link) {
    plan->push_back(
        fmt::format("put {} aside, which is no symbolic link", kCurrent));
  }
  const Config& config = *context->config;
  if (!goes_back && !config.hooks.pre_activate.empty()) {
    plan->emplace_back("run the pre_activate hook");
  }
  if (config.instances.configured) {
    PlanInstance(context, state, version, plan);
  } else {
    PlanService(config, state, version, link, plan);
  }
  if (!goes_back && !config.hooks.post_activate.empty()) {
    plan->emplace_back("run the post_activate hook");
  }
  plan->push_back(
      fmt::format("undo all of it if any step fails; else {} is "
                  "good",
                  version.name()));
  if (goes_back && state.live) {
    plan->push_back(fmt::format("mark {} withdrawn", state.live->name()));
  }
}

// Plans a deploy, or a stage if `link` is kNone.
Plan PlanStaging(DeployContext* context, ArchiveRequest request,
                 LinkChange link, const RolloutTerms& rollout) {
  const DeploymentState state = ReadDeploymentState(context->fs);
  RequireExpectedLive(state, rollout.expect_live);
  Plan plan;
  PlanSettling(context, state, &plan);
  PreparedTransaction prepared;
  ArchiveStaging staging(context, std::move(request));
  // The same checks as the real deploy: what would be refused throws here.
  staging.Prepare(state, TrashPolicy::kLeave, &prepared);
  const Manifest manifest = staging.Examine(&prepared);
  const Version& version = *prepared.to;
  if (prepared.creates) {
    plan.push_back(
        fmt::format("unpack {} entries, {}, verify and publish them as {}",
                    manifest.entries.size(), FormatSize(manifest.TotalBytes()),
                    ReleasePath(version)));
  } else {
    plan.push_back(fmt::format("keep {} as it is: it has the same content",
                               ReleasePath(version)));
  }
  if (link != LinkChange::kNone && state.live != version) {
    PlanActivation(context, state, version, LinkChange::kForward, &plan);
    PlanKept(*context->config, &plan);
  }
  return plan;
}

}  // namespace

Plan PlanDeploy(DeployContext* context, ArchiveRequest request,
                const RolloutTerms& rollout) {
  return PlanStaging(context, std::move(request), LinkChange::kForward,
                     rollout);
}

Plan PlanStage(DeployContext* context, ArchiveRequest request) {
  return PlanStaging(context, std::move(request), LinkChange::kNone, {});
}

Plan PlanActivate(DeployContext* context, const Version& version,
                  const ActivationTerms& terms) {
  const DeploymentState state = ReadDeploymentState(context->fs);
  Plan plan;
  PlanSettling(context, state, &plan);
  RequireExpectedLive(state, terms.rollout.expect_live);
  RequireRelease(state, version);
  if (!terms.manifest_sha256.empty()) {
    RequireManifest(*context, version, terms.manifest_sha256);
  }
  // A release that a person linked by hand must still be proved and recorded.
  if (state.live == version && state.LiveIsRecorded()) {
    return {"nothing: it is live"};
  }
  PlanActivation(context, state, version, LinkChange::kForward, &plan);
  return plan;
}

Plan PlanRollback(DeployContext* context, const std::optional<Version>& version,
                  PastIrreversible past, const RolloutTerms& rollout) {
  const DeploymentState state = ReadDeploymentState(context->fs);
  RequireExpectedLive(state, rollout.expect_live);
  Plan plan;
  const bool preempts =
      state.open && FindLockHolder(context->fs) &&
      IsInterruptible(*state.open) &&
      (rollout.id.empty() || state.open->begin->rollout == rollout.id);
  if (preempts) {
    plan.push_back(fmt::format("ask transaction {} ({}) to undo and stop",
                               state.open->number,
                               CommandName(state.open->begin->command)));
  } else {
    PlanSettling(context, state, &plan);
  }
  const std::optional<Version> target =
      ChooseRollbackTarget(state, version, rollout.id);
  if (state.live == target) {
    return {rollout.id.empty()
                ? "nothing: it is live"
                : fmt::format("nothing: rollout {} did not make live what is "
                              "live",
                              rollout.id)};
  }
  if (past == PastIrreversible::kRefused) RequireReversible(state, *target);
  PlanActivation(context, state, *target, LinkChange::kBack, &plan);
  return plan;
}

Plan PlanRestart(DeployContext* context) {
  const Config& config = *context->config;
  const DeploymentState state = ReadDeploymentState(context->fs);
  Plan plan;
  PlanSettling(context, state, &plan);
  RequireRestartable(config, state);
  if (!config.instances.configured) {
    PlanTakeUp(config, &plan);
    plan.emplace_back("try that once more if any step fails");
    return plan;
  }
  PreparedTransaction prepared;
  PrepareRestart(*context, state, &prepared);
  plan.push_back(fmt::format("publish the files of {} as {}, by hard links",
                             state.live->name(), ReleasePath(*prepared.to)));
  PlanActivation(context, state, *prepared.to, LinkChange::kForward, &plan);
  PlanKept(config, &plan);
  return plan;
}

PrunePlan PlanPrune(DeployContext* context) {
  const DeploymentState state = ReadDeploymentState(context->fs);
  PrunePlan plan;
  PlanSettling(context, state, &plan.settling);
  plan.removals = JudgeReleases(context, state);
  std::erase_if(plan.removals,
                [](const RetentionVerdict& verdict) { return verdict.keep; });
  return plan;
}

Plan PrunePlan::Steps() const {
  Plan steps = settling;
  for (const RetentionVerdict& each : removals) {
    steps.push_back(fmt::format("remove {}: {} ({})", each.version.name(),
                                each.reason, FormatSize(each.bytes)));
  }
  if (steps.empty()) {
    steps.emplace_back("nothing: retention keeps every release");
  }
  return steps;
}

Plan PlanPin(DeployContext* context, const Version& version) {
  RequireRelease(ReadDeploymentState(context->fs), version);
  return {fmt::format("pin {}", version.name())};
}

Plan PlanUnpin(DeployContext* context, const Version& version) {
  RequireRelease(ReadDeploymentState(context->fs), version);
  return {fmt::format("unpin {}", version.name())};
}

Plan PreviewRecovery(DeployContext* context) {
  const DeploymentState state = ReadDeploymentState(context->fs);
  Plan plan;
  PlanSettling(context, state, &plan);
  for (const std::string& name : state.listing.garbage) {
    plan.push_back(fmt::format("remove {}/{}", kReleases, name));
  }
  if (plan.empty()) plan.emplace_back("nothing: no transaction is open");
  return plan;
}

}  // namespace release
