#include "store/current.h"

#include <doctest/doctest.h>

#include <cerrno>
#include <functional>
#include <vector>

#include "store/layout.h"
#include "support/fault_fs.h"
#include "support/mem_fs.h"
#include "support/root_files.h"

namespace release {
namespace {

Version V(const std::string& name) { return Version::ParseOrThrow(name); }

// A root in which 3 is live, and 1 and 2 have prepared links.
MemFs Ready() {
  MemFs disk;
  disk.MakeDirectory(Fs::kRoot, kOwn, 0750);
  disk.MakeSymlink("releases/3", Fs::kRoot, kCurrent);
  PrepareLinks(&disk, {V("1"), V("2"), V("3")});
  disk.SyncTree(Fs::kRoot);
  return disk;
}

// The targets of the prepared links, in the order of their names.
std::vector<std::string> Targets(Fs* fs) {
  std::vector<std::string> targets;
  for (unsigned i = 1; i < 10; ++i) {
    if (const auto target = fs->ReadLink(Fs::kRoot, LinkPath(i))) {
      targets.push_back(*target);
    }
  }
  return targets;
}

void EachCrash(const MemFs& start, const std::string& target,
               const std::function<void(MemFs, bool crashed)>& check) {
  for (std::uint64_t calls = 0;; ++calls) {
    MemFs disk(start);
    disk.CrashAfter(calls);
    bool crashed = false;
    try {
      SwapCurrent(&disk, target);
    } catch (const CrashNow&) {
      crashed = true;
    }
    check(disk.Killed(), crashed);
    disk.ForEachPowerCut([&](MemFs left) { check(left, crashed); });
    if (!crashed) break;
  }
}

TEST_CASE("no reader finds a swapped link missing, and it is durable") {
  // 2 has a prepared link; the one for 4 must be made.
  for (const char* target : {"releases/2", "releases/4"}) {
    EachCrash(Ready(), target, [&](MemFs left, bool crashed) {
      const auto current = left.ReadLink(Fs::kRoot, kCurrent);
      REQUIRE(current);
      CHECK((current == "releases/3" || current == target));
      if (!crashed) CHECK(current == target);
      // Whatever the crash left, later swaps succeed.
      for (const char* next : {"releases/1", "releases/3", "releases/2"}) {
        SwapCurrent(&left, next);
        CHECK(left.ReadLink(Fs::kRoot, kCurrent) == next);
      }
    });
  }
}

TEST_CASE("a swap between prepared links needs no inode, block or new name") {
  MemFs disk = Ready();
  FaultFs full(&disk);
  for (const FsCall call : {FsCall::kMakeSymlink, FsCall::kMakeHardLink,
                            FsCall::kOpen, FsCall::kWrite}) {
    full.FailFrom(1, ENOSPC, call);
    for (const char* target : {"releases/2", "releases/1", "releases/3"}) {
      SwapCurrent(&full, target);
      CHECK(disk.ReadLink(Fs::kRoot, kCurrent) == target);
      CHECK(Targets(&disk).size() == 2);
    }
    CHECK_FALSE(full.failed());
  }
}

TEST_CASE("SwapCurrent makes the first link, and keeps a directory instead") {
  MemFs disk;
  disk.MakeDirectory(Fs::kRoot, kOwn, 0750);
  SwapCurrent(&disk, "releases/1");
  CHECK(disk.ReadLink(Fs::kRoot, kCurrent) == "releases/1");
  CHECK(Targets(&disk).empty());

  disk.RemoveFile(Fs::kRoot, kCurrent);
  disk.MakeDirectory(Fs::kRoot, kCurrent, 0755);
  CHECK_THROWS_AS(SwapCurrent(&disk, "releases/1"), FsError);
  CHECK(disk.Stat(Fs::kRoot, kCurrent)->type == FileType::kDirectory);
}

TEST_CASE("a link that already has the target is synced all the same") {
  MemFs disk = Ready();
  PutLink(&disk, kCurrent, "releases/2");
  SwapCurrent(&disk, "releases/2");
  CHECK(disk.pending() == 0);
  CHECK(Targets(&disk) == std::vector<std::string>{"releases/1", "releases/2"});
}

TEST_CASE("if names cannot be exchanged, the new link replaces the old one") {
  MemFs disk = Ready();
  FaultFs fs(&disk);
  fs.FailAt(1, EINVAL, FsCall::kRename);
  SwapCurrent(&fs, "releases/1");
  CHECK(disk.ReadLink(Fs::kRoot, kCurrent) == "releases/1");
  CHECK(Targets(&disk) == std::vector<std::string>{"releases/2"});
}

TEST_CASE("a swap that fails throws, and is not tried in another way") {
  for (const FsCall call : {FsCall::kRename, FsCall::kSync}) {
    MemFs disk = Ready();
    FaultFs fs(&disk);
    fs.FailAt(1, EIO, call);
    CHECK_THROWS_AS(SwapCurrent(&fs, "releases/2"), FsError);
    CHECK(fs.calls(FsCall::kRename) == 1);
    CHECK(fs.calls(FsCall::kSync) <= 1);
  }
}

TEST_CASE("if the prepared link cannot be found, another one is made") {
  struct Row {
    FsCall call;
    std::uint64_t n;  // which of these calls; the first ReadLink is of current
  };
  for (const Row& row : {Row{FsCall::kList, 1}, Row{FsCall::kReadLink, 2},
                         Row{FsCall::kReadLink, 3}}) {
    MemFs disk = Ready();
    FaultFs fs(&disk);
    fs.FailAt(row.n, EIO, row.call);
    SwapCurrent(&fs, "releases/2");
    CHECK(fs.failed());
    CHECK(disk.ReadLink(Fs::kRoot, kCurrent) == "releases/2");
    disk.ForEachPowerCut([](MemFs left) {
      CHECK(left.ReadLink(Fs::kRoot, kCurrent) == "releases/2");
    });
    RemoveSpentLinks(&disk, {V("1"), V("2"), V("3")});
    PrepareLinks(&disk, {V("1"), V("2"), V("3")});
    CHECK(Targets(&disk).size() == 2);
  }
}

TEST_CASE("a swap succeeds even if .release/ cannot be used at all") {
  // The first Stat looks for a free name there.
  for (const FsCall call : {FsCall::kList, FsCall::kStat}) {
    MemFs disk = Ready();
    // A link that a crashed swap left in the root must not prevent this one.
    disk.MakeSymlink("releases/9", Fs::kRoot, ".current-new");
    FaultFs fs(&disk);
    fs.FailAt(1, EIO, call);
    SwapCurrent(&fs, "releases/4");
    CHECK(fs.failed());
    CHECK(disk.ReadLink(Fs::kRoot, kCurrent) == "releases/4");
    CHECK(disk.pending() == 0);
  }
}

TEST_CASE("each release but the live one gets exactly one link") {
  MemFs disk = Ready();
  CHECK(Targets(&disk) == std::vector<std::string>{"releases/1", "releases/2"});
  PrepareLinks(&disk, {V("1"), V("2"), V("3")});
  CHECK(Targets(&disk).size() == 2);
  for (const char* target : {"releases/1", "releases/3", "releases/gone"}) {
    const auto number = static_cast<unsigned>(Targets(&disk).size() + 1);
    disk.MakeSymlink(target, Fs::kRoot, LinkPath(number));
  }
  RemoveSpentLinks(&disk, {V("1"), V("2"), V("3")});
  CHECK(Targets(&disk) == std::vector<std::string>{"releases/1", "releases/2"});
  RemoveSpentLinks(&disk, {V("2"), V("3")});
  CHECK(Targets(&disk) == std::vector<std::string>{"releases/2"});
}

}  // namespace
}  // namespace release
