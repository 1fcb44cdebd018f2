#include "deploy/staging.h"

#include <doctest/doctest.h>

#include "base/manifest_text.h"
#include "deploy/plan.h"
#include "store/durable.h"
#include "store/layout.h"
#include "store/releases.h"
#include "store/verify.h"
#include "support/archive_bytes.h"
#include "support/expect_error.h"
#include "support/fault_fs.h"
#include "support/root_files.h"
#include "support/world.h"
#include "trust/digest.h"

namespace release {
namespace {

Version V(const std::string& name) { return Version::ParseOrThrow(name); }

// Returns an archive whose file "app" contains `is`, with a manifest that says
// `said` of it.
std::string WithManifest(const std::string& said, const std::string& is,
                         const std::string& version = "") {
  Manifest manifest;
  if (!version.empty()) manifest.version = V(version);
  manifest.entries.push_back({.path = "app",
                              .mode = 0755,
                              .size = said.size(),
                              .hash = HashContent(said)});
  return TarBuilder()
      .File(".release-manifest", FormatManifest(manifest))
      .File("app", is, 0755)
      .Bytes();
}

// Returns a listing of the releases, the shared files and the manifests. It
// leaves out the rest of .release/, where every transaction leaves a record.
std::string Visible(World* world) {
  std::string lines;
  for (const char* path : {"releases", "shared", ".release/manifests"}) {
    for (const DirEntry& entry : world->disk.List(Fs::kRoot, path)) {
      lines += std::string(path) + "/" + entry.name + "\n";
    }
  }
  return lines + world->Current();
}

// Deploys the request in a world with release 1 live, and checks that it is
// refused and changes nothing.
void CheckRefused(
    ArchiveRequest request, ErrorCode code,
    const std::function<void(Config*)>& set = [](Config*) {}) {
  World world;
  REQUIRE(world.Deploy("1").exit == Exit::kDone);
  set(&world.config);
  MakeShared(&world.disk, world.config);
  const std::string before = Visible(&world);
  const int reloads = world.runner.Count("reload");
  const Outcome outcome = Deploy(&world.context, std::move(request));
  REQUIRE(outcome.error);
  CHECK(CodeName(outcome.error->code) == CodeName(code));
  CHECK(outcome.exit == Exit::kRefused);
  CHECK(outcome.result == Result::kRefused);
  CHECK(outcome.current == "1");
  CHECK(outcome.error->message.starts_with("cannot "));
  CHECK(Visible(&world) == before);
  CHECK(world.runner.Count("reload") == reloads);
  // The refusal is recorded.
  const TransactionRecord record = ReadRecord(&world.disk, 2);
  REQUIRE(record.end);
  CHECK(record.end->code == CodeName(code));
  CHECK(record.end->exit == Exit::kRefused);
}

TEST_CASE("the version comes from the option first") {
  World world;
  ArchiveRequest request =
      RequestOfBytes(WithManifest("x", "x", "2.0"), "shop-3.0.tar");
  request.version = V("1.0");
  CHECK(Deploy(&world.context, std::move(request)).version == V("1.0"));
}

TEST_CASE("without the option the version comes from the manifest") {
  World world;
  const Outcome outcome =
      Deploy(&world.context,
             RequestOfBytes(WithManifest("x", "x", "2.0"), "shop-3.0.tar"));
  CHECK(outcome.exit == Exit::kDone);
  CHECK(outcome.version == V("2.0"));
  CHECK(!Exists(&world.disk, "releases/2.0/.release-manifest"));
}

TEST_CASE("without a manifest it comes from the file name, else the time") {
  World world;
  const std::string bytes = WithManifest("x", "x");
  CHECK(Deploy(&world.context, RequestOfBytes(bytes, "shop-3.0.tar")).version ==
        V("3.0"));
  world.clock.wall_seconds = 1'795'000'000;
  const Outcome outcome = Deploy(&world.context, RequestOfBytes(bytes, ""));
  CHECK(outcome.exit == Exit::kDone);
  CHECK(outcome.version == V("20261118110640"));
}

TEST_CASE("archives without a version in one second all go live") {
  World world;
  std::set<std::string> versions;
  for (const char* content : {"1", "2", "3"}) {
    const Outcome outcome =
        Deploy(&world.context,
               RequestOfBytes(TarBuilder().File("f", content).Bytes(), ""));
    CHECK(outcome.exit == Exit::kDone);
    CHECK(outcome.result == Result::kCommitted);
    REQUIRE(outcome.version);
    versions.insert(outcome.version->name());
    CHECK(world.Current() == "releases/" + outcome.version->name());
  }
  CHECK(versions.size() == 3);
}

TEST_CASE("the version that was chosen is said, and from where") {
  const std::pair<const char*, const char*> expected[] = {
      {"shop-3.0.tar", "version 3.0, from the name \"shop-3.0.tar\""},
      {"", ", from the time"},
  };
  for (const auto& each : expected) {
    World world;
    std::string remarks;
    world.context.report = [&](const ProgressEvent& event) {
      if (event.kind == ProgressEvent::Kind::kRemark) remarks += event.text;
    };
    const std::string bytes = TarBuilder().File("f", "x").Bytes();
    Deploy(&world.context, RequestOfBytes(bytes, each.first));
    CHECK(remarks.find(each.second) != std::string::npos);
    remarks.clear();
    ArchiveRequest named = RequestOfBytes(bytes, each.first);
    named.version = V("4");
    Deploy(&world.context, std::move(named));
    CHECK(remarks.find("from the") == std::string::npos);
  }
}

TEST_CASE("a required checksum must be given") {
  World maker;
  CheckRefused(maker.RequestFor("2"), ErrorCode::kEvidenceMissing,
               [](Config* config) { config->verify.require_checksum = true; });
}

TEST_CASE(
    "signatures and tests that are required are never taken for granted") {
  World maker;
  CheckRefused(maker.RequestFor("2"), ErrorCode::kEvidenceMissing,
               [](Config* config) { config->verify.require_signature = true; });
  CheckRefused(maker.RequestFor("2"), ErrorCode::kEvidenceMissing,
               [](Config* config) { config->verify.require_tests = true; });
}

TEST_CASE("a given checksum is always checked") {
  World maker;
  ArchiveRequest request = maker.RequestFor("2");
  request.checksum = ExpectedChecksum{std::string(64, 'a'), "--sha256"};
  CheckRefused(std::move(request), ErrorCode::kChecksumMismatch);
}

TEST_CASE("the right checksum is accepted and recorded") {
  World world;
  world.config.verify.require_checksum = true;
  const std::string bytes = World::ArchiveOf("2");
  Sha256 digest;
  digest.Update(bytes);
  const std::string sha256 = digest.Finish();
  ArchiveRequest request = RequestOfBytes(bytes, "shop-2.tar");
  request.checksum = ExpectedChecksum{sha256, "--sha256"};
  CHECK(Deploy(&world.context, std::move(request)).exit == Exit::kDone);
  CHECK(ReadRecord(&world.disk, 1).end->facts.at("sha256") == sha256);
}

TEST_CASE("an archive that differs from its manifest is refused") {
  CheckRefused(RequestOfBytes(WithManifest("said", "is so", "2"), "x.tar"),
               ErrorCode::kManifestMismatch);
  CheckRefused(RequestOfBytes(WithManifest("same", "sane", "2"), "x.tar"),
               ErrorCode::kManifestMismatch);
}

TEST_CASE("an archive cut anywhere is refused and leaves nothing behind") {
  const std::string whole = World::ArchiveOf("2");
  for (std::size_t size = 0; size < whole.size(); size += 256) {
    CAPTURE(size);
    CheckRefused(
        RequestOfBytes(whole.substr(0, size), "shop-2.tar"),
        size == 0 ? ErrorCode::kArchiveEmpty : ErrorCode::kArchiveTruncated);
  }
}

TEST_CASE("an entry that would lead outside is refused") {
  CheckRefused(
      RequestOfBytes(TarBuilder().File("a", "x").File("../evil", "x").Bytes(),
                     "shop-2.tar"),
      ErrorCode::kUnsafeEntry);
}

TEST_CASE("an archive over the limits is refused") {
  World maker;
  CheckRefused(maker.RequestFor("2"), ErrorCode::kLimitExceeded,
               [](Config* config) { config->unpack.max_entries = 2; });
  CheckRefused(maker.RequestFor("2"), ErrorCode::kLimitExceeded,
               [](Config* config) { config->unpack.max_size = 3; });
}

TEST_CASE("the same version with the same content makes no new copy") {
  World world;
  REQUIRE(world.Deploy("1").exit == Exit::kDone);
  REQUIRE(world.Deploy("2").exit == Exit::kDone);
  const auto inode = world.disk.Stat(Fs::kRoot, "releases/2")->inode;
  const int reloads = world.runner.Count("reload");
  const Outcome outcome = world.Deploy("2");
  CHECK(outcome.exit == Exit::kDone);
  CHECK(outcome.result == Result::kUnchanged);
  CHECK(outcome.current == "2");
  CHECK(world.disk.Stat(Fs::kRoot, "releases/2")->inode == inode);
  CHECK(world.runner.Count("reload") == reloads);
  // A release that exists and is not live is activated without a new copy.
  CHECK(world.Deploy("1").result == Result::kCommitted);
  CHECK(world.Current() == "releases/1");
}

// Deploys a directory with a file, both of these modes, as release 1.
Outcome DeployModes(World* world, unsigned directory, unsigned file) {
  const std::string bytes =
      TarBuilder().Directory("d", directory).File("d/f", "x", file).Bytes();
  ArchiveRequest request = RequestOfBytes(bytes, "a.tar");
  request.version = V("1");
  return Deploy(&world->context, std::move(request));
}

TEST_CASE("a release of an earlier version or umask is the same content") {
  World world;
  // The modes that earlier versions made of 0744 and 0444.
  REQUIRE(DeployModes(&world, 0755, 0644).exit == Exit::kDone);
  Manifest manifest = LoadManifest(&world.disk, V("1"));
  manifest.entries.at(0).mode = 0744;
  world.disk.SetMode(Fs::kRoot, "releases/1/d", 0744);
  PutFile(&world.disk, ManifestPath(V("1")), FormatManifest(manifest));
  CHECK(DeployModes(&world, 0744, 0444).result == Result::kUnchanged);
  world.config.unpack.umask = 0027;
  CHECK(DeployModes(&world, 0744, 0444).result == Result::kUnchanged);
  // A mode that the archive itself changed is other content.
  const Outcome outcome = DeployModes(&world, 0744, 0555);
  REQUIRE(outcome.error);
  CHECK(outcome.error->code == ErrorCode::kVersionConflict);
}

TEST_CASE("an archive's manifest is compared with the modes after the umask") {
  for (const unsigned umask : {0022U, 0002U, 0077U}) {
    World world;
    world.config.unpack.umask = umask;
    CHECK(Deploy(&world.context,
                 RequestOfBytes(WithManifest("x", "x", "2.0"), "shop.tar"))
              .exit == Exit::kDone);
    CHECK(VerifyRelease(&world.disk, V("2.0")).empty());
  }
}

TEST_CASE("the same content with other times is the same content") {
  World world;
  const auto archive = [](std::uint64_t time) {
    return TarBuilder().At(time).Directory("d").File("d/f", "x").Bytes();
  };
  const auto deploy = [&](std::uint64_t time) {
    ArchiveRequest request = RequestOfBytes(archive(time), "a.tar");
    request.version = V("1");
    return Deploy(&world.context, std::move(request));
  };
  REQUIRE(deploy(1'700'000'000).exit == Exit::kDone);
  const Outcome again = deploy(1'800'000'000);
  CHECK(again.exit == Exit::kDone);
  CHECK(again.result == Result::kUnchanged);
  CHECK(world.disk.Stat(Fs::kRoot, "releases/1/d/f")->modified ==
        1'700'000'000);
}

TEST_CASE("shared links leave the times of the archive's directories") {
  World world;
  world.config.shared_dirs = {"log", "d/sub/cache"};
  world.config.shared_files = {"d/env"};
  MakeShared(&world.disk, world.config);
  ArchiveRequest request = RequestOfBytes(TarBuilder()
                                              .At(1'700'000'000)
                                              .Directory(".")
                                              .Directory("d")
                                              .File("d/f", "x")
                                              .Bytes(),
                                          "a.tar");
  request.version = V("1");
  REQUIRE(Deploy(&world.context, std::move(request)).exit == Exit::kDone);
  for (const char* path : {"releases/1", "releases/1/d", "releases/1/d/f"}) {
    CAPTURE(std::string(path));
    CHECK(world.disk.Stat(Fs::kRoot, path)->modified == 1'700'000'000);
  }
  CHECK(world.disk.ReadLink(Fs::kRoot, "releases/1/d/sub/cache"));
}

TEST_CASE("the same version with other content is refused") {
  World maker;
  ArchiveRequest request = maker.RequestFor("2");
  request.version = V("1");
  CheckRefused(std::move(request), ErrorCode::kVersionConflict);
}

TEST_CASE("a release whose files changed is not the same content any more") {
  for (const bool live : {false, true}) {
    World world;
    DeployAll(&world, {"1", "2"});
    const std::string version = live ? "2" : "1";
    PutFile(&world.disk, "releases/" + version + "/bin/app", "x", 0755);
    const Outcome outcome = world.Deploy(version);
    CHECK(outcome.exit == Exit::kFailed);
    REQUIRE(outcome.error);
    CHECK(outcome.error->code == ErrorCode::kReleaseAltered);
    CHECK(outcome.error->message.find("`release verify " + version + "`") !=
          std::string::npos);
    CHECK(world.Current() == "releases/2");
    CHECK(ErrorOf([&] {
            (void)PlanDeploy(&world.context, world.RequestFor(version));
          }).code() == ErrorCode::kReleaseAltered);
  }
}

TEST_CASE("a file that the service wrote does not make a release another") {
  World world;
  DeployAll(&world, {"1"});
  PutFile(&world.disk, "releases/1/cache", "x");
  const Outcome outcome = world.Deploy("1");
  CHECK(outcome.exit == Exit::kDone);
  CHECK(outcome.result == Result::kUnchanged);
  CHECK(outcome.warnings.size() == 1);
}

TEST_CASE("a file or link with the release's name is left alone") {
  World world;
  REQUIRE(world.Deploy("1").exit == Exit::kDone);
  world.disk.MakeDirectory(Fs::kRoot, "elsewhere", 0755);
  PutFile(&world.disk, "releases/2", "precious");
  PutLink(&world.disk, "releases/3", "../elsewhere");
  for (const char* version : {"2", "3"}) {
    const Outcome outcome = world.Deploy(version);
    CHECK(outcome.exit == Exit::kRefused);
    CHECK(outcome.error->code == ErrorCode::kVersionConflict);
  }
  CHECK(ReadFile(&world.disk, "releases/2") == "precious");
  CHECK(world.disk.ReadLink(Fs::kRoot, "releases/3") == "../elsewhere");
}

TEST_CASE("a hand-made directory of the name is not used or changed") {
  World world;
  REQUIRE(world.Deploy("1").exit == Exit::kDone);
  world.disk.MakeDirectory(Fs::kRoot, "releases/2", 0755);
  PutFile(&world.disk, "releases/2/precious", "x");
  const Outcome outcome = world.Deploy("2");
  CHECK(outcome.exit == Exit::kFailed);
  CHECK(outcome.error->code == ErrorCode::kManifestUnreadable);
  CHECK(world.Current() == "releases/1");
  CHECK(ReadFile(&world.disk, "releases/2/precious") == "x");
}

TEST_CASE("an entry in the way of a shared path is refused") {
  for (const bool directory : {true, false}) {
    const auto set = [&](Config* config) {
      auto& paths = directory ? config->shared_dirs : config->shared_files;
      paths = {"var/lib/data"};
    };
    for (const std::string& bytes :
         {TarBuilder().File("var", "x").Bytes(),
          TarBuilder().Symlink("var", "lib").File("lib/x", "x").Bytes(),
          TarBuilder().Directory("var").File("var/lib", "x").Bytes()}) {
      CheckRefused(RequestOfBytes(bytes, "shop-2.tar"), ErrorCode::kUnsafeEntry,
                   set);
    }
  }
}

TEST_CASE("a link at a shared path gives way; an absolute one may be allowed") {
  World world;
  world.config.shared_dirs = {"log"};
  world.config.unpack.absolute_links = {"/usr/bin/*"};
  const std::string bytes = TarBuilder()
                                .File("f", "x")
                                .Symlink("log", "/var/www/shop/log")
                                .Symlink("python", "/usr/bin/python3")
                                .Bytes();
  const Outcome outcome =
      Deploy(&world.context, RequestOfBytes(bytes, "shop-1.tar"));
  CHECK(outcome.exit == Exit::kDone);
  CHECK(outcome.warnings.size() == 1);
  CHECK(world.disk.ReadLink(Fs::kRoot, "releases/1/log") == "../../shared/log");
  CHECK(world.disk.ReadLink(Fs::kRoot, "releases/1/python") ==
        "/usr/bin/python3");
}

TEST_CASE("shared paths replace entries of the archive") {
  World world;
  world.config.shared_dirs = {"storage/logs"};
  world.config.shared_files = {".env"};
  MakeShared(&world.disk, world.config);
  const std::string bytes = TarBuilder()
                                .Directory("storage")
                                .Directory("storage/logs")
                                .File("storage/logs/old.log", "old")
                                .File("storage/kept", "kept")
                                .File(".env", "DEFAULT=1")
                                .File(".envrc", "kept too")
                                .Bytes();
  const Outcome outcome =
      Deploy(&world.context, RequestOfBytes(bytes, "shop-1.tar"));
  REQUIRE(outcome.exit == Exit::kDone);
  CHECK(VerifyRelease(&world.disk, V("1")).empty());
  CHECK(world.disk.ReadLink(Fs::kRoot, "releases/1/storage/logs") ==
        "../../../shared/storage/logs");
  CHECK(world.disk.ReadLink(Fs::kRoot, "releases/1/.env") ==
        "../../shared/.env");
  CHECK(ReadFile(&world.disk, "releases/1/storage/kept") == "kept");
  CHECK(ReadFile(&world.disk, "releases/1/.envrc") == "kept too");
  CHECK(ReadFile(&world.disk, "shared/.env").empty());
  std::string warnings;
  for (const std::string& text : outcome.warnings) warnings += text + "\n";
  CHECK(warnings.find("old.log") != std::string::npos);
  // The same archive again still counts as the same release.
  CHECK(Deploy(&world.context, RequestOfBytes(bytes, "shop-1.tar")).result ==
        Result::kUnchanged);
}

TEST_CASE("a shared file that is missing stops a deploy before it unpacks") {
  World world;
  DeployAll(&world, {"1"});
  world.config.shared_files = {".env"};
  const Outcome outcome = world.Deploy("2");
  CHECK(outcome.exit == Exit::kFailed);
  REQUIRE(outcome.error);
  CHECK(outcome.error->code == ErrorCode::kSharedFileMissing);
  CHECK(outcome.error->message.find("`release init` makes it") !=
        std::string::npos);
  CHECK(outcome.steps.empty());
  CHECK_FALSE(world.disk.Stat(Fs::kRoot, "shared/.env"));
  // Control: once it is there, the deploy goes on.
  MakeShared(&world.disk, world.config);
  CHECK(world.Deploy("2").exit == Exit::kDone);
}

TEST_CASE("shared paths do not make an archive differ from its manifest") {
  World world;
  world.config.shared_files = {"app"};
  MakeShared(&world.disk, world.config);
  const std::string bytes = WithManifest("x", "x", "1");
  const Outcome outcome = Deploy(&world.context, RequestOfBytes(bytes, ""));
  CHECK(outcome.exit == Exit::kDone);
  CHECK(world.disk.ReadLink(Fs::kRoot, "releases/1/app") == "../../shared/app");
}

TEST_CASE("nothing is unpacked if the space does not suffice") {
  World world;
  REQUIRE(world.Deploy("1").exit == Exit::kDone);
  std::string bytes = World::ArchiveOf("2");
  bytes.resize(5120);
  ArchiveRequest request = RequestOfBytes(bytes, "shop-2.tar");
  world.disk.SetSpace(
      {.free_bytes = 5119, .free_inodes = 100, .total_inodes = 100});
  const Outcome outcome = Deploy(&world.context, std::move(request));
  CHECK(outcome.exit == Exit::kFailed);
  CHECK(outcome.error->code == ErrorCode::kNoSpace);
  CHECK(outcome.error->expected == "5120");
  CHECK(world.Current() == "releases/1");
  // The number of inodes that are needed comes from the manifest.
  world.disk.SetSpace(
      {.free_bytes = 1 << 20, .free_inodes = 0, .total_inodes = 100});
  CHECK(Deploy(&world.context, RequestOfBytes(WithManifest("x", "x", "3"), ""))
            .error->code == ErrorCode::kNoSpace);
}

// As btrfs has it, which makes inodes as they are needed.
TEST_CASE("a file system without a number of inodes has room for any") {
  World world;
  world.disk.SetSpace(
      {.free_bytes = 1 << 20, .free_inodes = 0, .total_inodes = 0});
  CHECK(Deploy(&world.context, RequestOfBytes(WithManifest("x", "x", "1"), ""))
            .exit == Exit::kDone);
}

TEST_CASE("a shared path hides no other that begins with its letters") {
  World world;
  world.config.shared_dirs = {"ap"};
  Deploy(&world.context, RequestOfBytes(WithManifest("x", "x", "1"), ""));
  CHECK(ReadFile(&world.disk, "releases/1/app") == "x");
}

}  // namespace
}  // namespace release
