#include "deploy/prune.h"

#include <doctest/doctest.h>

#include <cerrno>
#include <optional>
#include <utility>

#include "store/layout.h"
#include "store/verify.h"
#include "support/fault_fs.h"
#include "support/root_files.h"
#include "support/world.h"

namespace release {
namespace {

std::string OnDisk(World* world) {
  std::string names;
  for (const Version& version : ListReleases(&world->disk).versions) {
    names += (names.empty() ? "" : " ") + version.name();
  }
  return names;
}

TEST_CASE("retention runs after a deploy and counts only good releases") {
  World world;
  world.config.keep_releases = 2;
  DeployAll(&world, {"1", "2", "3", "4", "5"});
  CHECK(OnDisk(&world) == "3 4 5");
  for (const char* bad : {"6", "7", "8", "9", "10"}) {
    world.broken.insert(bad);
    CHECK(world.Deploy(bad).exit == Exit::kUndone);
  }
  DeployAll(&world, {"11"});
  // The newest failed release is kept so that an admin can examine it.
  CHECK(OnDisk(&world) == "10 11 4 5");
  CHECK(world.Rollback().current == "5");
}

TEST_CASE("prune removes the trees and the manifests, durably") {
  World world;
  DeployAll(&world, {"1", "2", "3", "4"});
  world.config.keep_releases = 1;
  const Outcome outcome = Prune(&world.context);
  CHECK(outcome.exit == Exit::kDone);
  CHECK(outcome.warnings.empty());
  CHECK(outcome.current == "4");
  CHECK(OnDisk(&world) == "3 4");
  CHECK(!HasManifest(&world.disk, Version::ParseOrThrow("1")));
  CHECK(ListReleases(&world.disk).garbage.empty());
  world.disk.ForEachPowerCut([](MemFs left) {
    for (const Version& version : ListReleases(&left).versions) {
      CHECK(VerifyRelease(&left, version).empty());
    }
  });
}

TEST_CASE("a release that a process still runs from is kept") {
  World world;
  DeployAll(&world, {"1", "2", "3", "4"});
  world.config.keep_releases = 0;
  world.runner.uses = {{.pid = 9,
                        .name = "app",
                        .what = ProcessUse::What::kExecutable,
                        .path = "/srv/shop/releases/1/bin/app"},
                       {.pid = 10,
                        .name = "sh",
                        .what = ProcessUse::What::kDirectory,
                        .path = "/srv/shop/releases"},
                       {.pid = 11,
                        .name = "sh",
                        .what = ProcessUse::What::kDirectory,
                        .path = "/srv/shop/releases/.partial-000001/x"}};
  Prune(&world.context);
  CHECK(world.runner.asked_users_of == "/srv/shop/releases");
  CHECK(OnDisk(&world) == "1 3 4");
  world.runner.uses.clear();
  Prune(&world.context);
  CHECK(OnDisk(&world) == "3 4");
}

TEST_CASE("a pinned release is kept until it is unpinned") {
  World world;
  DeployAll(&world, {"1", "2", "3"});
  world.config.keep_releases = 0;
  const Version one = Version::ParseOrThrow("1");
  CHECK(Pin(&world.context, one).exit == Exit::kDone);
  Prune(&world.context);
  CHECK(OnDisk(&world) == "1 2 3");
  CHECK(Unpin(&world.context, one).exit == Exit::kDone);
  Prune(&world.context);
  CHECK(OnDisk(&world) == "2 3");
}

TEST_CASE("nothing is pruned while current does not name a release here") {
  // A link moved by hand may lead to a release by another spelling.
  for (const char* target :
       {"/srv/shop/releases/1", "releases/1/", "./releases/1",
        "releases/1/public", "releases/gone"}) {
    CAPTURE(target);
    World world;
    DeployAll(&world, {"1", "2", "3", "4"});
    world.config.keep_releases = 0;
    PutLink(&world.disk, "current", target);
    Prune(&world.context);
    CHECK(OnDisk(&world) == "1 2 3 4");
  }
}

TEST_CASE("a hand-made directory in releases is never pruned") {
  World world;
  DeployAll(&world, {"1", "2", "3"});
  world.disk.MakeDirectory(Fs::kRoot, "releases/hand", 0755);
  PutFile(&world.disk, "releases/note.txt", "hello");
  world.config.keep_releases = 0;
  Prune(&world.context);
  CHECK(OnDisk(&world) == "2 3 hand");
  CHECK(Exists(&world.disk, "releases/note.txt"));
}

TEST_CASE("a failure of retention is a warning of the deploy") {
  World world;
  DeployAll(&world, {"1", "2", "3"});
  world.config.keep_releases = 0;
  FaultFs fs(&world.disk);
  world.context.fs = &fs;
  fs.FailAt(1, EACCES, FsCall::kRemoveDirectory);
  const Outcome outcome = world.Deploy("4");
  CHECK(fs.failed());
  CHECK(outcome.exit == Exit::kDone);
  CHECK(outcome.current == "4");
  CHECK(!outcome.warnings.empty());
  // The next deploy removes what was left over.
  CHECK(world.Deploy("5").warnings.empty());
  CHECK(ListReleases(&world.disk).garbage.empty());
}

TEST_CASE("trees are set aside first and deleted without the lock") {
  World world;
  DeployAll(&world, {"1", "2", "3", "4"});
  world.config.keep_releases = 1;
  world.context.deletes_later = true;
  const Outcome outcome = world.Deploy("5");
  CHECK(outcome.exit == Exit::kDone);
  CHECK(outcome.warnings.empty());
  CHECK(OnDisk(&world) == "4 5");
  CHECK(ListReleases(&world.disk).garbage.size() == 3);
  world.disk.ForEachPowerCut(
      [](MemFs left) { CHECK(ListReleases(&left).versions.size() == 2); });
  const ScopedHandle lock(
      &world.disk, world.disk.Open(Fs::kRoot, kLock, OpenMode::kLockFile));
  REQUIRE(world.disk.TryLock(lock.get()));
  CHECK(DeleteTrash(&world.disk).empty());
  CHECK(ListReleases(&world.disk).garbage.empty());
}

TEST_CASE("after a crash while deleting, the next deploy goes on") {
  World start;
  DeployAll(&start, {"1", "2", "3", "4"});
  start.config.keep_releases = 1;
  start.context.deletes_later = true;
  DeployAll(&start, {"5"});
  for (std::uint64_t calls = 0;; ++calls) {
    World world(start, start.disk);
    world.config.keep_releases = 1;
    world.disk.CrashAfter(calls);
    bool died = false;
    try {
      DeleteTrash(&world.disk);
    } catch (const CrashNow&) {
      died = true;
    }
    const auto check = [&](MemFs left) {
      World next(world, std::move(left));
      next.config.keep_releases = 1;
      next.service = next.Current();
      CHECK(next.Current() == "releases/5");
      CHECK(OnDisk(&next) == "4 5");
      const Outcome outcome = next.Deploy("6");
      CHECK(outcome.exit == Exit::kDone);
      CHECK(outcome.warnings.empty());
      CHECK(ListReleases(&next.disk).garbage.empty());
      for (const Version& version : ListReleases(&next.disk).versions) {
        CHECK(VerifyRelease(&next.disk, version).empty());
      }
    };
    check(world.disk.Killed());
    if (calls % 3 == 0) world.disk.ForEachPowerCut(check);
    if (!died) break;
    REQUIRE(calls < 100);
  }
}

TEST_CASE("a failure to delete is reported by a later deploy") {
  World world;
  DeployAll(&world, {"1", "2", "3"});
  world.config.keep_releases = 0;
  world.context.deletes_later = true;
  FaultFs fs(&world.disk);
  fs.FailAt(1, EACCES, FsCall::kRemoveFile);
  DeployAll(&world, {"4"});
  CHECK(DeleteTrash(&fs).size() == 1);
  // A deploy leaves the trash of the newest transaction alone, because its
  // process may still be deleting it. The pin makes that trash an older one's.
  CHECK(Pin(&world.context, Version::ParseOrThrow("4")).exit == Exit::kDone);
  world.context.fs = &fs;
  fs.FailAt(1, EACCES, FsCall::kRemoveFile);
  const Outcome outcome = world.Deploy("5");
  CHECK(outcome.exit == Exit::kDone);
  REQUIRE(!outcome.warnings.empty());
  CHECK(outcome.warnings.front().starts_with("cannot remove"));
}

TEST_CASE("a deploy without space first deletes what was set aside") {
  World world;
  DeployAll(&world, {"1", "2", "3"});
  world.config.keep_releases = 0;
  world.context.deletes_later = true;
  DeployAll(&world, {"4"});
  REQUIRE(!ListReleases(&world.disk).garbage.empty());
  world.disk.SetSpace({.free_bytes = 10, .free_inodes = 9, .total_inodes = 9});
  CHECK(world.Deploy("5").error->code == ErrorCode::kNoSpace);
  CHECK(ListReleases(&world.disk).garbage.empty());
}

TEST_CASE("the history keeps a bounded number of records, whatever happens") {
  World world;
  world.config.keep_history = 100;
  REQUIRE(world.Deploy("1").exit == Exit::kDone);
  const auto refuse = [&] {
    ArchiveRequest request = world.RequestFor("2");
    request.sha256 = std::string(64, 'a');
    CHECK(Deploy(&world.context, std::move(request)).exit == Exit::kRefused);
  };
  for (int i = 0; i < 104; ++i) refuse();
  const auto numbers = ListRecords(&world.disk);
  CHECK(numbers.size() == 100);
  CHECK(numbers.front() == 6);
  // The release before is still known.
  CHECK(world.Deploy("2").exit == Exit::kDone);
  CHECK(ListRecords(&world.disk).size() == 100);
  CHECK(world.Rollback().current == "1");
}

TEST_CASE("of failed releases only the newest one takes space") {
  World world;
  DeployAll(&world, {"1", "2"});
  for (const char* bad : {"3", "4", "5", "6", "7"}) {
    world.broken.insert(bad);
    CHECK(world.Deploy(bad).exit == Exit::kUndone);
    CHECK(OnDisk(&world) == "1 2 " + std::string(bad));
    CHECK(ListReleases(&world.disk).garbage.empty());
  }
  CHECK(ListRecords(&world.disk).size() == 7);
  CHECK(world.Rollback().current == "1");
}

TEST_CASE("a failed release is kept while it is pinned or a process uses it") {
  World world;
  DeployAll(&world, {"1"});
  world.broken = {"2", "3", "4", "5"};
  world.Deploy("2");
  Pin(&world.context, Version::ParseOrThrow("2"));
  world.Deploy("3");
  world.runner.uses = {{5, "app", ProcessUse::What::kExecutable,
                        "/srv/shop/releases/3/bin/app"}};
  world.Deploy("4");
  world.Deploy("5");
  CHECK(OnDisk(&world) == "1 2 3 5");
}

TEST_CASE("a deploy that died removes the older failed release too") {
  World world;
  DeployAll(&world, {"1"});
  world.broken.insert("2");
  world.Deploy("2");
  std::optional<MemFs> dead;
  world.runner.On("probe", [&](const Command&) {
    if (!dead) dead = world.disk.Killed();
    return Exited(0);
  });
  world.Deploy("3");
  World next(world, std::move(*dead));
  CHECK(next.RecoverNow().result == Result::kUndone);
  CHECK(next.Current() == "releases/1");
  CHECK(OnDisk(&next) == "1 3");
}

TEST_CASE("while the outcome is in doubt no failed release is removed") {
  World world;
  DeployAll(&world, {"1"});
  world.broken = {"2"};
  world.Deploy("2");
  world.broken = {"1", "3"};
  CHECK(world.Deploy("3").exit == Exit::kNeedsPerson);
  CHECK(OnDisk(&world) == "1 2 3");
}

// Counts the warnings that speak of a release.
std::size_t About(const Outcome& outcome, const std::string& part) {
  std::size_t count = 0;
  for (const std::string& warning : outcome.warnings) {
    count += warning.find(part) != std::string::npos ? 1 : 0;
  }
  return count;
}

// A disk on which the tree of release 1 cannot be renamed.
class Immovable : public MemFs {
 public:
  explicit Immovable(const MemFs& disk) : MemFs(disk) {}
  void Rename(Handle dir, const std::string& from, Handle new_dir,
              const std::string& to, RenameMode mode) override {
    if (from == "releases/1") throw FsError("rename", from, EXDEV);
    MemFs::Rename(dir, from, new_dir, to, mode);
  }
};

TEST_CASE("a release that cannot be renamed stops no other and is told once") {
  World world;
  DeployAll(&world, {"1", "2", "3", "4"});
  world.config.keep_releases = 1;
  Immovable disk(world.disk);
  world.context.fs = &disk;
  std::string said;
  world.context.report = [&](const ProgressEvent& event) {
    said += event.text + "\n";
  };
  CHECK(About(world.Deploy("5"), "cannot remove 1: ") == 1);
  CHECK(said.find("removing 2") != std::string::npos);
  CHECK(said.find("removing 1") == std::string::npos);
  for (const char* version : {"6", "7"}) {
    const Outcome outcome = world.Deploy(version);
    CHECK(outcome.exit == Exit::kDone);
    CHECK(About(outcome, "cannot remove ") == 0);
  }
  const ReleaseListing left = ListReleases(&disk);
  CHECK(left.versions.size() == 3);
  CHECK(left.versions.contains(Version::ParseOrThrow("1")));
  CHECK(left.garbage.empty());
  // A person who asks is told each time.
  for (int i = 0; i < 2; ++i) {
    const Outcome outcome = Prune(&world.context);
    CHECK(outcome.exit == Exit::kFailed);
    CHECK(outcome.error->message.starts_with("cannot remove 1: "));
  }
}

TEST_CASE("a prune that can remove nothing fails") {
  World world;
  DeployAll(&world, {"1", "2", "3"});
  world.config.keep_releases = 0;
  FaultFs fs(&world.disk);
  world.context.fs = &fs;
  // The first rename gives the record its name.
  fs.FailAt(2, EPERM, FsCall::kRename);
  const Outcome outcome = Prune(&world.context);
  CHECK(outcome.exit == Exit::kFailed);
  CHECK(outcome.result == Result::kFailed);
  CHECK(outcome.current == "3");
  REQUIRE(outcome.error);
  CHECK(outcome.error->message.starts_with("cannot remove 1: "));
  CHECK(OnDisk(&world) == "1 2 3");
  CHECK(Prune(&world.context).exit == Exit::kDone);
  CHECK(OnDisk(&world) == "2 3");
  CHECK(Prune(&world.context).exit == Exit::kDone);
}

TEST_CASE("each removal is reported with its reason, then all bytes") {
  World world;
  DeployAll(&world, {"1", "2", "3", "4"});
  world.config.keep_releases = 0;
  std::string said;
  world.context.report = [&](const ProgressEvent& event) {
    said += event.text + "\n";
  };
  Prune(&world.context);
  CHECK(said ==
        "prune\n"
        "removing 2: good, beyond keep_releases = 0 (10 B)\n"
        "removing 1: good, beyond keep_releases = 0 (10 B)\n"
        "removing 2 releases, 20 B in all\n"
        "prune\n");
}

}  // namespace
}  // namespace release
