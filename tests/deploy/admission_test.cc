#include "deploy/admission.h"

#include <doctest/doctest.h>
#include <fcntl.h>

#include "base/manifest_text.h"
#include "os/descriptor.h"
#include "store/layout.h"
#include "store/releases.h"
#include "support/archive_bytes.h"
#include "support/archives.h"
#include "support/expect_error.h"
#include "support/packed_tree.h"
#include "support/root_files.h"
#include "support/statements.h"
#include "support/temp_dir.h"
#include "support/world.h"

namespace release {
namespace {

// A world whose ssh-keygen accepts every signature as that of ci.
class Vouched : public World {
 public:
  Vouched() {
    Spill(dir.path() + "/keys", "ci namespaces=\"release\" ssh-ed25519 AAAA\n");
    config.verify.keys = dir.path() + "/keys";
    config.verify.require_signature = true;
    config.verify.require_tests = true;
    runner.On("ssh-keygen", Exited(0, "Good \"x\" with X key SHA256:k\n"));
    runner.On("find-principals", Exited(0, "ci\n"));
  }

  ArchiveRequest Signed(const std::string& version, std::uint64_t serial) {
    ArchiveRequest request = RequestFor(version);
    const auto statement = StatementFor(Sha256Of(ArchiveOf(version)), serial);
    request.evidence.attestation = EvidenceFile{statement.dump(), "a"};
    request.evidence.signature = EvidenceFile{"s", "a.sig"};
    return request;
  }
  Outcome DeploySigned(const std::string& version, std::uint64_t serial) {
    return release::Deploy(&context, Signed(version, serial));
  }

  TempDir dir;
};

std::string CodeOf(const Outcome& outcome) {
  return outcome.error ? std::string(CodeName(outcome.error->code)) : "";
}

// A tree, and evidence about its manifest alone.
struct VouchedManifest : Vouched {
  ArchiveRequest About(const std::string& manifest, std::uint64_t serial,
                       const std::string& bytes) {
    ArchiveRequest request = RequestOfBytes(bytes, "shop.tar");
    auto statement = StatementFor(Sha256Of(manifest), serial);
    statement["subject"][0]["name"] = ".release-manifest";
    request.evidence.attestation = EvidenceFile{statement.dump(), "a"};
    request.evidence.signature = EvidenceFile{"s", "a.sig"};
    return request;
  }
  Outcome DeployTree(const std::string& bytes, std::uint64_t serial = 7) {
    return release::Deploy(
        &context, About(FormatManifest(tree.ManifestFor("2")), serial, bytes));
  }

  PackedTree tree{{{"bin/app", "new"}, {"kept", "kept"}, {"link", "-> kept"}}};
};

}  // namespace

TEST_CASE("an archive with all its evidence goes live and is recorded") {
  Vouched world;
  REQUIRE(CodeOf(world.DeploySigned("1", 5)) == "");
  const TransactionRecord record = ReadRecord(&world.disk, 1);
  CHECK(record.end->facts.at("signed_by") == "ci");
  CHECK(record.end->facts.at("tests") == "2 tests passed");
  CHECK(record.end->ledger.serials().at("SHA256:k").serial == 5);
  CHECK(record.end->ledger.entries()[0].evidence ==
        "signed by ci, serial 5, 2 tests passed");
  CHECK_FALSE(Exists(&world.disk, ".release/.new-arrival"));
}

TEST_CASE("missing evidence is reported before the archive is read") {
  Vouched world;
  ArchiveRequest request = world.RequestFor("1");
  // Reading the archive would fail with another code.
  const Descriptor unreadable(open("/dev/null", O_WRONLY | O_CLOEXEC));
  request.descriptor = unreadable.get();
  CHECK(CodeOf(Deploy(&world.context, request)) == "evidence-missing");
  request.evidence = world.Signed("1", 1).evidence;
  request.evidence.attestation.reset();
  CHECK(CodeOf(Deploy(&world.context, request)) == "evidence-missing");
}

TEST_CASE("an archive that its evidence does not cover is not unpacked") {
  Vouched world;
  ArchiveRequest request = world.Signed("1", 1);
  // These bytes are not an archive, so looking into them would fail with
  // another code.
  request.descriptor = RequestOfBytes("\x1F\x8B garbage", "").descriptor;
  CHECK(CodeOf(Deploy(&world.context, request)) == "evidence-mismatch");
  CHECK(ReadRecord(&world.disk, 1).end->result == Result::kRefused);
  CHECK(world.disk.List(Fs::kRoot, kReleases).empty());
}

TEST_CASE("an archive that is endless is refused") {
  Vouched world;
  world.config.unpack.max_size = 1 << 20;
  ArchiveRequest request = world.Signed("1", 1);
  const Descriptor endless(open("/dev/zero", O_RDONLY | O_CLOEXEC));
  request.descriptor = endless.get();
  CHECK(CodeOf(Deploy(&world.context, request)) == "limit-exceeded");
  CHECK_FALSE(Exists(&world.disk, ".release/.new-arrival"));
}

TEST_CASE("an abort ends the copying of an archive that has evidence") {
  Vouched world;
  bool aborts = true;
  // At this point the lock is held, and the record does not exist yet.
  world.runner.On("find-principals", [&](const Command&) {
    if (aborts) Abort(&world.context);
    return Exited(0, "ci\n");
  });
  const Outcome outcome = world.DeploySigned("1", 1);
  CHECK(outcome.exit == Exit::kFailed);
  CHECK(CodeOf(outcome) == "aborted");
  // The deploy stopped before it looked at the archive's content.
  CHECK(!ReadRecord(&world.disk, 1).begin->creates);
  aborts = false;
  CHECK(world.DeploySigned("1", 1).exit == Exit::kDone);
}

TEST_CASE("a serial is used up by a commit and by nothing less") {
  Vouched world;
  REQUIRE(CodeOf(world.DeploySigned("1", 5)) == "");
  world.broken.insert("2");
  CHECK(world.DeploySigned("2", 7).exit == Exit::kUndone);
  CHECK(ReadRecord(&world.disk, 2).end->facts.at("signed_by") == "ci");
  // The undone deploy has not used up its serial.
  CHECK(CodeOf(world.DeploySigned("3", 6)) == "");
  CHECK(CodeOf(world.DeploySigned("4", 5)) == "evidence-replayed");
  CHECK(CodeOf(world.DeploySigned("4", 6)) == "evidence-replayed");
  CHECK(CodeOf(world.DeploySigned("1", 5)) == "evidence-replayed");
  // The same archive with the same serial is accepted again.
  CHECK(world.DeploySigned("3", 6).result == Result::kUnchanged);
  // A rollback, a prune or a crash must not free a serial for reuse.
  REQUIRE(world.Rollback().exit == Exit::kDone);
  REQUIRE(Prune(&world.context).exit == Exit::kDone);
  CHECK(CodeOf(world.DeploySigned("1", 5)) == "evidence-replayed");
  World later(world, world.disk);
  CHECK(
      ReadDeploymentState(&later.disk).ledger.serials().at("SHA256:k").serial ==
      6);
}

TEST_CASE("unsigned test results count if no signature is required") {
  Vouched world;
  world.config.verify.require_signature = false;
  ArchiveRequest request = world.Signed("1", 1);
  request.evidence.signature.reset();
  const Outcome outcome = Deploy(&world.context, request);
  CHECK(CodeOf(outcome) == "");
  REQUIRE(outcome.warnings.size() == 1);
  CHECK(outcome.warnings[0].find("is not signed") != std::string::npos);
}

TEST_CASE("hooks are told what vouches for the release") {
  Vouched world;
  world.config.hooks.preflight = {"preflight"};
  REQUIRE(CodeOf(world.DeploySigned("1", 5)) == "");
  for (const Command& command : world.runner.commands) {
    if (command.argv[0] != "preflight") continue;
    CHECK(command.env.at("RELEASE_SIGNED_BY") == "ci");
    CHECK(command.env.at("RELEASE_TESTS") == "2 tests passed");
    CHECK(command.env.at("RELEASE_SHA256") == Sha256Of(World::ArchiveOf("1")));
  }
  CHECK(world.runner.Count("preflight") == 1);
}

TEST_CASE("evidence about the manifest covers the full and the thin archive") {
  VouchedManifest world;
  PackedTree old(PackedTree::Files{{"bin/app", "old"}, {"kept", "kept"}});
  const std::string base = FormatManifest(old.ManifestFor("1"));
  REQUIRE(CodeOf(Deploy(&world.context, world.About(base, 6, old.Full("1")))) ==
          "");
  CHECK(CodeOf(world.DeployTree(world.tree.Thin("2", base))) == "");
  // The same evidence with the other form is no replay.
  CHECK(world.DeployTree(world.tree.Full("2")).result == Result::kUnchanged);
  CHECK(CodeOf(Deploy(&world.context, world.About(base, 7, old.Full("1")))) ==
        "evidence-replayed");
}

TEST_CASE("evidence about another manifest, or none, covers nothing") {
  VouchedManifest world;
  PackedTree other(PackedTree::Files{{"bin/app", "evil"}});
  CHECK(CodeOf(world.DeployTree(other.Full("2"))) == "evidence-mismatch");
  CHECK(CodeOf(world.DeployTree(World::ArchiveOf("2"))) == "evidence-mismatch");
  CHECK(ListReleases(&world.disk).versions.empty());
}

TEST_CASE("what an attested manifest does not say is not unpacked") {
  VouchedManifest world;
  const std::string manifest = FormatManifest(world.tree.ManifestFor("2"));
  const auto refused = [&](auto add) {
    TarBuilder tar;
    add(&tar.File(".release-manifest", manifest).Directory("bin"));
    CHECK(CodeOf(world.DeployTree(tar.Bytes())) == "manifest-mismatch");
    CHECK(ListReleases(&world.disk).versions.empty());
  };
  refused([](TarBuilder* tar) {
    tar->File("bin/app", "evl").File("kept", "kept").Symlink("link", "kept");
  });
  refused([](TarBuilder* tar) {
    tar->File("bin/app", "new").File("kept", "kept").Symlink("link", "bin");
  });
  refused([](TarBuilder* tar) {
    tar->File("bin/app", "new").File("kept", "kept");
  });
  refused([](TarBuilder* tar) {
    tar->File("bin/app", "new")
        .File("kept", "kept")
        .Symlink("link", "kept")
        .File("more", "x");
  });
  refused([](TarBuilder* tar) {
    tar->File("kept", "kept").File("bin/app", "new").Symlink("link", "kept");
  });
  CHECK(CodeOf(world.DeployTree(TarBuilder()
                                    .File(".release-manifest", manifest)
                                    .Directory("bin")
                                    .File("bin/app", "new", 0777)
                                    .File("kept", "kept")
                                    .Symlink("link", "kept")
                                    .Bytes())) == "");
  // The mode is that of the manifest, for which somebody vouched.
  CHECK(world.disk.Stat(Fs::kRoot, "releases/2/bin/app")->mode == 0644);
}

TEST_CASE("where signatures are required a thin archive links no file") {
  VouchedManifest world;
  world.config.unpack.dedup = Dedup::kHardLink;
  PackedTree old(PackedTree::Files{{"bin/app", "old"}, {"kept", "kept"}});
  const std::string base = FormatManifest(old.ManifestFor("1"));
  const auto shares = [&](bool required) {
    world.config.verify.require_signature = true;
    REQUIRE(CodeOf(Deploy(&world.context,
                          world.About(base, 1, old.Full("1")))) == "");
    world.config.verify.require_signature = required;
    REQUIRE(CodeOf(world.DeployTree(world.tree.Thin("2", base), 2)) == "");
    return world.disk.Stat(Fs::kRoot, "releases/1/kept")->inode ==
           world.disk.Stat(Fs::kRoot, "releases/2/kept")->inode;
  };
  SUBCASE("required") { CHECK(!shares(true)); }
  SUBCASE("given, but not required") { CHECK(shares(false)); }
}

}  // namespace release
