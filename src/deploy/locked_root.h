// The app's root under its lock, and the commands that run there.
#ifndef RELEASE_DEPLOY_LOCKED_ROOT_H_
#define RELEASE_DEPLOY_LOCKED_ROOT_H_

#include <memory>
#include <optional>

#include "deploy/deploy_context.h"
#include "deploy/deployment_state.h"
#include "deploy/transaction_spec.h"
#include "store/lock.h"

namespace release {

// The app's root under its lock, with no earlier transaction left open. For
// callers that must look at the state before they know what they want.
class LockedRoot {
 public:
  // Takes the lock, waiting up to `context->wait`, and recovers. `context` must
  // outlive the object. Throws Error kBusy or kNotInitialized, or the error of
  // the recovery; before that it releases the lock and delivers notices.
  explicit LockedRoot(DeployContext* context);
  LockedRoot(const LockedRoot&) = delete;
  LockedRoot& operator=(const LockedRoot&) = delete;

  // False if recovery needs a person. Run then runs nothing and returns the
  // outcome of the recovery.
  bool recovered() const { return !state_.open; }
  const DeploymentState& state() const { return state_; }

  // Runs the transaction, releases the lock, and delivers notices of the
  // outcome (deploy/notices.h). Call once. A committed outcome is durable on
  // return. Throws only if the transaction could not begin, for example because
  // the disk has no room for the record; then nothing has changed.
  Outcome Run(const TransactionSpec& spec);

 private:
  void LockAndRecover();
  Outcome RunAndPrepareNext(const TransactionSpec& spec);

  DeployContext* context_;
  std::optional<Lock> lock_;
  DeploymentState state_;
  std::optional<Outcome> recovery_;
};

// Reports who holds the lock, and a wait for it that lasts until the result is
// destroyed. Returns null, and reports nothing, if `context->wait` is zero or
// the lock is free. Throws FsError.
std::unique_ptr<ReportedWork> ReportWaitForLock(DeployContext* context);

// As LockedRoot(context).Run(spec).
Outcome RunTransaction(DeployContext* context, const TransactionSpec& spec);

}  // namespace release

#endif  // RELEASE_DEPLOY_LOCKED_ROOT_H_
