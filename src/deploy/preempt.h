// How one command asks the transaction of another to stop.
#ifndef RELEASE_DEPLOY_PREEMPT_H_
#define RELEASE_DEPLOY_PREEMPT_H_

#include <cstdint>
#include <optional>
#include <string>

#include "deploy/deploy_context.h"
#include "deploy/deployment_state.h"

namespace release {

// Leaves a file at `path` in .release/ for which the running transaction looks,
// with `text` in it if the disk has room. Does nothing if it is there already.
// Not durable: if the host crashes, the transaction is undone anyway. Throws
// FsError.
void LeaveRequest(Fs* fs, const std::string& path, const std::string& text);

// Returns the number of the transaction that the lock's holder runs. A holder
// that is still receiving its archive has no record yet; it will take the next
// number.
std::uint64_t NumberOfRunning(const DeploymentState& state);

// Asks transaction `number` to undo and stop. `by` says who asks and by which
// command; the transaction's error repeats it. As LeaveRequest otherwise.
void RequestAbort(Fs* fs, std::uint64_t number, const std::string& by);

// Returns whether a rollback may interrupt the transaction, which runs.
bool IsInterruptible(const TransactionRecord& record);

// A transaction that was asked to stop.
struct Preempted {
  std::uint64_t number = 0;
  CommandId command = CommandId::kNone;  // kNone: it has no record yet
  Identity caller;
  // The release that is live again after its undo; nullopt if it had not
  // switched yet or if no release was live before it.
  std::optional<Version> returns_to;
};

// Asks the holder of the lock to undo and stop if it is still receiving an
// archive, or waits for health or for a confirmation. Returns nullopt, and asks
// for nothing, if the lock is free or the holder does anything else; a rollback
// is never interrupted, since its undo would go forward. With the id of a
// rollout only a transaction of that rollout is asked. Does not wait. Throws
// FsError.
std::optional<Preempted> Preempt(DeployContext* context,
                                 const std::string& rollout = "");

// Returns how long a preempted transaction may take to undo and stop.
Nanoseconds LongestUndo(const Config& config);

}  // namespace release

#endif  // RELEASE_DEPLOY_PREEMPT_H_
