// The rule by which an interrupted or failed transaction is settled.
//
//   Before `committed` is durable, go back.
//   After it, there is nothing to do but collect garbage.
//
// It is one pure function of what the transaction's record says and what the
// disk shows. A step that failed, an abort, a signal, `kill -9`, a power cut
// and the boot after it all end here; deploy/undo.h carries out what it says.
#ifndef RELEASE_DEPLOY_RECOVERY_H_
#define RELEASE_DEPLOY_RECOVERY_H_

#include <optional>
#include <string>

#include "store/journal.h"

namespace release {

// What the disk shows, read after the lock was taken.
struct DiskFacts {
  std::optional<std::string> current_target;  // what `current` says now
  bool from_exists = false;  // the release that was live is still there
  // The inode of what has the name of the transaction's release; nothing:
  // there is none.
  std::optional<std::uint64_t> to_inode;
};

struct RecoveryPlan {
  enum class Link {
    // `current` says what it said before. It is synced all the same: a killed
    // undo may have renamed it without the rename being durable.
    kSync,
    kRestore,  // point it back at what it said before, and sync
    // There was none before: remove it, and sync. Where something else had the
    // name and was put aside, or taken over, it gets the name back.
    kRemove,
    // It names neither the release before nor the one of this transaction: a
    // person moved it. What they chose stays.
    kLeave,
    // The release before is gone, so going back would leave `current` dangling:
    // it stays, and a person is needed.
    kStuck,
  };
  enum class Tree {
    kKeep,  // was there before, or is not there
    // Somebody put it there since the transaction began. It stays; what the
    // transaction wrote about a release of that name goes.
    kNotOurs,
    kDrop,        // made by this transaction and never live
    kKeepFailed,  // made by this transaction and live for a while: kept, marked
                  // failed, for whoever wants to know why
  };

  Link link = Link::kSync;
  Tree tree = Tree::kKeep;
  // The service may have taken up the release of this transaction. Never where
  // it was only taken over: the service uses the same files either way.
  bool reload = false;

  bool operator==(const RecoveryPlan&) const = default;
};

// What to do about `record`, which has begun. Nothing where it has ended.
std::optional<RecoveryPlan> PlanRecovery(const TransactionRecord& record,
                                         const DiskFacts& disk);

}  // namespace release

#endif  // RELEASE_DEPLOY_RECOVERY_H_
