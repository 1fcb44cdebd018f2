#include "deploy/operations.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "deploy/attempt.h"
#include "deploy/locked_root.h"
#include "deploy/notices.h"
#include "deploy/preempt.h"
#include "deploy/undo.h"
#include "deploy/watched_release.h"
#include "store/durable.h"
#include "store/layout.h"
#include "store/lock.h"
#include "store/spare_records.h"
#include "store/unremovable.h"

namespace release {
namespace {

[[noreturn]] void ThrowNothingRunning() {
  throw Error(ErrorCode::kNothingRunning, "cannot find a running transaction");
}

std::string RemarkOn(const Preempted& preempted) {
  const std::string by = CallerName(preempted.caller);
  // It may still receive its archive, or be a drain that looks for a moment.
  if (preempted.command == CommandId::kNone) {
    return fmt::format(
        "asked the command of {} that holds the lock to stop: {}", by,
        preempted.caller.command);
  }
  return fmt::format(
      "asked transaction {} to undo and stop: the {} of {} was under way",
      preempted.number, CommandName(preempted.command), by);
}

Outcome RecoverLocked(DeployContext* context, WithService with_service) {
  if (IsHalfMade(context->fs)) {
    // There is no record, so there is nothing to settle; the app may start.
    return {.command = CommandId::kRecover,
            .result = Result::kNothing,
            .warnings = ReadDeploymentState(context->fs).problems};
  }
  RequireLayout(context->fs);
  auto wait = ReportWaitForLock(context);
  const Lock lock(context->fs, context->system.clock, context->caller,
                  context->wait);
  wait.reset();
  DeploymentState state = ReadDeploymentState(context->fs);
  std::optional<Outcome> settled = Recover(context, &state, with_service);
  Outcome outcome;
  outcome.command = CommandId::kRecover;
  outcome.result = Result::kNothing;
  outcome.current = settled ? settled->current : state.CurrentName();
  outcome.previous = outcome.current;
  if (!settled) {
    // Recover collects garbage only after an undo.
    const RemovalFailures failures =
        CollectGarbage(context->fs, context->ThreadsFor(kRemoveThreads));
    outcome.warnings = MessagesOf(failures);
    // Forgets the entries that are gone now.
    TakeUnreported(context->fs, failures);
    return outcome;
  }
  outcome.transaction = settled->transaction;
  outcome.version = settled->version;
  outcome.warnings = std::move(settled->warnings);
  outcome.undo_steps = std::move(settled->undo_steps);
  outcome.error = std::move(settled->error);
  // A completed undo counts as success; only kNeedsPerson is a failure.
  const bool needs_person = settled->exit == Exit::kNeedsPerson;
  outcome.exit = needs_person ? Exit::kNeedsPerson : Exit::kDone;
  outcome.result = needs_person ? Result::kInDoubt : Result::kUndone;
  return outcome;
}

}  // namespace

Outcome Deploy(DeployContext* context, ArchiveRequest request,
               const ActivationTerms& terms) {
  return RunTransaction(context, {.kind = TransactionKind::kDeploy,
                                  .archive = std::move(request),
                                  .confirm_within = terms.confirm_within,
                                  .irreversible = terms.irreversible,
                                  .rollout = terms.rollout});
}

Outcome Stage(DeployContext* context, ArchiveRequest request,
              const RolloutTerms& rollout) {
  return RunTransaction(context, {.kind = TransactionKind::kStage,
                                  .archive = std::move(request),
                                  .rollout = rollout});
}

Outcome Activate(DeployContext* context, const Version& version,
                 const ActivationTerms& terms) {
  return RunTransaction(context, {.kind = TransactionKind::kActivate,
                                  .version = version,
                                  .confirm_within = terms.confirm_within,
                                  .irreversible = terms.irreversible,
                                  .rollout = terms.rollout,
                                  .manifest_sha256 = terms.manifest_sha256});
}

Outcome Rollback(DeployContext* context, const std::optional<Version>& version,
                 const std::string& reason, RollbackProof proof,
                 PastIrreversible past, const RolloutTerms& rollout) {
  TransactionSpec spec{.kind = TransactionKind::kRollback,
                       .version = version,
                       .reason = reason,
                       .unchecked = proof == RollbackProof::kUnchecked,
                       .past = past,
                       .rollout = rollout};
  const auto preempted = Preempt(context, rollout.id);
  if (!preempted) return RunTransaction(context, spec);
  const std::string remark = RemarkOn(*preempted);
  context->report({.kind = ProgressEvent::Kind::kRemark,
                   .transaction = preempted->number,
                   .text = remark});
  context->wait = std::max(context->wait, LongestUndo(*context->config));
  // Its undo is the rollback that was asked for.
  if (!version && rollout.id.empty()) spec.version = preempted->returns_to;
  Outcome outcome = RunTransaction(context, spec);
  outcome.warnings.insert(outcome.warnings.begin(), remark);
  return outcome;
}

Outcome Restart(DeployContext* context) {
  return RunTransaction(context,
                        {.kind = context->config->instances.configured
                                     ? TransactionKind::kRestart
                                     : TransactionKind::kRestartService});
}

Outcome Prune(DeployContext* context) {
  return RunTransaction(context, {.kind = TransactionKind::kPrune});
}

Outcome Pin(DeployContext* context, const Version& version) {
  return RunTransaction(context,
                        {.kind = TransactionKind::kPin, .version = version});
}

Outcome Unpin(DeployContext* context, const Version& version) {
  return RunTransaction(context,
                        {.kind = TransactionKind::kUnpin, .version = version});
}

Outcome RecoverNow(DeployContext* context, WithService with_service) {
  Outcome outcome = RecoverLocked(context, with_service);
  for (std::string& warning : TellNotices(context)) {
    outcome.warnings.push_back(std::move(warning));
  }
  Reason unwatched;
  const auto failure = Attempt([&] { unwatched = ResumeWatch(context); });
  if (failure) unwatched = failure->message;
  if (unwatched) outcome.warnings.push_back("no watch: " + *unwatched);
  return outcome;
}

bool InitializeLayout(Fs* fs) {
  bool made = false;
  for (const char* path : {kReleases, kShared, kIncoming, kOwn, kTransactions,
                           kManifests, kOutbox}) {
    if (fs->Stat(Fs::kRoot, path)) continue;
    const bool own = std::string_view(path).starts_with(kOwn);
    fs->MakeDirectory(Fs::kRoot, path, own ? 0750 : 0755);
    made = true;
  }
  // Make the layout durable before the first transaction relies on it. Sync
  // even if it was there: an earlier `init` may have been killed before this.
  SyncDirectory(fs, kOwn);
  SyncDirectory(fs, "");
  if (made) PrepareSpareRecords(fs);
  return made;
}

std::uint64_t FindForConfirm(Fs* fs) {
  const DeploymentState state = ReadDeploymentState(fs);
  // An open record without a lock holder belongs to a process that died.
  if (!state.open || !FindLockHolder(fs)) ThrowNothingRunning();
  return state.open->number;
}

std::uint64_t FindForAbort(Fs* fs) {
  const DeploymentState state = ReadDeploymentState(fs);
  if (!FindLockHolder(fs)) ThrowNothingRunning();
  return NumberOfRunning(state);
}

std::uint64_t Confirm(Fs* fs) {
  const std::uint64_t number = FindForConfirm(fs);
  LeaveRequest(fs, ConfirmPath(number), "");
  return number;
}

std::uint64_t Abort(DeployContext* context) {
  const std::uint64_t number = FindForAbort(context->fs);
  RequestAbort(context->fs, number, CallerName(context->caller));
  return number;
}

}  // namespace release
