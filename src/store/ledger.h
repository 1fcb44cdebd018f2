// What is known of each release, and which was live before which.
//
// A ledger is a value. The last record of every transaction carries the one
// that holds after it, so that the newest record alone says how things stand.
// `current` alone says what is live; the ledger says what is good.
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
  std::uint64_t transaction = 0;  // that gave it this state; 0: none
  std::int64_t since = 0;         // wall seconds of that
  std::string by;                 // who ran that transaction
  std::string reason;             // why it failed or was withdrawn
  bool pinned = false;
  std::uint64_t bytes = 0;  // of its files, from its manifest
  std::string evidence;     // what vouched for it when it came, in words

  bool operator==(const LedgerEntry&) const = default;
};

// The evidence of one key that was used last.
struct SerialUse {
  std::uint64_t serial = 0;
  std::string sha256;  // of the archive it was for

  bool operator==(const SerialUse&) const = default;
};

class Ledger {
 public:
  // Sorted by version name.
  const std::vector<LedgerEntry>& entries() const { return entries_; }
  // Releases in the order in which they became live and stayed: the one the
  // ledger holds for live is last. No version twice.
  const std::vector<Version>& activation_order() const {
    return activation_order_;
  }

  // By the key's fingerprint. A key stays when the releases it vouched for are
  // gone: what was used once must not come again.
  const std::map<std::string, SerialUse>& serials() const { return serials_; }

  const LedgerEntry* Find(const Version& version) const;

  // -- transitions, each naming the transaction that caused it
  struct Cause {
    std::uint64_t transaction = 0;
    std::int64_t at = 0;
    std::string by;
    std::string reason;
  };
  void Staged(const Version& version, std::uint64_t bytes, const Cause& cause);
  // `version` was activated and proved healthy: it is good, and live.
  void Activated(const Version& version, const Cause& cause);
  // An admin went back from `left` (nothing where it was no release) to
  // `version`: what became live after `version` no longer stands behind it.
  void RolledBack(const std::optional<Version>& left, const Version& version,
                  const Cause& cause);
  // Its activation was undone because of what it did. (One that was merely
  // interrupted keeps the state it had.)
  void Failed(const Version& version, const Cause& cause);
  // It was on disk before the tool was, which calls it `state` from now on. A
  // good one is the newest of the line.
  void TakenOver(const Version& version, ReleaseState state,
                 std::uint64_t bytes, const Cause& cause);
  void Pin(const Version& version, bool pinned);
  void SetEvidence(const Version& version, const std::string& evidence);
  // Evidence was used; its serial is not below the one before.
  void UseSerial(const std::string& key, const SerialUse& use);
  void Remove(const Version& version);

  // Brings the ledger in line with the disk: forgets what is gone, takes up
  // what it does not know as kUnknown.
  void Reconcile(const std::set<Version>& on_disk);

  // Where `rollback` goes from `live`: the release that was live and good
  // before it. Never a failed, withdrawn, staged or unknown one. Where `live`
  // is not what the ledger holds for live (a link moved by hand), the last good
  // release of the line that is not `live`.
  std::optional<Version> RollbackTarget(
      const std::optional<Version>& live) const;

  // For reading a ledger back: appends as is.
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
