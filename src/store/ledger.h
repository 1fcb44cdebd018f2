// The state of each release, and the order in which releases became live.
//
// A ledger is a value. The last line of every record holds the ledger as it is
// after that transaction, so the newest record that ended is all a command must
// read. `current` alone says which release is live; the ledger says which
// releases are good.
#ifndef RELEASE_STORE_LEDGER_H_
#define RELEASE_STORE_LEDGER_H_

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/version.h"

namespace release {

enum class ReleaseState {
  kGood,       // committed once
  kStaged,     // published, never live
  kFailed,     // its activation was undone
  kWithdrawn,  // an admin rolled back from it
  kUnknown,    // the tool did not put it there
};

// "good", "staged", "failed", "withdrawn", "unknown".
std::string_view StateName(ReleaseState state);
std::optional<ReleaseState> ParseStateName(std::string_view name);

struct LedgerEntry {
  Version version;
  ReleaseState state = ReleaseState::kUnknown;
  std::uint64_t transaction = 0;  // the one that gave it this state; 0: none
  std::int64_t since = 0;         // when, in seconds since 1970
  std::string by;                 // who ran that transaction
  std::string reason;             // why it failed or was withdrawn
  bool pinned = false;
  std::uint64_t bytes = 0;  // total size of its files, from its manifest
  std::string evidence;     // what vouched for its archive, in words
  // The release whose files a restart published again under this name; empty:
  // it is no restart.
  std::string restart_of;
  // It changed something that an earlier release cannot work with, as who
  // deployed it said. A rollback across it must be asked for twice.
  bool irreversible = false;
  // The rollout whose transaction made it live; empty: none.
  std::string rollout;

  // Returns the release whose files it has: `restart_of`, or itself.
  const std::string& origin() const {
    return restart_of.empty() ? version.name() : restart_of;
  }

  bool operator==(const LedgerEntry&) const = default;
};

// The last use of evidence that one key signed.
struct SerialUse {
  std::uint64_t serial = 0;
  std::string sha256;  // of the archive that the evidence was for

  bool operator==(const SerialUse&) const = default;
};

class Ledger {
 public:
  // Sorted by version name.
  const std::vector<LedgerEntry>& entries() const { return entries_; }
  // The releases that became live and were committed, in that order; the last
  // one is the live release as far as the ledger knows. No version occurs
  // twice.
  const std::vector<Version>& activation_order() const {
    return activation_order_;
  }

  // By the key's fingerprint. A key's entry stays when its releases are pruned;
  // otherwise their old evidence could be replayed.
  const std::map<std::string, SerialUse>& serials() const { return serials_; }

  // Returns nullptr if there is no such entry. The next change of the ledger
  // invalidates the pointer.
  const LedgerEntry* Find(const Version& version) const;
  // Returns LedgerEntry::restart_of; empty without an entry.
  std::string RestartOf(const Version& version) const;

  // -- transitions; a Cause names the transaction that made one
  struct Cause {
    std::uint64_t transaction = 0;
    std::int64_t at = 0;
    std::string by;
    std::string reason;
    std::string rollout;  // of an activation; empty: none
  };
  void Staged(const Version& version, std::uint64_t bytes, const Cause& cause);
  // `version` was activated and proved healthy: it is good and live.
  void Activated(const Version& version, const Cause& cause);
  // An admin rolled back from `left` (nullopt if `current` named no release) to
  // `version`. `version` is good and `left` is withdrawn. The releases that
  // became live after `version` leave the activation order, so that a second
  // rollback goes further back.
  void RolledBack(const std::optional<Version>& left, const Version& version,
                  const Cause& cause);
  // The activation of `version` was undone because the release failed. (After
  // an undo that was only due to an interrupt it keeps the state it had.)
  void Failed(const Version& version, const Cause& cause);
  // An adoption: `version` was on disk before the tool was, and gets `state`. A
  // good one becomes the last in the activation order.
  void TakenOver(const Version& version, ReleaseState state,
                 std::uint64_t bytes, const Cause& cause);
  void Pin(const Version& version, bool pinned);
  void SetEvidence(const Version& version, const std::string& evidence);
  void SetRestartOf(const Version& version, const std::string& origin);
  void SetIrreversible(const Version& version);
  // Evidence signed by `key` was used. The caller has checked that its serial
  // is not below the last one.
  void UseSerial(const std::string& key, const SerialUse& use);
  void Remove(const Version& version);

  // Brings the ledger in line with the disk: removes releases that are gone and
  // adds those it does not know as kUnknown.
  void Reconcile(const std::set<Version>& on_disk);

  // Returns the release that `rollback` goes to from `live`: the last good one
  // that was live before it. Never returns a failed, withdrawn, staged or
  // unknown one. If `live` is not last in the activation order (somebody moved
  // the link by hand), returns the last good release that is not `live`.
  // Returns nullopt if there is none.
  std::optional<Version> RollbackTarget(
      const std::optional<Version>& live) const;

  // Returns the irreversible releases that a rollback from `live` to `target`
  // leaves behind, the newest first. Without `target` in the activation order,
  // only `live` counts.
  std::vector<Version> IrreversibleSince(
      const Version& target, const std::optional<Version>& live) const;

  // Returns the release that was live and good before the rollout `id` made the
  // last one in the activation order live, or nullopt if there is none.
  std::optional<Version> BeforeRollout(const std::string& id) const;

  // For the parser: add an entry, or the next release of the activation order,
  // as it was written.
  void Restore(LedgerEntry entry);
  void RestoreActivation(const Version& version);

  bool operator==(const Ledger&) const = default;

 private:
  LedgerEntry& At(const Version& version);
  void SetState(const Version& version, ReleaseState state, const Cause& cause);
  void RemoveFromOrder(const Version& version);

  std::vector<LedgerEntry> entries_;
  std::vector<Version> activation_order_;
  std::map<std::string, SerialUse> serials_;
};

}  // namespace release

#endif  // RELEASE_STORE_LEDGER_H_
