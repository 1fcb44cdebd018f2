#include "store/watch_note.h"

#include <doctest/doctest.h>

#include "store/layout.h"
#include "support/mem_fs.h"
#include "support/root_files.h"

namespace release {
namespace {

struct NoteDisk : MemFs {
  NoteDisk() { MakeDirectory(kRoot, kOwn, 0750); }
};

WatchNote SomeNote() {
  return {.version = Version::ParseOrThrow("1.4.3"),
          .transaction = 42,
          .looks = 40,
          .done = 7,
          .bad = 2,
          .state = WatchState::kBad,
          .text = "health: status 500",
          .seen = 43,
          .boot = "boot-1",
          .since = std::chrono::seconds(77),
          .baseline = {
              .invocation = "a1", .restarts = 3, .oom_kills = 1, .errors = 9}};
}

}  // namespace

TEST_CASE("a note of a watch is read back as it was written") {
  NoteDisk disk;
  CHECK_FALSE(ReadWatchNote(&disk));
  WriteWatchNote(&disk, SomeNote());
  CHECK(ReadWatchNote(&disk) == SomeNote());
  ForgetWatch(&disk);
  CHECK_FALSE(ReadWatchNote(&disk));
}

TEST_CASE("a note that this version cannot read counts as none") {
  NoteDisk disk;
  for (const char* text :
       {"", "{}", "[1]", "watching", R"({"version": 3})",
        R"({"version":"1","transaction":1,"looks":1,"done":0,"bad":0,)"
        R"("state":"dozing","text":"","seen":1,"boot":"","since":0,)"
        R"("baseline":{"invocation":"","restarts":0,"oom_kills":0,)"
        R"("errors":0}})"}) {
    CAPTURE(text);
    PutFile(&disk, kWatchNote, text);
    CHECK_FALSE(ReadWatchNote(&disk));
  }
}

TEST_CASE("a request to stop names the watch and who asked") {
  NoteDisk disk;
  CHECK_FALSE(ReadWatchStop(&disk));
  WriteWatchStop(&disk, {.transaction = 42, .by = "alice"});
  CHECK(ReadWatchStop(&disk) == WatchStop{.transaction = 42, .by = "alice"});
  PutFile(&disk, kWatchStop, "42\n");
  CHECK_FALSE(ReadWatchStop(&disk));
  ForgetWatch(&disk);
  CHECK_FALSE(disk.Stat(Fs::kRoot, kWatchStop));
}

TEST_CASE("only one process runs a watch") {
  NoteDisk disk;
  CHECK_FALSE(WatchLock::IsHeld(&disk));
  {
    const auto lock = WatchLock::Take(&disk);
    REQUIRE(lock);
    CHECK(WatchLock::IsHeld(&disk));
    CHECK_FALSE(WatchLock::Take(&disk));
  }
  CHECK_FALSE(WatchLock::IsHeld(&disk));
  CHECK(WatchLock::Take(&disk));
}

}  // namespace release
