// The switch of `current`: the checks around it, the rename, and its undoing.
#ifndef RELEASE_DEPLOY_SWITCH_H_
#define RELEASE_DEPLOY_SWITCH_H_

#include <optional>
#include <string>

#include "base/version.h"
#include "deploy/recovery.h"
#include "deploy/transaction_spec.h"
#include "os/fs.h"
#include "store/journal.h"

namespace release {

// Whether `current` was a symbolic link when the transaction began.
enum class CurrentBefore { kLink, kOther };

// Returns whether `current` is as it was when the transaction began. Throws
// FsError.
bool IsUnmoved(Fs* fs, const BeginRecord& begin, CurrentBefore before);

// Throws Error kLinkMoved if it is not, or FsError.
void RequireUnmoved(Fs* fs, const BeginRecord& begin, CurrentBefore before);

// Points `current` at the release of the record; durable on return. Sets aside
// an entry that is not a link, or exchanges it with the adopted tree. Returns a
// remark if it set one aside. Throws FsError; `current` may have moved then.
std::optional<std::string> SwitchCurrent(Fs* fs,
                                         const TransactionRecord& record,
                                         CurrentBefore before, LinkChange link);

// Undoes SwitchCurrent as the recovery plan says. May be repeated. Durable on
// return, even if nothing had to change. Throws FsError.
void UndoSwitch(Fs* fs, const TransactionRecord& record,
                RecoveryPlan::Link link);

// Throws Error kLinkMoved if `current` does not point at the release, or
// FsError.
void RequireLive(Fs* fs, const Version& version);

}  // namespace release

#endif  // RELEASE_DEPLOY_SWITCH_H_
