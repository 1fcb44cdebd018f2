// Tests which files a new release shares with the previous one, and which files
// it must never share.
#include <doctest/doctest.h>

#include "base/manifest_text.h"
#include "store/durable.h"
#include "store/layout.h"
#include "store/releases.h"
#include "store/verify.h"
#include "support/archive_bytes.h"
#include "support/root_files.h"
#include "support/world.h"
#include "trust/digest.h"

namespace release {
namespace {

constexpr char kCommon[] = "the same in all";

Version V(const std::string& name) { return Version::ParseOrThrow(name); }

std::string CommonOf(const std::string& version) {
  return "releases/" + version + "/bin/common";
}

bool Shared(World* world, const std::string& a, const std::string& b) {
  const auto one = world->disk.Stat(Fs::kRoot, CommonOf(a));
  const auto other = world->disk.Stat(Fs::kRoot, CommonOf(b));
  return one && other && one->inode == other->inode;
}

bool IsWhole(World* world, const std::string& version) {
  return VerifyRelease(&world->disk, V(version)).empty();
}

// A world that shares files in the given way, with release 1 live.
struct Sharing : World {
  explicit Sharing(Dedup dedup) {
    config.unpack.dedup = dedup;
    common = kCommon;
    REQUIRE(Deploy("1").exit == Exit::kDone);
  }
};

// Overwrites a byte in place, so that the size and the mode stay the same.
void Damage(World* world, const std::string& path) {
  const ScopedHandle file(
      &world->disk, world->disk.Open(Fs::kRoot, path, OpenMode::kLockFile));
  world->disk.Write(file.get(), "T");
}

TEST_CASE("releases share a file only if the configuration asks for it") {
  for (const Dedup dedup : {Dedup::kHardLink, Dedup::kAuto, Dedup::kOff}) {
    Sharing world(dedup);
    const Outcome outcome = world.Deploy("2");
    CHECK(outcome.exit == Exit::kDone);
    CHECK(outcome.warnings.empty());
    CHECK(Shared(&world, "1", "2") == (dedup == Dedup::kHardLink));
    CHECK(IsWhole(&world, "1"));
    CHECK(IsWhole(&world, "2"));
    const auto facts = ReadRecord(&world.disk, 2).end->facts;
    CHECK(facts.contains("shared_files") == (dedup == Dedup::kHardLink));
    if (dedup == Dedup::kHardLink) CHECK(facts.at("shared_bytes") == "15");
  }
}

TEST_CASE("a file that releases share keeps the time it had, another not") {
  for (const Dedup dedup : {Dedup::kHardLink, Dedup::kAuto, Dedup::kOff}) {
    World world;
    world.config.unpack.dedup = dedup;
    for (const std::uint64_t time : {1'700'000'000, 1'800'000'000}) {
      ArchiveRequest request = RequestOfBytes(
          TarBuilder().At(time).File("f", kCommon).Bytes(), "a.tar");
      request.version = V(std::to_string(time));
      REQUIRE(Deploy(&world.context, std::move(request)).exit == Exit::kDone);
    }
    CHECK(world.disk.Stat(Fs::kRoot, "releases/1700000000/f")->modified ==
          1'700'000'000);
    CHECK(world.disk.Stat(Fs::kRoot, "releases/1800000000/f")->modified ==
          (dedup == Dedup::kHardLink ? 1'700'000'000 : 1'800'000'000));
  }
}

TEST_CASE("a file that was edited or damaged is not shared") {
  for (const Dedup dedup : {Dedup::kHardLink, Dedup::kAuto}) {
    Sharing world(dedup);
    Damage(&world, CommonOf("1"));
    REQUIRE_FALSE(IsWhole(&world, "1"));
    CHECK(world.Deploy("2").exit == Exit::kDone);
    CHECK(IsWhole(&world, "2"));
    CHECK_FALSE(Shared(&world, "1", "2"));
    CHECK(ReadFile(&world.disk, CommonOf("2")) == kCommon);
    // As a control, share the file as a tool would that trusts the manifests,
    // which still agree: this links the damaged file, and verify finds it.
    const Manifest before = LoadManifest(&world.disk, V("1"));
    const Manifest after = LoadManifest(&world.disk, V("2"));
    for (const ManifestDifference& each : Compare(before, after)) {
      CHECK(each.path != "bin/common");
    }
    world.disk.RemoveFile(Fs::kRoot, CommonOf("2"));
    world.disk.MakeHardLink(Fs::kRoot, CommonOf("1"), Fs::kRoot, CommonOf("2"));
    CHECK_FALSE(IsWhole(&world, "2"));
  }
}

TEST_CASE("a shared file outlives the release that it came from") {
  Sharing world(Dedup::kHardLink);
  world.config.keep_releases = 1;
  for (const char* version : {"2", "3", "4"}) {
    CHECK(world.Deploy(version).exit == Exit::kDone);
  }
  CHECK(ListReleases(&world.disk).versions == std::set{V("3"), V("4")});
  CHECK(world.disk.Stat(Fs::kRoot, CommonOf("4"))->links == 2);
  CHECK(Shared(&world, "3", "4"));
  CHECK(IsWhole(&world, "3"));
  CHECK(IsWhole(&world, "4"));
  CHECK(world.Rollback().current == "3");
  world.disk.ForEachPowerCut([&](MemFs left) {
    for (const char* version : {"3", "4"}) {
      CHECK(VerifyRelease(&left, V(version)).empty());
    }
  });
}

TEST_CASE("an undone release leaves the previous one whole") {
  Sharing world(Dedup::kHardLink);
  world.broken.insert("2");
  CHECK(world.Deploy("2").exit == Exit::kUndone);
  CHECK(IsWhole(&world, "1"));
  CHECK(world.Current() == "releases/1");
}

TEST_CASE("without a live release, files of the newest good one are shared") {
  Sharing world(Dedup::kHardLink);
  REQUIRE(world.Deploy("2").exit == Exit::kDone);
  Damage(&world, CommonOf("1"));
  REQUIRE(world.disk.RemoveFile(Fs::kRoot, kCurrent));
  CHECK(world.Deploy("3").exit == Exit::kDone);
  CHECK(IsWhole(&world, "3"));
  // Releases 1 and 2 share one file, which is damaged in both, so 3 must not
  // share it.
  CHECK_FALSE(Shared(&world, "2", "3"));
  REQUIRE(world.disk.RemoveFile(Fs::kRoot, kCurrent));
  CHECK(world.Deploy("4").exit == Exit::kDone);
  CHECK(Shared(&world, "3", "4"));
}

TEST_CASE("a deploy works if the live tree is gone or not a directory") {
  Sharing world(Dedup::kHardLink);
  RemoveTree(&world.disk, Fs::kRoot, "releases/1");
  CHECK(world.Deploy("2").exit == Exit::kDone);
  CHECK(IsWhole(&world, "2"));
}

TEST_CASE("only files that are not shared count as space needed") {
  for (const Dedup dedup : {Dedup::kHardLink, Dedup::kOff}) {
    Sharing world(dedup);
    world.disk.SetSpace(
        {.free_bytes = 20, .free_inodes = 9, .total_inodes = 9});
    // First an archive with a full manifest, then one without.
    Manifest manifest = LoadManifest(&world.disk, V("1"));
    for (ManifestEntry& entry : manifest.entries) {
      if (entry.path != "bin/app") continue;
      entry.hash = HashContent(std::string_view("version 2\n"));
    }
    TarBuilder tar;
    tar.File(".release-manifest", FormatManifest(manifest)).Directory("bin");
    tar.File("bin/app", "version 2\n", 0755).File("bin/common", kCommon);
    ArchiveRequest packed =
        RequestOfBytes(tar.Symlink("run", "bin/app").Bytes(), "shop-2.tar");
    ArchiveRequest plain = world.RequestFor("3");
    for (ArchiveRequest* request : {&packed, &plain}) {
      const Outcome outcome = Deploy(&world.context, std::move(*request));
      const bool shares = dedup == Dedup::kHardLink;
      CHECK(outcome.exit == (shares ? Exit::kDone : Exit::kFailed));
      if (!shares) CHECK(outcome.error->code == ErrorCode::kNoSpace);
    }
  }
}

TEST_CASE("owner and mode decide, too") {
  Sharing world(Dedup::kHardLink);
  ArchiveRequest request = world.RequestFor("2");
  request.owner = OwnerIds{12, 34};
  CHECK(Deploy(&world.context, std::move(request)).exit == Exit::kDone);
  CHECK_FALSE(Shared(&world, "1", "2"));
  CHECK(world.disk.Stat(Fs::kRoot, CommonOf("2"))->owner == 12);
  CHECK(world.disk.Stat(Fs::kRoot, CommonOf("1"))->owner == 0);
  request = world.RequestFor("3");
  request.owner = OwnerIds{12, 34};
  CHECK(Deploy(&world.context, std::move(request)).exit == Exit::kDone);
  CHECK(Shared(&world, "2", "3"));
  world.disk.SetMode(Fs::kRoot, CommonOf("3"), 0600);
  request = world.RequestFor("4");
  request.owner = OwnerIds{12, 34};
  CHECK(Deploy(&world.context, std::move(request)).exit == Exit::kDone);
  CHECK_FALSE(Shared(&world, "3", "4"));
  CHECK(IsWhole(&world, "4"));
}

}  // namespace
}  // namespace release
