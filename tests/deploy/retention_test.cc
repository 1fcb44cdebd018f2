#include "deploy/retention.h"

#include <doctest/doctest.h>

#include <map>
#include <sstream>

namespace release {
namespace {

Version V(const std::string& name) { return Version::ParseOrThrow(name); }

// Builds a ledger from words: "1 2 3" became live in that order; "s4" is
// staged, "f5" failed, "u6" is unknown, "w7" went live and was rolled back
// from.
Ledger Told(const std::string& story) {
  Ledger ledger;
  std::uint64_t number = 0;
  std::istringstream words(story);
  std::set<Version> all;
  for (std::string word; words >> word;) {
    const Ledger::Cause cause{.transaction = ++number};
    const Version version = V(word.substr(word.find_first_of("0123456789")));
    all.insert(version);
    switch (word[0]) {
      case 's':
        ledger.Staged(version, 1, cause);
        break;
      case 'f':
        ledger.Failed(version, cause);
        break;
      case 'u':
        break;
      case 'w': {
        const Version before = ledger.activation_order().back();
        ledger.Activated(version, cause);
        ledger.RolledBack(version, before, {.transaction = ++number});
        break;
      }
      default:
        ledger.Activated(version, cause);
    }
  }
  ledger.Reconcile(all);
  return ledger;
}

RetentionFacts Facts(const std::string& story, const std::string& live,
                     unsigned keep_releases) {
  RetentionFacts facts;
  facts.ledger = Told(story);
  if (!live.empty()) facts.live = V(live);
  facts.keep_releases = keep_releases;
  return facts;
}

// Returns the names of the releases to prune, sorted and separated by blanks.
std::string Going(const RetentionFacts& facts) {
  std::set<std::string> names;
  const auto verdicts = DecideRetention(facts);
  CHECK(verdicts.size() == facts.ledger.entries().size());
  for (const RetentionVerdict& verdict : verdicts) {
    CHECK(!verdict.reason.empty());
    if (!verdict.keep) names.insert(verdict.version.name());
  }
  std::string going;
  for (const std::string& name : names)
    going += (going.empty() ? "" : " ") + name;
  return going;
}

TEST_CASE("retention prunes what the table says, and nothing else") {
  struct Row {
    std::string story;
    std::string live;
    unsigned keep;
    std::string going;
  };
  for (const Row& row : {
           Row{"", "", 5, ""},
           Row{"1", "1", 5, ""},
           Row{"1 2 3", "3", 5, ""},
           Row{"1 2 3 4", "4", 2, "1"},
           Row{"1 2 3 4", "4", 1, "1 2"},
           // The rollback target stays even if keep_releases is 0.
           Row{"1 2 3 4", "4", 0, "1 2"},
           // Failed releases do not count among those kept, and only the
           // newest of them stays.
           Row{"1 2 3 f4 f5 f6 f7 f8", "3", 2, "4 5 6 7"},
           Row{"1 2 3 s4 s5", "3", 2, "4"},
           Row{"1 2 3 w4 w5", "3", 2, "4"},
           // An unknown release is never pruned.
           Row{"1 2 3 u4 u5", "3", 1, "1"},
           // A release that was activated again is the newest.
           Row{"1 2 3 1", "1", 1, "2"},
           // If the link was moved by hand, the rollback target is the last
           // good release of the activation order.
           Row{"1 2 3 4", "1", 1, "2 3"},
           Row{"1 2 3 4", "2", 1, "1 3"},
           // Without a link there is no live release to spare.
           Row{"1 2 3 4", "", 2, "1 2"},
       }) {
    CAPTURE(row.story);
    CAPTURE(row.live);
    CAPTURE(row.keep);
    CHECK(Going(Facts(row.story, row.live, row.keep)) == row.going);
  }
}

TEST_CASE("a pinned release is never pruned") {
  for (const char* story : {"1 2 3 4", "s1 2 s5 3 4", "f1 2 f5 3 4"}) {
    RetentionFacts facts = Facts(story, "4", 0);
    CHECK(Going(facts).find('1') != std::string::npos);
    facts.ledger.Pin(V("1"), true);
    CHECK(Going(facts).find('1') == std::string::npos);
  }
}

TEST_CASE("a release that a process uses is never pruned") {
  RetentionFacts facts = Facts("1 2 3 4", "4", 0);
  facts.in_use = {V("1")};
  CHECK(Going(facts) == "2");
}

TEST_CASE("a release that a transaction names is never pruned") {
  RetentionFacts facts = Facts("1 2 3 4", "4", 0);
  facts.named = V("2");
  CHECK(Going(facts) == "1");
}

TEST_CASE("nothing is pruned while the live release is uncertain") {
  RetentionFacts facts = Facts("1 2 3 4 f5 f6 s7 s8", "", 0);
  CHECK(!Going(facts).empty());
  facts.live_in_doubt = true;
  CHECK(Going(facts).empty());
}

TEST_CASE("a release and its restarts count once, and the newest stays") {
  RetentionFacts facts = Facts("1 2 3 4 5 6 7", "7", 2);
  for (const char* restart : {"3", "4"}) {
    facts.ledger.SetRestartOf(V(restart), "2");
  }
  facts.ledger.SetRestartOf(V("6"), "5");
  // 7 is live, 6 its rollback target; of 2, 3 and 4 only the newest stays.
  CHECK(Going(facts) == "1 2 3 5");
  // Control: by name alone all but two would go.
  CHECK(Going(Facts("1 2 3 4 5 6 7", "7", 2)) == "1 2 3 4");
  for (const RetentionVerdict& verdict : DecideRetention(facts)) {
    if (verdict.version != V("2")) continue;
    CHECK(verdict.reason == "a newer restart has the same files");
  }
  // The files of the live release are kept by it.
  facts.ledger.SetRestartOf(V("7"), "2");
  CHECK(Going(facts) == "2 3 4 5");
}

TEST_CASE("each verdict has its reason, the newest first") {
  RetentionFacts facts = Facts("1 2 3 4 5 f6", "5", 2);
  facts.ledger.Pin(V("1"), true);
  const auto verdicts = DecideRetention(facts);
  std::map<std::string, std::string> reasons;
  for (const auto& verdict : verdicts) {
    reasons[verdict.version.name()] = verdict.reason;
  }
  CHECK(verdicts.front().version == V("6"));
  CHECK(verdicts.back().version == V("1"));
  CHECK(reasons["6"] == "newest failed");
  CHECK(reasons["5"] == "live");
  CHECK(reasons["4"] == "rollback target");
  CHECK(reasons["3"] == "good 2 of 2");
  CHECK(reasons["2"] == "good, beyond keep_releases = 2");
  CHECK(reasons["1"] == "pinned");
}

}  // namespace
}  // namespace release
