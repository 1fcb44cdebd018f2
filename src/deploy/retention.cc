#include "deploy/retention.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace release {
namespace {

// Decides one release after another, from the newest to the oldest, and counts
// the good releases on the way. A release and its restarts have the same files
// and count once: only the newest of them is kept for its files. A good release
// that is kept for another reason counts too, so that a pinned one does not add
// to keep_releases.
class Retention {
 public:
  explicit Retention(const RetentionFacts& facts)
      : facts_(facts), target_(facts.ledger.RollbackTarget(facts.live)) {
    const LedgerEntry* live =
        facts.live ? facts.ledger.Find(*facts.live) : nullptr;
    if (live != nullptr) origins_.insert(live->origin());
  }

  RetentionVerdict Decide(const LedgerEntry& entry) {
    const bool good =
        entry.state == ReleaseState::kGood && entry.version != facts_.live;
    const bool counts = good && origins_.insert(entry.origin()).second;
    if (counts) ++good_;
    if (auto reason = Untouchable(entry)) {
      return {entry.version, true, *reason};
    }
    if (counts) return DecideGood(entry);
    if (good) {
      return {entry.version, false, "a newer restart has the same files"};
    }
    // Staged, failed and withdrawn releases: keep the newest of each state.
    const auto state = static_cast<std::size_t>(entry.state);
    const bool newest = !std::exchange(seen_[state], true);
    return {entry.version, newest,
            fmt::format("{}{}", newest ? "newest " : "older ",
                        StateName(entry.state))};
  }

 private:
  // Returns why the release must not be removed, whatever its state and age;
  // nullopt if it may be.
  std::optional<std::string> Untouchable(const LedgerEntry& entry) const {
    if (entry.version == facts_.live) return "live";
    if (facts_.live_in_doubt) return "may be live";
    if (entry.version == target_) return "rollback target";
    if (entry.pinned) return "pinned";
    if (facts_.in_use.contains(entry.version)) return "in use by a process";
    if (entry.version == facts_.named) return "named by a transaction";
    if (entry.state == ReleaseState::kUnknown) return "unknown, not ours";
    return std::nullopt;
  }

  RetentionVerdict DecideGood(const LedgerEntry& entry) const {
    const bool keep = good_ <= facts_.keep_releases;
    return {entry.version, keep,
            keep ? fmt::format("good {} of {}", good_, facts_.keep_releases)
                 : fmt::format("good, beyond keep_releases = {}",
                               facts_.keep_releases)};
  }

  const RetentionFacts& facts_;
  std::optional<Version> target_;
  std::set<std::string> origins_;  // of the live release and those that counted
  unsigned good_ = 0;              // good releases so far, without the live one
  std::array<bool, 5> seen_{};     // by ReleaseState: newest already kept
};

}  // namespace

std::vector<RetentionVerdict> DecideRetention(const RetentionFacts& facts) {
  // Order by transaction number, because the wall clock may have been changed.
  // A stable sort keeps the ledger's order of releases adopted together.
  std::vector<const LedgerEntry*> newest_first;
  for (const LedgerEntry& entry : facts.ledger.entries()) {
    newest_first.push_back(&entry);
  }
  std::stable_sort(newest_first.begin(), newest_first.end(),
                   [](const LedgerEntry* a, const LedgerEntry* b) {
                     return a->transaction > b->transaction;
                   });
  Retention retention(facts);
  std::vector<RetentionVerdict> verdicts;
  verdicts.reserve(newest_first.size());
  for (const LedgerEntry* entry : newest_first) {
    verdicts.push_back(retention.Decide(*entry));
    verdicts.back().bytes = entry->bytes;
  }
  return verdicts;
}

}  // namespace release
