// Replays the writes that reach the disk while the built command runs, up to
// any of them. Between two syncs a disk may reorder writes, so random subsets
// are replayed too.
#include "host/write_replay.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <random>

#include "support/torture.h"

namespace release {
namespace {

const std::vector<std::string> kForms = {"ext4", "xfs", "btrfs"};
const std::vector<std::string> kNames = {"deploy", "deploy that fails",
                                         "rollback"};

struct Extent {
  std::size_t stride;   // every stride-th prefix is tried
  std::size_t subsets;  // number of random subsets
};

Extent ExtentFor(const WriteReplay& replay) {
  if (Torture()) return {1, 300};
  return {(replay.writes() - replay.begun()) / 2 + 1, 2};
}

// Replays up to a random write, with a random subset of the writes since the
// last sync before it. Returns a description of the first failed check, or "".
std::string ExamineSubset(WriteReplay* replay, std::mt19937* random) {
  for (;;) {
    const std::size_t count =
        replay->begun() + (*random)() % (replay->writes() - replay->begun()) +
        1;
    const std::size_t open = count - replay->Durable(count);
    if (open < 2) continue;
    // A random share of 10 % to 90 %.
    const unsigned share = (*random)() % 9 + 1;
    std::vector<bool> keep(open);
    for (std::size_t i = 0; i < open; ++i) keep[i] = (*random)() % 10 < share;
    const std::string broken = replay->Examine(count, &keep);
    if (broken.empty()) return "";
    return fmt::format("some of writes {} to {}: {}", count - open, count,
                       broken);
  }
}

void ReplayAll(const std::string& form, const std::string& name) {
  CAPTURE(form);
  CAPTURE(name);
  CutShop shop(form, CutCaseNamed(name));
  WriteReplay replay(&shop);
  REQUIRE(replay.reported() >= replay.begun() + 5);
  const Extent extent = ExtentFor(replay);
  std::size_t prefixes = 0;
  for (std::size_t n = replay.begun(); n <= replay.writes();
       n += extent.stride) {
    CAPTURE(n);
    CHECK(replay.Examine(n) == "");
    ++prefixes;
  }
  CHECK(replay.Examine(replay.reported()) == "");
  std::mt19937 random(42);
  for (std::size_t i = 0; i < extent.subsets; ++i) {
    CHECK(ExamineSubset(&replay, &random) == "");
  }
  MESSAGE(form << ", " << name << ": " << replay.writes() - replay.begun()
               << " writes, " << replay.reported() - replay.begun()
               << " of them before the report; " << prefixes + 1
               << " prefixes, " << extent.subsets << " subsets");
}

TEST_SUITE("no prefix and no order of the writes breaks anything") {
  TEST_CASE("on ext4") {
    for (const std::string& name : kNames) ReplayAll("ext4", name);
  }
  TEST_CASE("on xfs") {
    for (const std::string& name : kNames) ReplayAll("xfs", name);
  }
  TEST_CASE("on btrfs") {
    for (const std::string& name : kNames) ReplayAll("btrfs", name);
  }
}

// Replays a cut at the moment of the report in which all writes without a sync
// are lost.
std::string ExamineAtReport(WriteReplay* replay) {
  const std::size_t open =
      replay->reported() - replay->Durable(replay->reported());
  const std::vector<bool> none(open, false);
  return replay->Examine(replay->reported(), &none);
}

TEST_CASE("a reported success depends on the sync before it") {
  for (const std::string& form : kForms) {
    CAPTURE(form);
    CutShop shop(form, CutCaseNamed("rollback"));
    WriteReplay replay(&shop);
    CHECK(ExamineAtReport(&replay) == "");
    replay.ForgetSyncBeforeReport();
    CHECK(ExamineAtReport(&replay).find("reported is lost") !=
          std::string::npos);
  }
}

// Replays the prefixes of a run without this sync, from the longest, because
// the last writes are the most likely to show the loss. Returns the first
// broken promise, or "".
std::string BreaksWithout(const std::string& form, const std::string& name,
                          const LeftOut& left_out) {
  CutCase cut_case = CutCaseNamed(name);
  // Without dedup, because shared blocks make btrfs write more than it must.
  cut_case.shares = false;
  CutShop shop(form, cut_case);
  shop.calls()->LeaveOut(left_out);
  WriteReplay replay(&shop);
  shop.calls()->LeaveOut(std::nullopt);
  for (std::size_t n = replay.reported() + 1; n-- > replay.begun();) {
    const std::string broken = replay.Examine(n);
    if (!broken.empty()) return fmt::format("after write {}: {}", n, broken);
  }
  return "";
}

// A file system may write back by itself just then, more likely on a slow
// machine. The test tries up to 12 times; one loss is enough.
std::string BreaksInTime(const std::string& form, const std::string& name,
                         const LeftOut& left_out) {
  for (int attempts = 12; attempts > 0; --attempts) {
    std::string broken = BreaksWithout(form, name, left_out);
    if (!broken.empty()) return broken;
  }
  return "";
}

TEST_CASE("the replay notices a tree that is not synced") {
  for (const std::string& form : kForms) {
    const std::string broken =
        BreaksInTime(form, "deploy", {"syncfs releases", 1});
    MESSAGE(form << ": " << broken.substr(0, 200));
    CHECK_MESSAGE(!broken.empty(), form);
  }
}

TEST_CASE("the replay notices an outcome that is not synced") {
  for (const std::string& form : kForms) {
    if (form != "btrfs" && !Torture()) continue;
    const std::string broken = BreaksInTime(
        form, "rollback", {"fsync .release/transactions/000004.log", 2});
    MESSAGE(form << ": " << broken.substr(0, 200));
    CHECK_MESSAGE(!broken.empty(), form);
  }
}

}  // namespace
}  // namespace release
