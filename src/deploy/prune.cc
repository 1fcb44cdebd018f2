#include "deploy/prune.h"

#include <fmt/format.h>

#include "store/layout.h"

namespace release {
namespace {

// Returns the versions that a process uses: its executable, working directory
// or mapped files are below the release. Removing such a release would break
// the process.
std::set<Version> InUse(DeployContext* context) {
  const std::string releases = context->config->root + "/" + kReleases;
  std::set<Version> used;
  for (const ProcessUse& use : context->system.runner->UsersOf(releases)) {
    if (auto version = VersionOfPath(releases, use.path)) used.insert(*version);
  }
  return used;
}

}  // namespace

std::vector<RetentionVerdict> JudgeReleases(DeployContext* context,
                                            const DeploymentState& state) {
  // If `current` exists but does not name a release here, any may be live.
  RetentionFacts facts{.ledger = state.ledger,
                       .live = state.live,
                       .live_in_doubt = !state.live && (state.current_target ||
                                                        !state.current_is_link),
                       .in_use = InUse(context),
                       .named = std::nullopt,
                       .keep_releases = context->config->keep_releases};
  if (state.open) facts.named = state.open->begin->to;
  return DecideRetention(facts);
}

std::vector<std::string> ApplyRetention(DeployContext* context,
                                        std::uint64_t transaction) {
  const DeploymentState state = ReadDeploymentState(context->fs, transaction);
  std::vector<Version> going;
  for (const RetentionVerdict& verdict : JudgeReleases(context, state)) {
    if (verdict.keep) continue;
    going.push_back(verdict.version);
    context->report(
        {.kind = ProgressEvent::Kind::kRemark,
         .transaction = transaction,
         .text = fmt::format("removing {}: {}", verdict.version.name(),
                             verdict.reason)});
  }
  // Rename all of them before deleting any: the rename is durable, so a crash
  // cannot leave a half-deleted tree under a release's name.
  SetAside(context->fs, transaction, going);
  return CollectGarbage(
      context->fs, context->ThreadsFor(kRemoveThreads),
      context->deletes_later ? TrashPolicy::kLeave : TrashPolicy::kDelete);
}

}  // namespace release
