#include "watch/ending.h"

#include <doctest/doctest.h>

#include "support/watch_world.h"

namespace release {
namespace {

using namespace std::chrono_literals;

// A world in which 2 is watched and has been bad often enough.
struct BadTwo : WatchWorld {
  BadTwo() {
    DeployAll(this, {"1", "2"});
    note = Note();
    note->bad = 3;
    note->text = "health: status 500";
  }
  std::optional<WatchEnd> Act() {
    return ActOnBadRelease(&context, &*note, newest);
  }

  std::optional<WatchNote> note;
  std::uint64_t newest = 2;
};

}  // namespace

TEST_CASE("a finding leads to one rollback, with the finding as its reason") {
  BadTwo world;
  const auto end = world.Act();
  REQUIRE(end);
  CHECK(end->rollback->exit == Exit::kDone);
  CHECK(end->exit == Exit::kFoundWrong);
  CHECK(world.Last().begin->reason ==
        "the watch found it bad: health: status 500");
}

TEST_CASE("anything newer than the last look is looked at again first") {
  BadTwo world;
  SUBCASE("a transaction") {
    CHECK(Pin(&world.context, *Version::Parse("1")).exit == Exit::kDone);
  }
  SUBCASE("a release") { DeployAll(&world, {"3"}); }
  SUBCASE("a request to stop") {
    WriteWatchStop(&world.disk, {.transaction = 2, .by = "alice"});
  }
  CHECK_FALSE(world.Act());
  CHECK(world.Current() != "releases/1");
}

TEST_CASE("a finding that was reported before is not reported again") {
  BadTwo world;
  world.config.watch.act = WatchAct::kNotify;
  REQUIRE(world.Act());
  const std::size_t records = ListRecords(&world.disk).size();
  // The process died before the note said so.
  world.note->state = WatchState::kWatching;
  WriteWatchNote(&world.disk, *world.note);
  world.newest = 3;
  const auto end = world.Act();
  REQUIRE(end);
  CHECK(end->note->state == WatchState::kBad);
  CHECK(ListRecords(&world.disk).size() == records);
}

TEST_CASE("what followed a commit is read from the records after it") {
  BadTwo world;
  CHECK_FALSE(ReadSinceCommit(&world.disk, *world.note).service_changed);
  world.broken.insert("3");
  CHECK(world.Deploy("3").exit == Exit::kUndone);
  CHECK(ReadSinceCommit(&world.disk, *world.note).service_changed);
  world.note->seen = 3;
  CHECK_FALSE(ReadSinceCommit(&world.disk, *world.note).service_changed);
  CHECK_FALSE(ReadSinceCommit(&world.disk, *world.note).rollback_tried);
  world.broken.insert("1");
  CHECK(world.Rollback().exit != Exit::kDone);
  CHECK(ReadSinceCommit(&world.disk, *world.note).rollback_tried);
}

}  // namespace release
