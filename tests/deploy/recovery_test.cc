// Tests the recovery rule, row by row.
#include "deploy/recovery.h"

#include <doctest/doctest.h>

namespace release {
namespace {

using Link = RecoveryPlan::Link;
using Tree = RecoveryPlan::Tree;

const char kOld[] = "releases/1";
const char kNew[] = "releases/2";

TransactionRecord Record(bool creates, bool switching) {
  TransactionRecord record;
  record.number = 7;
  record.begin.emplace();
  record.begin->command = CommandId::kDeploy;
  record.begin->from_target = kOld;
  record.begin->to = Version::ParseOrThrow("2");
  record.begin->creates = creates;
  record.switching = switching;
  record.tree = 5;
  return record;
}

DiskFacts Disk(std::optional<std::string> current) {
  return {
      .current_target = std::move(current), .from_exists = true, .to_inode = 5};
}

RecoveryPlan PlanOf(const TransactionRecord& record, const DiskFacts& disk) {
  const auto plan = PlanRecovery(record, disk);
  REQUIRE(plan);
  return *plan;
}

TEST_CASE("a transaction that has ended needs no recovery") {
  for (const bool committed : {true, false}) {
    TransactionRecord record = Record(true, true);
    record.end = EndRecord{.committed = committed};
    CHECK(!PlanRecovery(record, Disk(kNew)));
    CHECK(!PlanRecovery(record, Disk(kOld)));
  }
}

TEST_CASE("a tree that a link moved by hand may lead to is kept") {
  const DiskFacts disk = Disk("/srv/shop/releases/2");
  const RecoveryPlan plan = PlanOf(Record(true, false), disk);
  CHECK(plan.link == Link::kLeave);
  CHECK(plan.tree == Tree::kKeepFailed);
}

TEST_CASE("a transaction that never began needs no recovery") {
  CHECK(!PlanRecovery(TransactionRecord{.number = 7}, Disk(kOld)));
}

TEST_CASE(
    "before the switch nothing moves, but the link is synced all the same") {
  const RecoveryPlan plan = PlanOf(Record(true, false), Disk(kOld));
  CHECK(plan == RecoveryPlan{.link = Link::kSync, .tree = Tree::kDrop});
}

TEST_CASE("a tree that was not published is not dropped") {
  DiskFacts disk = Disk(kOld);
  disk.to_inode.reset();
  CHECK(PlanOf(Record(true, false), disk).tree == Tree::kKeep);
  CHECK(PlanOf(Record(true, true), disk).tree == Tree::kKeep);
}

TEST_CASE("a live tree is the transaction's even in a copied root") {
  DiskFacts disk = Disk(kNew);
  disk.to_inode = 6;
  CHECK(PlanOf(Record(true, true), disk).tree == Tree::kKeepFailed);
}

TEST_CASE("a tree that somebody else put under the name is not dropped") {
  DiskFacts disk = Disk(kOld);
  disk.to_inode = 6;
  CHECK(PlanOf(Record(true, false), disk).tree == Tree::kNotOurs);
  // The same holds if the transaction died before it had a tree.
  TransactionRecord record = Record(true, false);
  record.tree.reset();
  CHECK(PlanOf(record, Disk(kOld)).tree == Tree::kNotOurs);
}

TEST_CASE("after the switch the link goes back and the service with it") {
  const RecoveryPlan plan = PlanOf(Record(true, true), Disk(kNew));
  CHECK(plan == RecoveryPlan{.link = Link::kRestore,
                             .tree = Tree::kKeepFailed,
                             .stop_new = true,
                             .keep_earlier_running = true,
                             .reload = true});
}

TEST_CASE("a restored link still needs a reload of the service") {
  const RecoveryPlan plan = PlanOf(Record(true, true), Disk(kOld));
  CHECK(plan == RecoveryPlan{.link = Link::kSync,
                             .tree = Tree::kKeepFailed,
                             .stop_new = true,
                             .keep_earlier_running = true,
                             .reload = true});
}

TEST_CASE("an instance that was started is stopped, and its tree kept") {
  TransactionRecord record = Record(true, false);
  record.starting = true;
  const RecoveryPlan plan = PlanOf(record, Disk(kOld));
  CHECK(plan == RecoveryPlan{.link = Link::kSync,
                             .tree = Tree::kKeepFailed,
                             .stop_new = true,
                             .keep_earlier_running = true});
}

TEST_CASE("an earlier instance that was stopped stays stopped") {
  TransactionRecord record = Record(true, true);
  record.service_before = ServiceBefore::kStopped;
  const RecoveryPlan plan = PlanOf(record, Disk(kNew));
  CHECK(plan.stop_new);
  CHECK_FALSE(plan.keep_earlier_running);
}

TEST_CASE("the live release's own instance is stopped only if it was before") {
  TransactionRecord record = Record(false, false);
  record.starting = true;
  record.begin->from_target = kNew;
  CHECK_FALSE(PlanOf(record, Disk(kNew)).stop_new);
  record.service_before = ServiceBefore::kStopped;
  CHECK(PlanOf(record, Disk(kNew)).stop_new);
}

TEST_CASE("an instance that `current` must go on naming is not stopped") {
  DiskFacts disk = Disk(kNew);
  disk.from_exists = false;
  const RecoveryPlan stuck = PlanOf(Record(true, true), disk);
  CHECK(stuck.link == Link::kStuck);
  CHECK_FALSE(stuck.stop_new);
  const RecoveryPlan moved = PlanOf(Record(true, true), Disk("releases/0"));
  CHECK(moved.stop_new);
  CHECK_FALSE(moved.keep_earlier_running);
}

TEST_CASE("a release that existed before the transaction is kept") {
  for (const bool switching : {true, false}) {
    for (const char* current : {kOld, kNew}) {
      CHECK(PlanOf(Record(false, switching), Disk(current)).tree ==
            Tree::kKeep);
    }
  }
}

TEST_CASE("a switched link without its record goes back too") {
  const RecoveryPlan plan = PlanOf(Record(false, false), Disk(kNew));
  CHECK(plan.link == Link::kRestore);
  CHECK(plan.reload);
}

TEST_CASE("if there was no link before, recovery removes it") {
  TransactionRecord record = Record(true, true);
  record.begin->from_target.reset();
  DiskFacts disk = Disk(kNew);
  disk.from_exists = false;
  CHECK(PlanOf(record, disk).link == Link::kRemove);
  CHECK(PlanOf(record, disk).tree == Tree::kKeepFailed);
  CHECK(PlanOf(record, Disk(std::nullopt)).link == Link::kSync);
}

TEST_CASE("a link that a person moved stays") {
  for (const char* by_hand : {"releases/0", "/srv/else", ""}) {
    const RecoveryPlan plan = PlanOf(Record(true, true), Disk(by_hand));
    CHECK(plan.link == Link::kLeave);
    CHECK(!plan.reload);
  }
  // A transaction without a release of its own never moved the link.
  TransactionRecord record = Record(false, false);
  record.begin->to.reset();
  CHECK(PlanOf(record, Disk(kNew)).link == Link::kLeave);
}

TEST_CASE("a link that was removed by hand is put back") {
  CHECK(PlanOf(Record(true, true), Disk(std::nullopt)).link == Link::kRestore);
}

TEST_CASE("current is never pointed at a release that is gone") {
  DiskFacts disk = Disk(kNew);
  disk.from_exists = false;
  for (const bool switching : {true, false}) {
    const RecoveryPlan plan = PlanOf(Record(true, switching), disk);
    CHECK(plan == RecoveryPlan{Link::kStuck, Tree::kKeepFailed, false});
  }
}

TEST_CASE("an interrupted adoption goes back without a reload") {
  TransactionRecord record = Record(false, true);
  record.begin->takes_over = true;
  CHECK(PlanOf(record, Disk(kNew)) ==
        RecoveryPlan{Link::kRestore, Tree::kKeep, false});
  CHECK(PlanOf(record, Disk(kOld)) ==
        RecoveryPlan{Link::kSync, Tree::kKeep, false});
  record.begin->from_target.reset();
  CHECK(PlanOf(record, Disk(kNew)) ==
        RecoveryPlan{Link::kRemove, Tree::kKeep, false});
}

}  // namespace
}  // namespace release
