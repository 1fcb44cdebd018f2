// A transaction as a value: its kind and the user's arguments.
//
// The spec stays constant while the transaction runs. Facts that are found
// under the lock make up a PreparedTransaction.
#ifndef RELEASE_DEPLOY_TRANSACTION_SPEC_H_
#define RELEASE_DEPLOY_TRANSACTION_SPEC_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/config.h"
#include "base/version.h"
#include "deploy/archive_request.h"
#include "deploy/deploy_context.h"
#include "store/journal.h"
#include "store/ledger.h"

namespace release {

enum class TransactionKind {
  kDeploy,
  kStage,
  kActivate,
  kRollback,
  kRestart,         // with [instances]
  kRestartService,  // without: only the service changes
  kAdopt,
  kPrune,
  kPin,
  kUnpin,
  kWatch,  // records what a watch has found
};

// How a kind of transaction changes `current`.
enum class LinkChange {
  kNone,
  kForward,   // switch, reload, prove; runs the activation hooks
  kBack,      // the same without hooks; the release left becomes withdrawn
  kTakeOver,  // switch only: the service uses the same files as before
};

// How a kind of transaction changes releases/ before its switch or commit.
enum class StagingStep {
  kNone,
  kUnpack,
  kRepublish,  // the files of the live release, under a new name
  kAdopt,
  kSetAsideUnkept,
};

enum class AfterCommit { kNothing, kApplyRetention, kCollectUnkept };

struct KindTraits {
  CommandId command = CommandId::kNone;
  StagingStep staging = StagingStep::kNone;
  LinkChange link = LinkChange::kNone;
  AfterCommit after_commit = AfterCommit::kNothing;

  // Transactions that bring in nothing must succeed on a full disk, so they
  // take a preallocated record.
  constexpr Journal::RecordSpace record_space() const {
    const bool brings_in = staging == StagingStep::kUnpack ||
                           staging == StagingStep::kRepublish ||
                           staging == StagingStep::kAdopt;
    return brings_in ? Journal::RecordSpace::kNewFile
                     : Journal::RecordSpace::kSpareFile;
  }
};

// Has a row for each TransactionKind, in the order of the enumerators.
inline constexpr std::array<KindTraits, 11> kKindTraits = {{
    {CommandId::kDeploy, StagingStep::kUnpack, LinkChange::kForward,
     AfterCommit::kApplyRetention},
    {CommandId::kStage, StagingStep::kUnpack, LinkChange::kNone,
     AfterCommit::kNothing},
    {CommandId::kActivate, StagingStep::kNone, LinkChange::kForward,
     AfterCommit::kApplyRetention},
    {CommandId::kRollback, StagingStep::kNone, LinkChange::kBack,
     AfterCommit::kNothing},
    {CommandId::kRestart, StagingStep::kRepublish, LinkChange::kForward,
     AfterCommit::kApplyRetention},
    {CommandId::kRestart, StagingStep::kNone, LinkChange::kNone,
     AfterCommit::kNothing},
    {CommandId::kInit, StagingStep::kAdopt, LinkChange::kTakeOver,
     AfterCommit::kNothing},
    {CommandId::kPrune, StagingStep::kSetAsideUnkept, LinkChange::kNone,
     AfterCommit::kCollectUnkept},
    {CommandId::kPin, StagingStep::kNone, LinkChange::kNone,
     AfterCommit::kNothing},
    {CommandId::kUnpin, StagingStep::kNone, LinkChange::kNone,
     AfterCommit::kNothing},
    {CommandId::kWatch, StagingStep::kNone, LinkChange::kNone,
     AfterCommit::kNothing},
}};

constexpr const KindTraits& TraitsOf(TransactionKind kind) {
  return kKindTraits[static_cast<std::size_t>(kind)];
}

// A release that exists already and gets a manifest and a ledger entry.
struct AdoptedRelease {
  Version version;
  std::string path;  // below the root: "current", or releases/VERSION
  ReleaseState state = ReleaseState::kGood;
  std::string reason;  // why it is not good
};

// The arguments of kAdopt.
struct AdoptionSpec {
  std::vector<AdoptedRelease> releases;  // in the order of their activation
  std::string order_source;  // the log that gave the order; empty if only one
  std::vector<std::string> warnings;  // about entries that are not adopted
};

// Whether a rollback may leave irreversible releases behind.
enum class PastIrreversible { kRefused, kAllowed };

// The part of this host in a rollout over several hosts.
struct RolloutTerms {
  // Kept in the record, and with a release that becomes live; empty: none. A
  // rollback with an id goes back to the release that was live before that
  // rollout, and changes nothing if another change made the live one live.
  std::string id;
  // The release that must be live, else the transaction is refused; "": none
  // may be live. nullopt: any.
  std::optional<std::string> expect_live;
};

struct TransactionSpec {
  TransactionKind kind = TransactionKind::kPrune;
  // kActivate, kAdopt, kPin, kUnpin: the release; kRollback: nullopt means the
  // last good release.
  std::optional<Version> version;
  std::string reason;                     // the user's --reason
  std::optional<ArchiveRequest> archive;  // kDeploy, kStage
  AdoptionSpec adoption;                  // kAdopt; empty if already adopted
  // How long to wait for `release confirm` after the release proved healthy;
  // without a confirmation the transaction is undone. nullopt: do not wait.
  std::optional<Duration> confirm_within;
  // kRollback: do not wait until the release answers well.
  bool unchecked = false;
  PastIrreversible past = PastIrreversible::kRefused;  // kRollback
  // kDeploy, kActivate: the release becomes irreversible with the commit.
  bool irreversible = false;
  RolloutTerms rollout;
  // kActivate: the SHA-256 that the release's manifest must have; empty: any.
  std::string manifest_sha256;
  // A reason to refuse that the caller found under the lock. The transaction
  // then changes nothing, and only its refusal is recorded.
  std::optional<Failure> refusal;

  const KindTraits& traits() const { return TraitsOf(kind); }
};

// A serial number of a signed attestation, used up by the commit.
struct UsedSerial {
  std::string key;  // the signer's
  SerialUse use;
};

// Facts that were found under the lock, by the preparation and the staging.
struct PreparedTransaction {
  std::optional<Version> to;  // the release it is about
  bool creates = false;       // staging makes releases/TO
  // The wanted state exists already: `current` and the releases' ledger states
  // do not change. A signed serial is used up all the same.
  bool unchanged = false;
  // Facts about the archive, for the record and for hooks.
  std::map<std::string, std::string> facts;
  std::string evidence;    // the same in words, for the ledger
  std::string restart_of;  // LedgerEntry::restart_of
  std::optional<UsedSerial> serial;
  std::uint64_t bytes = 0;  // in the files of a release that was created
  // For each release of the AdoptionSpec, the bytes in its files.
  std::vector<std::uint64_t> adopted_bytes;
};

}  // namespace release

#endif  // RELEASE_DEPLOY_TRANSACTION_SPEC_H_
