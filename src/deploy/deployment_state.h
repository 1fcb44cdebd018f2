// The state of an app on disk: the live release, the ledger, and a transaction
// that has not ended.
#ifndef RELEASE_DEPLOY_DEPLOYMENT_STATE_H_
#define RELEASE_DEPLOY_DEPLOYMENT_STATE_H_

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "store/journal.h"
#include "store/ledger.h"
#include "store/releases.h"

namespace release {

struct DeploymentState {
  std::optional<std::string> current_target;  // the target of `current`
  bool current_is_link = true;  // false: `current` is a directory or a file
  std::optional<Version> live;  // the version that `current` names, if on disk
  ReleaseListing listing;
  Ledger ledger;  // reconciled with the listing
  // The highest transaction number in use, including that of a damaged record
  // that was set aside; 0 if there is none.
  std::uint64_t newest = 0;
  // The newest record, if it has begun and not ended: the transaction is
  // running, or its process died.
  std::optional<TransactionRecord> open;
  // The newest record that has ended.
  std::optional<TransactionRecord> last;
  // The number of the newest record, if not even its beginning can be read.
  std::optional<std::uint64_t> unreadable;
  // Recovery of an interrupted deploy or activation has just gone back to
  // `live`.
  bool went_back = false;
  // Messages for the admin about entries that do not fit together.
  std::vector<std::string> problems;

  // Returns whether the ledger agrees that `live` was activated last.
  bool LiveIsRecorded() const;

  // Returns the release that `version` is a restart of; empty: none. Before a
  // restart is committed only its open record says so.
  std::string RestartOf(const Version& version) const;

  // For messages: the live version, else the raw target of `current`, else "".
  std::string CurrentName() const;
};

// Throws Error kNotInitialized if the root has no layout, or not all of it.
void RequireLayout(Fs* fs);

// Returns whether the root has a part of the layout and nothing else, as if
// `init` had been killed. It has no release and no records then.
bool IsHalfMade(Fs* fs);

// Throws Error kRootUnsafe if releases/ or a directory of the tool's own is on
// another file system than the root: no rename leads from one to the other, and
// a sync of one would not cover the other. Throws FsError.
void RequireRootOnOneFileSystem(Fs* fs);

// Reads the state; does not need the lock. Reads records from the newest back
// until one has ended. Pass the number of the newest record as `newest` if the
// caller has just ended it. A layout that is half made is a problem of the
// state. Throws Error kNotInitialized if the root has no layout.
DeploymentState ReadDeploymentState(
    Fs* fs, std::optional<std::uint64_t> newest = std::nullopt);

// As ReadDeploymentState, for the caller that has just ended the transaction of
// `record`, which is not read again.
DeploymentState ReadStateAfter(Fs* fs, const TransactionRecord& record);

// As ReadDeploymentState, for a root that may have no layout yet. Without a
// layout the state has no records, and every release is unknown.
DeploymentState ReadForeignStanding(Fs* fs);

// Throws Error kNoSuchRelease. Its message suggests a release of `present` with
// a similar name.
[[noreturn]] void ThrowNoSuchRelease(const std::set<Version>& present,
                                     const Version& version);

// Throws Error kNoSuchRelease if the version is not in releases/.
void RequireRelease(const DeploymentState& state, const Version& version);

// Returns the live release. Throws Error kNoSuchRelease if none is live.
const Version& RequireLive(const DeploymentState& state);

// Throws Error kLiveDiffers if another release than `expected` is live. Without
// a value any may be live; "" stands for none.
void RequireExpectedLive(const DeploymentState& state,
                         const std::optional<std::string>& expected);

// Throws Error kCurrentNotALink if `current` exists and is not a symlink. Only
// a rollback proceeds then: it sets the file or directory aside.
void RequireLink(const DeploymentState& state);

// Throws Error kIrreversible, with the remedy, if a rollback to `target` leaves
// an irreversible release behind.
void RequireReversible(const DeploymentState& state, const Version& target);

// Returns the release that a rollback activates: `version` if given, else the
// ledger's rollback target. If recovery has just gone back to the live release,
// that was the rollback asked for, so the live release is returned.
//
// The rollback of a `rollout`, unless "", goes to the release that was live and
// good before it, or to the live one, which may be none, if that was not made
// live by this rollout. Throws Error kNothingToRollBackTo, or kNoSuchRelease if
// the target is not on disk.
std::optional<Version> ChooseRollbackTarget(
    const DeploymentState& state, const std::optional<Version>& version,
    const std::string& rollout);

}  // namespace release

#endif  // RELEASE_DEPLOY_DEPLOYMENT_STATE_H_
