// The rule by which an interrupted or failed transaction is settled.
//
//   Before `committed` is durable, undo the transaction.
//   After it, only collect garbage.
//
// The rule is one pure function of the transaction's record and the state of
// the disk. A failed step, an abort, a signal, `kill -9`, a power cut and the
// boot after it all use this rule; deploy/undo.h carries out the plan.
#ifndef RELEASE_DEPLOY_RECOVERY_H_
#define RELEASE_DEPLOY_RECOVERY_H_

#include <optional>
#include <string>

#include "store/journal.h"

namespace release {

// Whether the service takes part in a recovery. At boot it does not: it has not
// been started yet.
enum class WithService { kYes, kNo };

// The state of the disk, read under the lock.
struct DiskFacts {
  std::optional<std::string> current_target;  // where `current` points now
  bool from_exists = false;  // the release that was live is still there
  // The inode of the entry at releases/TO, the transaction's release; nullopt
  // if it does not exist.
  std::optional<std::uint64_t> to_inode;
};

struct RecoveryPlan {
  enum class Link {
    // `current` already points where it did before. Sync anyway: an undo that
    // was killed may have renamed it without making the rename durable.
    kSync,
    kRestore,  // point `current` back at the earlier target, and sync
    // There was no link before: remove it, and sync. If a file or directory had
    // the name and was set aside or adopted, it gets the name back.
    kRemove,
    // `current` points neither at the earlier release nor at this transaction's
    // release, so a person moved it. Leave it there.
    kLeave,
    // The earlier release is gone, so going back would leave `current`
    // dangling. Leave it, and ask for manual intervention.
    kStuck,
  };
  enum class Tree {
    kKeep,  // existed before the transaction, or does not exist
    // Somebody else put it there since the transaction began. Keep the tree,
    // but remove the manifest that the transaction wrote for that name.
    kNotOurs,
    kDrop,  // made by this transaction and never live: remove it
    // Made by this transaction, and started, live for a while, or perhaps still
    // linked: keep it and mark it failed, so that the failure can be examined.
    kKeepFailed,
  };

  Link link = Link::kSync;
  Tree tree = Tree::kKeep;
  // For [instances] and [trial]: whether to stop the instance that the
  // transaction started.
  bool stop_new = false;
  // For [instances]: whether the earlier release's instance must run before the
  // link goes back. An instance that an operator had stopped stays stopped.
  bool keep_earlier_running = false;
  // Whether to reload the service, which may have loaded this transaction's
  // release. Always false for an adoption: the service uses the same files
  // before and after it.
  bool reload = false;

  bool operator==(const RecoveryPlan&) const = default;
};

// Returns how to undo the transaction of `record`, which must have begun;
// nullopt if it has ended.
std::optional<RecoveryPlan> PlanRecovery(const TransactionRecord& record,
                                         const DiskFacts& disk);

}  // namespace release

#endif  // RELEASE_DEPLOY_RECOVERY_H_
