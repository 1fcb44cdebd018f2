#include "deploy/plan.h"

#include <fmt/format.h>

#include "base/units.h"
#include "deploy/prune.h"
#include "deploy/recovery.h"
#include "deploy/standing.h"
#include "store/layout.h"
#include "store/lock.h"

namespace release {
namespace {

void PlanSettling(Host* host, const Standing& standing, Plan* plan) {
  if (!standing.open) return;
  const std::string command = standing.open->begin->command;
  plan->push_back(
      FindLockHolder(host->fs)
          ? fmt::format("wait for transaction {} ({}), which runs now; without "
                        "--wait that is exit status 6",
                        standing.open->number, command)
          : fmt::format("settle transaction {} first ({}, interrupted): undo "
                        "it",
                        standing.open->number, command));
}

void PlanActivation(Host* host, const Standing& standing,
                    const Version& version, bool goes_back, Plan* plan) {
  if (!goes_back) RequireLink(standing);
  if (!standing.current_is_link) {
    plan->push_back(
        fmt::format("put {} aside, which is no symbolic link", kCurrent));
  }
  const Config& config = *host->config;
  if (!goes_back && !config.hooks.pre_activate.empty()) {
    plan->emplace_back("run the pre_activate hook");
  }
  plan->push_back(fmt::format("point {} at {} (now: {})", kCurrent,
                              ReleasePath(version),
                              standing.current_target.value_or("nothing")));
  if (config.service.configured()) {
    plan->push_back(fmt::format(
        "have the service take it up ({})",
        config.service.unit.empty() ? "as configured" : config.service.unit));
  }
  if (config.health.configured()) {
    plan->push_back(
        fmt::format("check that it is healthy within {}, and stays so for {}",
                    FormatDuration(config.health.deadline),
                    FormatDuration(config.health.min_healthy_time)));
  }
  if (!goes_back && !config.hooks.post_activate.empty()) {
    plan->emplace_back("run the post_activate hook");
  }
  plan->push_back(
      fmt::format("undo all of it if any step fails; else {} is "
                  "good",
                  version.name()));
  if (goes_back && standing.live) {
    plan->push_back(fmt::format("mark {} withdrawn", standing.live->name()));
  }
}

void PlanRemovals(Host* host, const Standing& standing, Plan* plan) {
  for (const RetentionVerdict& verdict : JudgeReleases(host, standing)) {
    if (verdict.keep) continue;
    plan->push_back(
        fmt::format("remove {}: {}", verdict.version.name(), verdict.reason));
  }
}

}  // namespace

Plan PlanDeploy(Host* host, Offer offer, bool activates) {
  const Standing standing = ReadStanding(host->fs);
  Plan plan;
  PlanSettling(host, standing, &plan);
  Work work;
  ArchiveStaging staging(host, std::move(offer));
  staging.Prepare(standing, &work);
  const Manifest manifest = staging.Examine();
  const Version& version = *work.begin.to;
  if (work.begin.creates) {
    plan.push_back(
        fmt::format("unpack {} entries, {}, verify and publish them as {}",
                    manifest.entries.size(), FormatSize(manifest.TotalBytes()),
                    ReleasePath(version)));
  } else {
    plan.push_back(fmt::format("keep {} as it is: it has the same content",
                               ReleasePath(version)));
  }
  if (activates && standing.live != version) {
    PlanActivation(host, standing, version, /*goes_back=*/false, &plan);
    plan.push_back(fmt::format("keep the newest {} good releases",
                               host->config->keep_releases));
  }
  return plan;
}

Plan PlanActivate(Host* host, const Version& version) {
  const Standing standing = ReadStanding(host->fs);
  Plan plan;
  PlanSettling(host, standing, &plan);
  RequireRelease(standing, version);
  if (standing.live == version && standing.LiveIsRecorded()) {
    return {"nothing: it is live"};
  }
  PlanActivation(host, standing, version, /*goes_back=*/false, &plan);
  return plan;
}

Plan PlanRollback(Host* host, const std::optional<Version>& version) {
  const Standing standing = ReadStanding(host->fs);
  Plan plan;
  PlanSettling(host, standing, &plan);
  const Version target = ChooseRollbackTarget(standing, version);
  if (standing.live == target) return {"nothing: it is live"};
  PlanActivation(host, standing, target, /*goes_back=*/true, &plan);
  return plan;
}

Plan PlanPrune(Host* host) {
  const Standing standing = ReadStanding(host->fs);
  Plan plan;
  PlanSettling(host, standing, &plan);
  PlanRemovals(host, standing, &plan);
  if (plan.empty()) plan.emplace_back("nothing: retention keeps every release");
  return plan;
}

Plan PlanPin(Host* host, const Version& version, bool pinned) {
  const Standing standing = ReadStanding(host->fs);
  RequireRelease(standing, version);
  return {fmt::format("{} {}", pinned ? "pin" : "unpin", version.name())};
}

Plan PlanRecover(Host* host) {
  const Standing standing = ReadStanding(host->fs);
  Plan plan;
  PlanSettling(host, standing, &plan);
  for (const std::string& name : standing.listing.garbage) {
    plan.push_back(fmt::format("remove {}/{}", kReleases, name));
  }
  if (plan.empty()) plan.emplace_back("nothing: no transaction is open");
  return plan;
}

}  // namespace release
