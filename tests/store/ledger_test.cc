#include "store/ledger.h"

#include <doctest/doctest.h>

namespace release {
namespace {

Version V(const std::string& name) { return Version::ParseOrThrow(name); }

class Story {
 public:
  Ledger::Cause Next() { return {.transaction = ++number_, .by = "alice"}; }
  Story& Live(const std::string& name, const std::string& rollout = "") {
    Ledger::Cause cause = Next();
    cause.rollout = rollout;
    ledger.Activated(V(name), cause);
    live = V(name);
    return *this;
  }
  Story& Back() {
    const auto target = ledger.RollbackTarget(live);
    REQUIRE(target);
    return BackTo(target->name());
  }
  Story& BackTo(const std::string& name) {
    ledger.RolledBack(live, V(name), Next());
    live = V(name);
    return *this;
  }
  std::string Target() const {
    const auto target = ledger.RollbackTarget(live);
    return target ? target->name() : "none";
  }
  ReleaseState StateOf(const std::string& name) const {
    const LedgerEntry* entry = ledger.Find(V(name));
    REQUIRE(entry != nullptr);
    return entry->state;
  }

  Ledger ledger;
  std::optional<Version> live;

 private:
  std::uint64_t number_ = 0;
};

TEST_CASE("every state has a name that is read back") {
  for (const auto state :
       {ReleaseState::kGood, ReleaseState::kStaged, ReleaseState::kFailed,
        ReleaseState::kWithdrawn, ReleaseState::kUnknown}) {
    CHECK(ParseStateName(StateName(state)) == state);
  }
  CHECK(StateName(ReleaseState::kWithdrawn) == "withdrawn");
  CHECK(!ParseStateName("splendid"));
  CHECK(!ParseStateName(""));
}

TEST_CASE("rollback goes to the release that was live and good before") {
  Story story;
  story.Live("1").Live("2").Live("3");
  CHECK(story.Target() == "2");
}

TEST_CASE("rollback goes by history, never by name") {
  Story story;
  story.Live("9").Live("10").Live("1");
  CHECK(story.Target() == "10");
}

TEST_CASE("rollback twice goes back twice, and then nowhere") {
  Story story;
  story.Live("1").Live("2").Live("3").Back();
  CHECK(story.live == V("2"));
  CHECK(story.StateOf("3") == ReleaseState::kWithdrawn);
  story.Back();
  CHECK(story.live == V("1"));
  CHECK(story.StateOf("2") == ReleaseState::kWithdrawn);
  CHECK(story.Target() == "none");
}

TEST_CASE("a release that was only staged, or failed, is not a target") {
  Story story;
  story.Live("1").Live("2");
  story.ledger.Staged(V("3"), 5, story.Next());
  story.ledger.Failed(V("4"), story.Next());
  CHECK(story.Target() == "1");
}

TEST_CASE(
    "a good release that failed when it was activated anew is passed by") {
  Story story;
  story.Live("1").Live("2").Live("3");
  story.ledger.Failed(V("2"), story.Next());
  CHECK(story.Target() == "1");
}

TEST_CASE("after activating an older release, rollback returns to the newer") {
  Story story;
  story.Live("1").Live("2").Live("3").Live("1");
  CHECK(story.Target() == "3");
  story.Back();
  CHECK(story.live == V("3"));
  CHECK(story.StateOf("1") == ReleaseState::kWithdrawn);
  CHECK(story.Target() == "2");
}

TEST_CASE("a withdrawn release that is deployed anew is good again") {
  Story story;
  story.Live("1").Live("2").Back().Live("2");
  CHECK(story.StateOf("2") == ReleaseState::kGood);
  CHECK(story.Target() == "1");
}

TEST_CASE("after a rollback by name, the skipped releases are no target") {
  Story story;
  story.Live("1").Live("2").Live("3").BackTo("1");
  CHECK(story.Target() == "none");
  CHECK(story.StateOf("2") == ReleaseState::kGood);
  story.Live("4");
  CHECK(story.Target() == "1");
}

TEST_CASE("a failed release that was named and proved healthy is good") {
  Story story;
  story.Live("1").Live("2");
  story.ledger.Failed(V("3"), {.transaction = 9, .reason = "sick"});
  story.BackTo("3");
  CHECK(story.StateOf("3") == ReleaseState::kGood);
  CHECK(story.ledger.Find(V("3"))->reason.empty());
  CHECK(story.StateOf("2") == ReleaseState::kWithdrawn);
  CHECK(story.Target() == "1");
}

TEST_CASE("the reason of a rollback is kept with the release that was left") {
  Ledger ledger;
  ledger.Activated(V("1"), {.transaction = 1});
  ledger.Activated(V("2"), {.transaction = 2});
  ledger.RolledBack(V("2"), V("1"), {.transaction = 3, .reason = "slow"});
  CHECK(ledger.Find(V("2"))->reason == "slow");
  CHECK(ledger.Find(V("2"))->transaction == 3);
  CHECK(ledger.Find(V("1"))->reason.empty());
}

TEST_CASE("a release that is gone from the disk is not a target") {
  Story story;
  story.Live("1").Live("2").Live("3");
  story.ledger.Reconcile({V("1"), V("3")});
  CHECK(story.Target() == "1");
  CHECK(story.ledger.Find(V("2")) == nullptr);
}

TEST_CASE("a release that the tool did not make is unknown and not a target") {
  Story story;
  story.Live("1").Live("2");
  story.ledger.Reconcile({V("0"), V("1"), V("2"), V("9")});
  CHECK(story.StateOf("9") == ReleaseState::kUnknown);
  CHECK(story.Target() == "1");
}

TEST_CASE("from a link moved by hand, rollback goes to the last good one") {
  Story story;
  story.Live("1").Live("2").Live("3");
  for (const char* by_hand : {"1", "2"}) {
    CHECK(story.ledger.RollbackTarget(V(by_hand)) == V("3"));
  }
  CHECK(story.ledger.RollbackTarget(V("hand-made")) == V("3"));
  CHECK(story.ledger.RollbackTarget(std::nullopt) == V("3"));
}

TEST_CASE("without history there is no rollback target") {
  CHECK(!Ledger().RollbackTarget(std::nullopt));
  CHECK(!Ledger().RollbackTarget(V("1")));
  Story story;
  story.Live("1");
  CHECK(story.Target() == "none");
  CHECK(story.ledger.RollbackTarget(std::nullopt) == V("1"));
}

TEST_CASE("the activation order names no version twice") {
  Story story;
  story.Live("1").Live("2").Live("1").Live("2").Live("2");
  CHECK(story.ledger.activation_order() ==
        std::vector<Version>{V("1"), V("2")});
}

TEST_CASE("a pin survives every other change of the release") {
  Story story;
  story.Live("1");
  story.ledger.Pin(V("1"), true);
  story.Live("2").Back().Live("1");
  CHECK(story.ledger.Find(V("1"))->pinned);
  story.ledger.Pin(V("1"), false);
  CHECK(!story.ledger.Find(V("1"))->pinned);
}

TEST_CASE("a restart is what it was recorded as, whatever its name is") {
  Ledger ledger;
  ledger.Staged(V("1+r1"), 1, {});
  CHECK(ledger.RestartOf(V("1+r1")).empty());
  ledger.SetRestartOf(V("1+r1"), "1");
  CHECK(ledger.RestartOf(V("1+r1")) == "1");
  CHECK(ledger.RestartOf(V("2+r1")).empty());
}

TEST_CASE("a rollback leaves the irreversible releases since its target") {
  Story story;
  story.Live("1").Live("2").Live("3");
  const auto left = [&](const std::string& target) {
    std::string names;
    for (const Version& each :
         story.ledger.IrreversibleSince(V(target), story.live)) {
      names += each.name() + " ";
    }
    return names;
  };
  CHECK(left("1").empty());
  story.ledger.SetIrreversible(V("2"));
  CHECK(left("1") == "2 ");
  CHECK(left("2").empty());
  story.ledger.SetIrreversible(V("3"));
  CHECK(left("1") == "3 2 ");
  CHECK(left("2") == "3 ");
  CHECK(left("3").empty());
  CHECK(left("unknown") == "3 ");
  // It is the release, wherever it is live.
  story.Back();
  CHECK(left("1") == "2 ");
}

TEST_CASE("a rollout goes back to what was live before all of it") {
  Story story;
  story.Live("1").Live("2", "blue").Live("3", "blue");
  CHECK(story.ledger.BeforeRollout("blue") == V("1"));
  // It was one release, and is not the rollout's any more.
  story.Live("2");
  CHECK(story.ledger.Find(V("2"))->rollout.empty());
  CHECK(story.ledger.Find(V("3"))->rollout == "blue");
}

TEST_CASE("before a rollout that came first there is nothing") {
  Story story;
  story.Live("1", "blue").Live("2", "blue");
  CHECK(!story.ledger.BeforeRollout("blue"));
}

TEST_CASE("a release that an admin went back to belongs to no rollout") {
  Story story;
  story.Live("1", "blue").Live("2").Back();
  // It is live again as the rollout had left it.
  CHECK(story.ledger.Find(V("1"))->rollout == "blue");
  story.ledger.Activated(V("3"), story.Next());
  story.live = V("3");
  story.ledger.Remove(V("1"));
  story.ledger.Restore({.version = V("1"), .rollout = "blue"});
  story.BackTo("1");
  CHECK(story.ledger.Find(V("1"))->rollout.empty());
}

TEST_CASE("a removed entry leaves the activation order too") {
  Story story;
  story.Live("b").Live("a").Live("c");
  story.ledger.Remove(V("a"));
  REQUIRE(story.ledger.entries().size() == 2);
  CHECK(story.ledger.entries()[0].version == V("b"));
  CHECK(story.ledger.activation_order() ==
        std::vector<Version>{V("b"), V("c")});
  CHECK(story.Target() == "b");
}

TEST_CASE("the serial of a key outlives the releases that it vouched for") {
  Ledger ledger;
  ledger.Staged(V("1"), 5, {});
  ledger.SetEvidence(V("1"), "signed by ci");
  ledger.UseSerial("SHA256:k", {.serial = 6, .sha256 = "a"});
  ledger.UseSerial("SHA256:k", {.serial = 7, .sha256 = "b"});
  ledger.UseSerial("SHA256:j", {.serial = 1, .sha256 = "c"});
  CHECK(ledger.Find(V("1"))->evidence == "signed by ci");
  ledger.Reconcile({});
  CHECK(ledger.entries().empty());
  CHECK(ledger.serials().at("SHA256:k") ==
        SerialUse{.serial = 7, .sha256 = "b"});
  CHECK(ledger.serials().at("SHA256:j").serial == 1);
}

TEST_CASE("an adopted release has the given state; good ones join the order") {
  Story story;
  story.Live("1");
  const Ledger::Cause cause{
      .transaction = 9, .at = 5, .by = "al", .reason = "why"};
  story.ledger.TakenOver(V("0"), ReleaseState::kGood, 10, {});
  story.ledger.TakenOver(V("f"), ReleaseState::kFailed, 20, cause);
  story.ledger.TakenOver(V("w"), ReleaseState::kWithdrawn, 0, cause);
  story.ledger.TakenOver(V("2"), ReleaseState::kGood, 30, {});
  CHECK(story.ledger.activation_order() ==
        std::vector<Version>{V("1"), V("0"), V("2")});
  CHECK(story.ledger.Find(V("0"))->bytes == 10);
  CHECK(story.ledger.Find(V("f"))->state == ReleaseState::kFailed);
  CHECK(story.ledger.Find(V("f"))->reason == "why");
  CHECK(story.ledger.Find(V("f"))->transaction == 9);
  CHECK(story.ledger.Find(V("w"))->state == ReleaseState::kWithdrawn);
  CHECK(story.ledger.RollbackTarget(V("2")) == V("0"));
}

}  // namespace
}  // namespace release
