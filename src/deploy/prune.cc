#include "deploy/prune.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "base/host_path.h"
#include "base/units.h"
#include "deploy/attempt.h"
#include "service/instance.h"
#include "store/folded_records.h"
#include "store/layout.h"
#include "store/unremovable.h"

namespace release {
namespace {

// Returns the versions that a process uses: its executable, working directory
// or mapped files are below the release. Removing such a release would break
// the process.
std::set<Version> InUse(DeployContext* context) {
  const HostPath releases = context->config->root / kReleases;
  std::set<Version> used;
  for (const ProcessUse& use : context->system.runner->UsersOf(releases)) {
    if (auto version = VersionOfPath(releases, use.path)) used.insert(*version);
  }
  if (!context->config->instances.configured) return used;
  for (const ListedInstance& instance :
       ListInstances(*context->config, context->system)) {
    if (!instance.state.stopped()) used.insert(instance.version);
  }
  return used;
}

// Renames the releases whose verdict is not to keep them to trash, and reports
// each, and the bytes of several together. Renames all before the caller
// deletes any: the rename is durable, so a crash cannot leave a half-deleted
// tree under a release's name.
RemovalFailures SetAsideByVerdict(
    DeployContext* context, std::uint64_t transaction,
    const std::vector<RetentionVerdict>& verdicts) {
  const auto remark = [&](const std::string& words) {
    context->report({.kind = ProgressEvent::Kind::kRemark,
                     .transaction = transaction,
                     .text = words});
  };
  std::vector<Version> going;
  for (const RetentionVerdict& verdict : verdicts) {
    if (!verdict.keep) going.push_back(verdict.version);
  }
  RemovalFailures failures = SetAsideEach(context->fs, transaction, going);
  std::set<std::string> stays;
  for (RemovalFailure& failure : failures) {
    stays.insert(failure.name);
    failure.message =
        fmt::format("cannot remove {}: {}; `release prune` tries it again",
                    failure.name, failure.message);
  }
  std::uint64_t bytes = 0;
  for (const RetentionVerdict& verdict : verdicts) {
    if (verdict.keep || stays.contains(verdict.version.name())) continue;
    bytes += verdict.bytes;
    remark(fmt::format("removing {}: {} ({})", verdict.version.name(),
                       verdict.reason, FormatSize(verdict.bytes)));
  }
  const std::size_t removed = going.size() - failures.size();
  if (removed > 1) {
    remark(fmt::format("removing {} releases, {} in all", removed,
                       FormatSize(bytes)));
  }
  return failures;
}

RemovalFailures SetAsideOlderFailed(DeployContext* context,
                                    std::uint64_t transaction) {
  const DeploymentState state = ReadDeploymentState(context->fs, transaction);
  if (!state.last || state.last->number != transaction ||
      state.last->end->exit == Exit::kNeedsPerson) {
    return {};
  }
  const auto failed = [](const LedgerEntry& entry) {
    return entry.state == ReleaseState::kFailed;
  };
  // The search for processes that use a release is not free, so spare it if
  // there is at most the newest failed release.
  const auto& entries = state.ledger.entries();
  if (std::count_if(entries.begin(), entries.end(), failed) < 2) return {};
  std::vector<RetentionVerdict> verdicts = JudgeReleases(context, state);
  std::erase_if(verdicts, [&](const RetentionVerdict& verdict) {
    return !failed(*state.ledger.Find(verdict.version));
  });
  return SetAsideByVerdict(context, transaction, verdicts);
}

// Folds the records of transactions beyond `keep_history`.
void FoldHistory(DeployContext* context, std::uint64_t transaction,
                 RemovalFailures* failures) {
  const auto failure = Attempt([&] {
    FoldRecords(context->fs, transaction, context->config->keep_history);
  });
  if (failure) failures->push_back({"", failure->message});
}

void Append(RemovalFailures* all, RemovalFailures more) {
  std::move(more.begin(), more.end(), std::back_inserter(*all));
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

std::vector<std::string> SetAsideUnkept(DeployContext* context,
                                        const DeploymentState& state,
                                        std::uint64_t transaction) {
  const std::vector<RetentionVerdict> verdicts = JudgeReleases(context, state);
  const auto unkept =
      std::count_if(verdicts.begin(), verdicts.end(),
                    [](const RetentionVerdict& each) { return !each.keep; });
  const RemovalFailures failures =
      SetAsideByVerdict(context, transaction, verdicts);
  if (unkept != 0 && failures.size() == static_cast<std::size_t>(unkept)) {
    throw Error(ErrorCode::kIoError, failures.front().message,
                fmt::format("{}/{}", kReleases, failures.front().name));
  }
  return MessagesOf(failures);
}

RemovalFailures CollectUnkept(DeployContext* context) {
  return CollectGarbage(
      context->fs, context->ThreadsFor(kRemoveThreads),
      context->deletes_later ? TrashPolicy::kLeave : TrashPolicy::kDelete);
}

std::vector<std::string> ApplyRetention(DeployContext* context,
                                        const TransactionRecord& record) {
  const DeploymentState state = ReadStateAfter(context->fs, record);
  const std::uint64_t transaction = record.number;
  RemovalFailures failures =
      SetAsideByVerdict(context, transaction, JudgeReleases(context, state));
  Append(&failures, CollectUnkept(context));
  FoldHistory(context, transaction, &failures);
  return TakeUnreported(context->fs, failures);
}

std::vector<std::string> CleanUpAfterUndo(DeployContext* context,
                                          std::uint64_t transaction) {
  RemovalFailures failures;
  const auto failure = Attempt(
      [&] { Append(&failures, SetAsideOlderFailed(context, transaction)); });
  if (failure) failures.push_back({"", failure->message});
  Append(&failures,
         CollectGarbage(context->fs, context->ThreadsFor(kRemoveThreads)));
  FoldHistory(context, transaction, &failures);
  return TakeUnreported(context->fs, failures);
}

}  // namespace release
