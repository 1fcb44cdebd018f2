#include "store/ledger.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/name_table.h"

namespace release {
namespace {

struct StateRow {
  ReleaseState value;
  std::string_view name;
};

constexpr StateRow kStateNames[] = {
    {ReleaseState::kGood, "good"},
    {ReleaseState::kStaged, "staged"},
    {ReleaseState::kFailed, "failed"},
    {ReleaseState::kWithdrawn, "withdrawn"},
    {ReleaseState::kUnknown, "unknown"},
};
static_assert(FollowsEnum(kStateNames, ReleaseState::kUnknown));

bool ByVersion(const LedgerEntry& entry, const Version& version) {
  return entry.version < version;
}

}  // namespace

std::string_view StateName(ReleaseState state) {
  return RowAt(kStateNames, state).name;
}

std::optional<ReleaseState> ParseStateName(std::string_view name) {
  return FindByName(kStateNames, name);
}

const LedgerEntry* Ledger::Find(const Version& version) const {
  const auto it =
      std::lower_bound(entries_.begin(), entries_.end(), version, ByVersion);
  return it != entries_.end() && it->version == version ? &*it : nullptr;
}

std::string Ledger::RestartOf(const Version& version) const {
  const LedgerEntry* entry = Find(version);
  return entry == nullptr ? "" : entry->restart_of;
}

// Returns the entry of `version`, added in sorted order if it is missing.
LedgerEntry& Ledger::At(const Version& version) {
  auto it =
      std::lower_bound(entries_.begin(), entries_.end(), version, ByVersion);
  if (it == entries_.end() || it->version != version) {
    it = entries_.insert(it, LedgerEntry{.version = version});
  }
  return *it;
}

void Ledger::SetState(const Version& version, ReleaseState state,
                      const Cause& cause) {
  LedgerEntry& entry = At(version);
  entry.state = state;
  entry.transaction = cause.transaction;
  entry.since = cause.at;
  entry.by = cause.by;
  entry.reason = cause.reason;
}

void Ledger::RemoveFromOrder(const Version& version) {
  std::erase(activation_order_, version);
}

void Ledger::Staged(const Version& version, std::uint64_t bytes,
                    const Cause& cause) {
  SetState(version, ReleaseState::kStaged, cause);
  At(version).bytes = bytes;
}

void Ledger::Activated(const Version& version, const Cause& cause) {
  SetState(version, ReleaseState::kGood, cause);
  At(version).rollout = cause.rollout;
  RemoveFromOrder(version);
  activation_order_.push_back(version);
}

void Ledger::RolledBack(const std::optional<Version>& left,
                        const Version& version, const Cause& cause) {
  const auto it =
      std::find(activation_order_.begin(), activation_order_.end(), version);
  if (it != activation_order_.end()) {
    activation_order_.erase(std::next(it), activation_order_.end());
  } else {
    if (left) RemoveFromOrder(*left);
    activation_order_.push_back(version);
    // An admin chose it, and no rollout.
    At(version).rollout.clear();
  }
  // The rollback has proved `version` healthy, so it is good whatever it was. A
  // release that was good keeps the date and author of its own commit. The
  // given reason is why `left` was abandoned; it is not about `version`.
  Cause none = cause;
  none.reason.clear();
  if (At(version).state != ReleaseState::kGood) {
    SetState(version, ReleaseState::kGood, none);
  }
  if (left && *left != version && Find(*left) != nullptr) {
    SetState(*left, ReleaseState::kWithdrawn, cause);
  }
}

void Ledger::Failed(const Version& version, const Cause& cause) {
  SetState(version, ReleaseState::kFailed, cause);
}

// An adoption passes the releases in the order in which they were live, so each
// good one can go to the end of the order.
void Ledger::TakenOver(const Version& version, ReleaseState state,
                       std::uint64_t bytes, const Cause& cause) {
  SetState(version, state, cause);
  At(version).bytes = bytes;
  RemoveFromOrder(version);
  if (state == ReleaseState::kGood) activation_order_.push_back(version);
}

void Ledger::Pin(const Version& version, bool pinned) {
  At(version).pinned = pinned;
}

void Ledger::SetRestartOf(const Version& version, const std::string& origin) {
  At(version).restart_of = origin;
}

void Ledger::SetEvidence(const Version& version, const std::string& evidence) {
  At(version).evidence = evidence;
}

void Ledger::SetIrreversible(const Version& version) {
  At(version).irreversible = true;
}

void Ledger::UseSerial(const std::string& key, const SerialUse& use) {
  serials_[key] = use;
}

void Ledger::Remove(const Version& version) {
  std::erase_if(entries_, [&](const LedgerEntry& entry) {
    return entry.version == version;
  });
  RemoveFromOrder(version);
}

void Ledger::Reconcile(const std::set<Version>& on_disk) {
  const auto gone = [&](const Version& v) { return !on_disk.contains(v); };
  std::erase_if(entries_,
                [&](const LedgerEntry& entry) { return gone(entry.version); });
  std::erase_if(activation_order_, gone);
  for (const Version& version : on_disk) At(version);  // adds as kUnknown
}

std::vector<Version> Ledger::IrreversibleSince(
    const Version& target, const std::optional<Version>& live) const {
  std::vector<Version> left;
  const auto add = [&](const Version& version) {
    const LedgerEntry* entry = Find(version);
    const bool listed =
        std::find(left.begin(), left.end(), version) != left.end();
    if (entry != nullptr && entry->irreversible && !listed) {
      left.push_back(version);
    }
  };
  if (live && *live != target) add(*live);
  const auto end = activation_order_.rend();
  const auto found = std::find(activation_order_.rbegin(), end, target);
  if (found == end) return left;
  std::for_each(activation_order_.rbegin(), found, add);
  return left;
}

std::optional<Version> Ledger::RollbackTarget(
    const std::optional<Version>& live) const {
  auto end = activation_order_.end();
  if (live) {
    const auto it =
        std::find(activation_order_.begin(), activation_order_.end(), *live);
    // If the order does not end with the live release, somebody moved the link
    // by hand. Then the releases after it in the order are candidates too, so
    // the search starts at the end of the order.
    if (it != activation_order_.end() &&
        std::next(it) == activation_order_.end())
      end = it;
  }
  for (auto it = end; it != activation_order_.begin();) {
    --it;
    const LedgerEntry* entry = Find(*it);
    const bool good = entry != nullptr && entry->state == ReleaseState::kGood;
    if (good && (!live || *it != *live)) return *it;
  }
  return std::nullopt;
}

std::optional<Version> Ledger::BeforeRollout(const std::string& id) const {
  const auto before = [&](const Version& version) {
    const LedgerEntry* entry = Find(version);
    return entry != nullptr && entry->rollout != id &&
           entry->state == ReleaseState::kGood;
  };
  const auto it = std::find_if(activation_order_.rbegin(),
                               activation_order_.rend(), before);
  if (it == activation_order_.rend()) return std::nullopt;
  return *it;
}

void Ledger::Restore(LedgerEntry entry) {
  At(entry.version) = std::move(entry);
}

void Ledger::RestoreActivation(const Version& version) {
  activation_order_.push_back(version);
}

}  // namespace release
