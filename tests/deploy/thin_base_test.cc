// Tests deploys of thin archives.
#include "deploy/thin_base.h"

#include <doctest/doctest.h>

#include <atomic>
#include <cerrno>

#include "base/manifest_text.h"
#include "deploy/plan.h"
#include "os/path_rules.h"
#include "store/layout.h"
#include "store/packed_manifest.h"
#include "store/releases.h"
#include "store/verify.h"
#include "support/archive_bytes.h"
#include "support/packed_tree.h"
#include "support/subtree_fs.h"
#include "support/world.h"

namespace release {
namespace {

const std::string kBig(300'000, 'b');

Version V(const std::string& name) { return Version::ParseOrThrow(name); }

// Release 1 is live, packed from `old`; `fresh` is release 2.
struct ThinWorld : World {
  explicit ThinWorld(const std::function<void(Config*)>& set = [](Config*) {}) {
    set(&config);
    REQUIRE(DeployBytes(old.Full("1"), "1").exit == Exit::kDone);
    base = *ReadPackedManifest(&disk, V("1"));
  }
  Outcome DeployBytes(const std::string& bytes, const std::string& version) {
    return release::Deploy(&context,
                           RequestOfBytes(bytes, "shop-" + version + ".tar"));
  }
  Outcome DeployThin() { return DeployBytes(fresh.Thin("2", base), "2"); }

  PackedTree old{
      {{"bin/app", "old"}, {"bin/kept", "kept"}, {"big", kBig}, {"gone", "x"}}};
  PackedTree fresh{{{"bin/app", "new"},
                    {"bin/kept", "kept"},
                    {"lib/moved", kBig},
                    {"empty", ""},
                    {"link", "-> bin/app"}}};
  std::string base;
};

// A disk on which files of that name have lost their content.
class WithUnreadableFile final : public SubtreeFs {
 public:
  WithUnreadableFile(Fs* disk, std::string name)
      : SubtreeFs(disk, ""), name_(std::move(name)) {}
  Handle Open(Handle dir, const std::string& path, OpenMode mode,
              unsigned permissions) override {
    const Handle file = SubtreeFs::Open(dir, path, mode, permissions);
    if (LeafOf(path) == name_ && mode == OpenMode::kRead) lost_ = file;
    return file;
  }
  std::size_t ReadAt(Handle file, std::span<char> buffer,
                     std::uint64_t offset) override {
    if (file == lost_) throw FsError("read", name_, EIO);
    return SubtreeFs::ReadAt(file, buffer, offset);
  }

 private:
  const std::string name_;
  std::atomic<Handle> lost_ = kRoot;
};

void CheckRefused(ThinWorld* world, const std::string& bytes,
                  const std::string& code) {
  const std::string manifests =
      std::to_string(world->disk.List(Fs::kRoot, kManifests).size());
  const Outcome outcome = world->DeployBytes(bytes, "2");
  REQUIRE(outcome.error);
  CAPTURE(outcome.error->message);
  CHECK(CodeName(outcome.error->code) == code);
  CHECK(outcome.exit == Exit::kRefused);
  CHECK(world->Current() == "releases/1");
  const ReleaseListing listing = ListReleases(&world->disk);
  CHECK(listing.versions == std::set<Version>{V("1")});
  CHECK(listing.garbage.empty());
  CHECK(std::to_string(world->disk.List(Fs::kRoot, kManifests).size()) ==
        manifests);
}

std::uint64_t InodeOf(World* world, const std::string& path) {
  return world->disk.Stat(Fs::kRoot, path)->inode;
}

TEST_CASE("a thin archive gives the same release as the full one") {
  ThinWorld thin, full;
  const std::string bytes = thin.fresh.Thin("2", thin.base);
  CHECK(bytes.size() < 20'000);
  REQUIRE(thin.DeployBytes(bytes, "2").exit == Exit::kDone);
  REQUIRE(full.DeployBytes(full.fresh.Full("2"), "2").exit == Exit::kDone);
  CHECK(LoadManifest(&thin.disk, V("2")).entries ==
        LoadManifest(&full.disk, V("2")).entries);
  CHECK(ReadPackedManifest(&thin.disk, V("2")) ==
        ReadPackedManifest(&full.disk, V("2")));
  CHECK(VerifyRelease(&thin.disk, V("2")).empty());
  for (const ManifestEntry& entry : thin.fresh.ManifestFor("2").entries) {
    CAPTURE(entry.path);
    const std::string path = "releases/2/" + entry.path;
    if (entry.kind == EntryKind::kSymlink) continue;
    CHECK(thin.disk.Stat(Fs::kRoot, path)->modified_exactly ==
          full.disk.Stat(Fs::kRoot, path)->modified_exactly);
  }
}

TEST_CASE("the record says what came and what was taken over") {
  ThinWorld world;
  const std::string bytes = world.fresh.Thin("2", world.base);
  const Outcome outcome = world.DeployBytes(bytes, "2");
  const auto facts = ReadRecord(&world.disk, outcome.transaction).end->facts;
  CHECK(facts.at("base") == "1");
  CHECK(facts.at("received_bytes") == std::to_string(bytes.size()));
  CHECK(facts.at("taken_files") == "2");
  CHECK(facts.at("taken_bytes") == std::to_string(kBig.size() + 4));
}

TEST_CASE("a release that came thin is a base again") {
  ThinWorld world;
  REQUIRE(world.DeployThin().exit == Exit::kDone);
  PackedTree third(
      PackedTree::Files{{"bin/app", "third"}, {"lib/moved", kBig}});
  const std::string base = *ReadPackedManifest(&world.disk, V("2"));
  CHECK(world.DeployBytes(third.Thin("3", base), "3").exit == Exit::kDone);
  // An older one is a base, too, as long as it is kept.
  PackedTree fourth(PackedTree::Files{{"bin/app", "fourth"}, {"big", kBig}});
  CHECK(world.DeployBytes(fourth.Thin("4", world.base), "4").exit ==
        Exit::kDone);
}

TEST_CASE("the same thin archive again is no change") {
  ThinWorld world;
  REQUIRE(world.DeployThin().exit == Exit::kDone);
  CHECK(world.DeployThin().result == Result::kUnchanged);
}

TEST_CASE("a host without the base refuses before anything is published") {
  ThinWorld world;
  PackedTree other(PackedTree::Files{{"bin/app", "other"}});
  const std::string base = FormatManifest(other.ManifestFor("0"));
  CheckRefused(&world, world.fresh.Thin("2", base), "base-missing");
}

TEST_CASE("a base whose file changed on disk is refused, nothing is left") {
  for (const Dedup dedup : {Dedup::kOff, Dedup::kAuto, Dedup::kHardLink}) {
    const auto set = [&](Config* config) { config->unpack.dedup = dedup; };
    for (const std::string& content : {std::string("keqt"), std::string("k")}) {
      ThinWorld world(set);
      PutFile(&world.disk, "releases/1/bin/kept", content);
      CheckRefused(&world, world.fresh.Thin("2", world.base), "base-missing");
    }
    std::string big = kBig;
    big.back() = 'x';
    ThinWorld altered(set);
    PutFile(&altered.disk, "releases/1/big", big);
    CheckRefused(&altered, altered.fresh.Thin("2", altered.base),
                 "base-missing");
    ThinWorld gone(set);
    gone.disk.RemoveFile(Fs::kRoot, "releases/1/bin/kept");
    CheckRefused(&gone, gone.fresh.Thin("2", gone.base), "base-missing");
    ThinWorld replaced(set);
    PutLink(&replaced.disk, "releases/1/bin/kept", "app");
    CheckRefused(&replaced, replaced.fresh.Thin("2", replaced.base),
                 "base-missing");
  }
}

TEST_CASE("a base with a file that cannot be read is refused") {
  for (const Dedup dedup : {Dedup::kOff, Dedup::kHardLink}) {
    ThinWorld world([&](Config* config) { config->unpack.dedup = dedup; });
    WithUnreadableFile fs(&world.disk, "big");
    world.context.fs = &fs;
    CheckRefused(&world, world.fresh.Thin("2", world.base), "base-missing");
  }
}

TEST_CASE("a base whose kept manifest is damaged is none") {
  ThinWorld world;
  PutFile(&world.disk, PackedManifestPath(V("1")), "damaged");
  CheckRefused(&world, world.fresh.Thin("2", world.base), "base-missing");
}

TEST_CASE("the entries must be exactly those that the base lacks") {
  ThinWorld world;
  const std::string thin = FormatThinManifest(
      DifferenceFrom(ParseManifest(world.base, "base"), DigestOf(world.base),
                     world.fresh.ManifestFor("2")));
  const auto archive = [&](auto add) {
    TarBuilder tar;
    tar.File(".release-manifest", thin);
    add(&tar);
    return tar.Bytes();
  };
  const auto refused = [&](auto add) {
    CheckRefused(&world, archive(add), "manifest-mismatch");
  };
  refused([](TarBuilder*) {});
  refused([](TarBuilder* tar) { tar->File("bin/app", "neq"); });
  refused([](TarBuilder* tar) { tar->File("bin/app", "newer"); });
  refused([](TarBuilder* tar) { tar->File("bin/apq", "new"); });
  refused([](TarBuilder* tar) { tar->Symlink("bin/app", "kept"); });
  refused([](TarBuilder* tar) {
    tar->File("bin/app", "new").File("bin/app", "new");
  });
  refused([](TarBuilder* tar) {
    tar->File("bin/app", "new").File("bin/kept", "kept");
  });
  refused(
      [](TarBuilder* tar) { tar->File("bin/app", "new").File("zz", "more"); });
  refused(
      [](TarBuilder* tar) { tar->Directory("bin").File("bin/app", "new"); });
  // The right entries are accepted.
  const std::string right =
      archive([](TarBuilder* tar) { tar->File("bin/app", "new"); });
  CHECK(world.DeployBytes(right, "2").exit == Exit::kDone);
}

TEST_CASE("a thin manifest that leads elsewhere is refused") {
  ThinWorld world;
  ThinManifest thin =
      DifferenceFrom(ParseManifest(world.base, "base"), DigestOf(world.base),
                     world.fresh.ManifestFor("2"));
  thin.dropped.clear();
  CheckRefused(&world,
               TarBuilder()
                   .File(".release-manifest", FormatThinManifest(thin))
                   .File("bin/app", "new")
                   .Bytes(),
               "manifest-mismatch");
}

TEST_CASE("files are linked only where nobody else could write them") {
  const auto links = [](Config* config) {
    config->unpack.dedup = Dedup::kHardLink;
  };
  const auto shared = [](World* world) {
    return InodeOf(world, "releases/1/bin/kept") ==
           InodeOf(world, "releases/2/bin/kept");
  };
  SUBCASE("linked") {
    ThinWorld world(links);
    REQUIRE(world.DeployThin().exit == Exit::kDone);
    CHECK(shared(&world));
    CHECK(InodeOf(&world, "releases/1/big") ==
          InodeOf(&world, "releases/2/lib/moved"));
  }
  SUBCASE("not without hard links") {
    ThinWorld world;
    REQUIRE(world.DeployThin().exit == Exit::kDone);
    CHECK(!shared(&world));
  }
  SUBCASE("not under another mode") {
    ThinWorld world(links);
    world.disk.SetMode(Fs::kRoot, "releases/1/bin/kept", 0755);
    REQUIRE(world.DeployThin().exit == Exit::kDone);
    CHECK(!shared(&world));
    CHECK(world.disk.Stat(Fs::kRoot, "releases/2/bin/kept")->mode == 0644);
  }
  SUBCASE("not if its group can write it") {
    ThinWorld world([&](Config* config) {
      links(config);
      config->unpack.umask = 0002;
    });
    world.disk.SetMode(Fs::kRoot, "releases/1/bin/kept", 0664);
    REQUIRE(world.DeployThin().exit == Exit::kDone);
    CHECK(!shared(&world));
  }
  SUBCASE("not if another user owns it") {
    ThinWorld world(links);
    world.disk.SetOwner(Fs::kRoot, "releases/1/bin/kept", 33, 33);
    REQUIRE(world.DeployThin().exit == Exit::kDone);
    CHECK(!shared(&world));
  }
}

TEST_CASE("a shared path needs no content of the base") {
  ThinWorld world([](Config* config) { config->shared_dirs = {"lib"}; });
  world.disk.RemoveFile(Fs::kRoot, "releases/1/big");
  const Outcome outcome = world.DeployThin();
  CHECK(outcome.exit == Exit::kDone);
  CHECK(world.disk.ReadLink(Fs::kRoot, "releases/2/lib") == "../../shared/lib");
}

TEST_CASE("a dry run of a thin archive checks it and changes nothing") {
  ThinWorld world;
  const auto plan = PlanDeploy(
      &world.context,
      RequestOfBytes(world.fresh.Thin("2", world.base), "shop-2.tar"));
  CHECK(!plan.empty());
  CHECK(!Exists(&world.disk, "releases/2"));
}

}  // namespace
}  // namespace release
