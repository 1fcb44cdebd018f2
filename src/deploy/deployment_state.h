// How things stand on disk: what is live, what is known, what is unfinished.
#ifndef RELEASE_DEPLOY_DEPLOYMENT_STATE_H_
#define RELEASE_DEPLOY_DEPLOYMENT_STATE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "store/journal.h"
#include "store/ledger.h"
#include "store/releases.h"

namespace release {

struct DeploymentState {
  std::optional<std::string> current_target;  // what the link says
  bool current_is_link = true;  // false: something else has the name
  std::optional<Version> live;  // the version it names, if it is there
  ReleaseListing listing;
  Ledger ledger;  // brought in line with the listing
  // The highest number in use, also that of a record that was set aside; 0:
  // none.
  std::uint64_t newest = 0;
  // The newest record where it has begun and not ended: a running transaction,
  // or one whose process died.
  std::optional<TransactionRecord> open;
  // The newest record that has ended.
  std::optional<TransactionRecord> last;
  // The newest record where not even its beginning can be read.
  std::optional<std::uint64_t> unreadable;
  // Settling an interrupted deploy or activation has just gone back to `live`.
  bool went_back = false;
  // What a person should look at, in words.
  std::vector<std::string> problems;

  // Whether the ledger, too, holds `live` for the one that went live last.
  bool LiveIsRecorded() const;

  // For people: the version that is live, else the raw target, else "".
  std::string CurrentName() const;
};

// Throws Error kNotInitialized where the root has no layout.
void RequireLayout(Fs* fs);

// Reads it, without the lock. Reads records from the newest back only until one
// has ended. `newest` is the number of the newest, where the caller has just
// ended it. Throws Error kNotInitialized where the root has no layout.
DeploymentState ReadDeploymentState(
    Fs* fs, std::optional<std::uint64_t> newest = std::nullopt);

// The same of a root whose layout may be missing: then nothing is known of what
// was before.
DeploymentState ReadForeignStanding(Fs* fs);

// Throws Error kNoSuchRelease where the version is not in releases/.
void RequireRelease(const DeploymentState& state, const Version& version);

// Throws Error kCurrentNotALink where something else has the name `current`.
// Only a rollback goes on there: it puts what it finds aside.
void RequireLink(const DeploymentState& state);

// Where a rollback goes: to `version`, else to where the ledger says; but where
// settling went back just now, that was the rollback asked for. Throws
// Error kNothingToRollBackTo, or kNoSuchRelease where it is not on disk.
Version ChooseRollbackTarget(const DeploymentState& state,
                             const std::optional<Version>& version);

}  // namespace release

#endif  // RELEASE_DEPLOY_DEPLOYMENT_STATE_H_
