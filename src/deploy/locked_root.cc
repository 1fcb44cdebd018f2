#include "deploy/locked_root.h"

#include <fmt/format.h>

#include <utility>

#include "deploy/attempt.h"
#include "deploy/notices.h"
#include "deploy/transaction.h"
#include "deploy/undo.h"
#include "store/current.h"
#include "store/newest_record.h"
#include "store/releases.h"
#include "store/spare_records.h"

namespace release {

LockedRoot::LockedRoot(DeployContext* context) : context_(context) {
  try {
    LockAndRecover();
  } catch (const Error&) {
    lock_.reset();
    TellNotices(context_);
    throw;
  }
}

void LockedRoot::LockAndRecover() {
  RequireLayout(context_->fs);
  auto wait = ReportWaitForLock(context_);
  lock_.emplace(context_->fs, context_->system.clock, context_->caller,
                context_->wait);
  wait.reset();
  state_ = ReadDeploymentState(context_->fs);
  recovery_ = Recover(context_, &state_, WithService::kYes);
  if (!recovery_) return;
  // Undoing a rollback goes forward, so it is not a rollback that was asked
  // for.
  const bool forward = state_.open->begin->command != CommandId::kRollback;
  const std::string before = state_.CurrentName();
  state_ = ReadDeploymentState(context_->fs);
  if (state_.open) return;
  state_.went_back = forward && state_.CurrentName() != before;
  context_->report(
      {.kind = ProgressEvent::Kind::kWarning,
       .transaction = recovery_->transaction,
       .text = fmt::format("settled first: {}", recovery_->error->message)});
}

Outcome LockedRoot::RunAndPrepareNext(const TransactionSpec& spec) {
  if (!recovered()) return *recovery_;
  Fs* fs = context_->fs;
  Outcome outcome = RunUnderLock(context_, spec, std::move(state_));
  // Make links and spare records now: the next rollback may find a full disk.
  Attempt([&] { PrepareLinks(fs, ListReleases(fs).versions); });
  Attempt([&] { PrepareSpareRecords(fs); });
  // Do this last: any later change in transactions/ invalidates the cache.
  Attempt([&] { RememberNewest(fs, outcome.transaction); });
  return outcome;
}

Outcome LockedRoot::Run(const TransactionSpec& spec) {
  try {
    Outcome outcome = RunAndPrepareNext(spec);
    lock_.reset();
    for (std::string& warning : TellNotices(context_)) {
      outcome.warnings.push_back(std::move(warning));
    }
    return outcome;
  } catch (const Error&) {
    lock_.reset();
    TellNotices(context_);
    throw;
  }
}

std::unique_ptr<ReportedWork> ReportWaitForLock(DeployContext* context) {
  if (context->wait == Nanoseconds(0)) return nullptr;
  const auto holder = FindLockHolder(context->fs);
  if (!holder) return nullptr;
  context->report(
      {.kind = ProgressEvent::Kind::kRemark,
       .text = fmt::format("waiting for the command of {} that "
                           "holds the lock (pid {}): {}",
                           CallerName(holder->caller), holder->caller.pid,
                           holder->caller.command)});
  // A wait of days has no end that is worth counting down to.
  const bool counts_down = context->wait < std::chrono::hours(24);
  return std::make_unique<ReportedWork>(
      context, "lock", /*total=*/0,
      counts_down ? context->wait : Nanoseconds(0));
}

Outcome RunTransaction(DeployContext* context, const TransactionSpec& spec) {
  return LockedRoot(context).Run(spec);
}

}  // namespace release
