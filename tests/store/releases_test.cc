#include "store/releases.h"

#include <doctest/doctest.h>

#include "deploy/operations.h"
#include "store/durable.h"
#include "store/layout.h"
#include "store/verify.h"
#include "support/expect_error.h"
#include "support/fault_fs.h"
#include "support/mem_fs.h"
#include "support/root_files.h"
#include "trust/digest.h"

namespace release {
namespace {

Version V(const std::string& name) { return Version::ParseOrThrow(name); }

struct Root {
  Root() { InitializeLayout(&disk); }
  MemFs disk;
};

// Makes a file in the staging directory and returns a manifest that lists it.
Manifest Fill(Fs* fs, const Staging& staging) {
  const std::string text = "#!/bin/sh\n";
  const ScopedHandle file(
      fs, fs->Open(staging.directory(), "app", OpenMode::kCreateNew, 0755));
  fs->Write(file.get(), text);
  Manifest manifest;
  manifest.entries.push_back({.path = "app",
                              .mode = 0755,
                              .size = text.size(),
                              .hash = HashContent(text)});
  return manifest;
}

void Publish(Fs* fs, const std::string& version, const Config& config = {}) {
  Staging staging(fs, 1);
  Manifest manifest = Fill(fs, staging);
  staging.LinkShared(config, &manifest);
  staging.Publish(V(version), {manifest}, std::nullopt);
}

TEST_CASE("entries of releases/ are sorted into releases, garbage, unknown") {
  Root root;
  for (const char* name : {"1.0", "2.0", ".partial-000042", ".trash-000043-1.3",
                           ".hidden", "a b"}) {
    root.disk.MakeDirectory(Fs::kRoot, std::string("releases/") + name, 0755);
  }
  PutFile(&root.disk, "releases/3.0", "a file");
  PutLink(&root.disk, "releases/4.0", "1.0");
  ReleaseListing listing = ListReleases(&root.disk);
  CHECK(listing.versions == std::set<Version>{V("1.0"), V("2.0")});
  CHECK(listing.garbage.size() == 2);
  CHECK(listing.unknown_entries.size() == 4);
}

TEST_CASE("another user cannot enter a release while it is staged") {
  Root root;
  const Staging staging(&root.disk, 42);
  const auto info = root.disk.Stat(Fs::kRoot, "releases/.partial-000042");
  REQUIRE(info);
  CHECK(info->mode == 0700);
  CHECK(ListReleases(&root.disk).versions.empty());
}

TEST_CASE("a partial tree that a crash left is replaced") {
  Root root;
  { Fill(&root.disk, Staging(&root.disk, 42)); }
  REQUIRE(Exists(&root.disk, "releases/.partial-000042/app"));
  Staging staging(&root.disk, 42);
  CHECK(root.disk.List(staging.directory(), "").empty());
}

TEST_CASE("a name in releases/ means complete, verified and durable") {
  Root start;
  start.disk.SyncTree(Fs::kRoot);
  for (std::uint64_t calls = 0;; ++calls) {
    MemFs disk = start.disk.Killed();
    disk.CrashAfter(calls);
    bool crashed = false;
    try {
      Publish(&disk, "1");
    } catch (const CrashNow&) {
      crashed = true;
    }
    const auto check = [&](MemFs left) {
      const bool there = ListReleases(&left).versions.contains(V("1"));
      CHECK((there || crashed));
      if (there) CHECK(VerifyRelease(&left, V("1")).empty());
      CHECK(CollectGarbage(&left).empty());
      CHECK(HasManifest(&left, V("1")) == there);
    };
    check(disk.Killed());
    disk.ForEachPowerCut(check);
    if (!crashed) break;
  }
}

TEST_CASE("a published tree can be entered, and has the owner asked for") {
  Root root;
  Staging staging(&root.disk, 1);
  const Manifest manifest = Fill(&root.disk, staging);
  staging.Publish(V("1"), {manifest}, OwnerIds{7, 8});
  const auto info = root.disk.Stat(Fs::kRoot, "releases/1");
  CHECK(info->mode == 0755);
  CHECK(info->owner == 7);
  CHECK(info->group == 8);
}

TEST_CASE("a release is never published over another") {
  Root root;
  Publish(&root.disk, "1");
  const Error error = ErrorOf([&] { Publish(&root.disk, "1"); });
  CHECK(error.code() == ErrorCode::kVersionConflict);
  CHECK(error.path() == "releases/1");
}

TEST_CASE("a tree that could not be synced gets no name") {
  Root root;
  FaultFs fs(&root.disk);
  fs.FailAt(1, EIO, FsCall::kSyncTree);
  CHECK_THROWS_AS(Publish(&fs, "1"), FsError);
  CHECK(ListReleases(&root.disk).versions.empty());
  CHECK(fs.calls(FsCall::kSyncTree) == 1);
  CHECK(CollectGarbage(&root.disk).empty());
  CHECK(root.disk.List(Fs::kRoot, kReleases).empty());
  CHECK(!HasManifest(&root.disk, V("1")));
}

TEST_CASE("shared directories and files are made once, and linked") {
  Root root;
  Config config;
  config.shared_dirs = {"storage/logs", "cache"};
  config.shared_files = {".env", "config/deep/secret.yml"};
  CHECK(MakeShared(&root.disk, config) ==
        std::vector<std::string>{".env", "config/deep/secret.yml"});
  CHECK(MakeShared(&root.disk, config).empty());
  Staging staging(&root.disk, 1);
  Manifest manifest = Fill(&root.disk, staging);
  staging.LinkShared(config, &manifest);
  staging.Publish(V("1"), {manifest}, std::nullopt);
  CHECK(VerifyRelease(&root.disk, V("1")).empty());
  const auto link = [&](const std::string& path) {
    return root.disk.ReadLink(Fs::kRoot, "releases/1/" + path).value_or("");
  };
  CHECK(link("cache") == "../../shared/cache");
  CHECK(link("storage/logs") == "../../../shared/storage/logs");
  CHECK(link(".env") == "../../shared/.env");
  CHECK(link("config/deep/secret.yml") ==
        "../../../../shared/config/deep/secret.yml");
  CHECK(root.disk.Stat(Fs::kRoot, "shared/storage/logs")->type ==
        FileType::kDirectory);
  CHECK(root.disk.Stat(Fs::kRoot, "shared/.env")->mode == 0640);
}

TEST_CASE("existing entries of shared/ are left as they are") {
  Root root;
  PutFile(&root.disk, "shared/.env", "SECRET=1", 0600);
  root.disk.MakeDirectory(Fs::kRoot, "shared/storage", 0700);
  Config config;
  config.shared_dirs = {"storage"};
  config.shared_files = {".env"};
  Staging staging(&root.disk, 1);
  Manifest manifest = Fill(&root.disk, staging);
  staging.LinkShared(config, &manifest);
  CHECK(MakeShared(&root.disk, config).empty());
  CHECK(ReadFile(&root.disk, "shared/.env") == "SECRET=1");
  CHECK(root.disk.Stat(Fs::kRoot, "shared/storage")->mode == 0700);
}

TEST_CASE("entries made in shared/ belong to the owner of the release") {
  Root root;
  Config config;
  config.shared_dirs = {"storage/logs"};
  config.shared_files = {".env"};
  MakeShared(&root.disk, config, OwnerIds{7, 8});
  Staging staging(&root.disk, 1);
  Manifest manifest = Fill(&root.disk, staging);
  staging.LinkShared(config, &manifest, OwnerIds{7, 8});
  for (const char* path : {"shared/storage", "shared/storage/logs",
                           "shared/.env", "releases/.partial-000001/storage"}) {
    CAPTURE(path);
    CHECK(root.disk.Stat(Fs::kRoot, path)->owner == 7);
    CHECK(root.disk.Stat(Fs::kRoot, path)->group == 8);
  }
}

TEST_CASE("the app cannot have root give it what is not for it") {
  // The app moves what it chooses to a name as soon as root has made that.
  struct Swapping : MemFs {
    Handle Open(Handle dir, const std::string& path, OpenMode mode,
                unsigned permissions) override {
      const Handle handle = MemFs::Open(dir, path, mode, permissions);
      Swap(path);
      return handle;
    }
    void MakeDirectory(Handle dir, const std::string& path,
                       unsigned permissions) override {
      MemFs::MakeDirectory(dir, path, permissions);
      Swap(path);
    }
    void Swap(const std::string& path) {
      if (path != at) return;
      at.clear();
      Rename(kRoot, "shared/secret", kRoot, path, RenameMode::kReplace);
    }
    std::string at;
  };
  Swapping disk;
  InitializeLayout(&disk);
  Staging staging(&disk, 1);
  Manifest manifest = Fill(&disk, staging);
  Config config;
  config.shared_files = {".env"};
  PutFile(&disk, "shared/secret", "key", 0600);
  disk.at = "shared/.env";
  MakeShared(&disk, config, OwnerIds{7, 8});
  CHECK(ReadFile(&disk, "shared/.env") == "key");
  CHECK(disk.Stat(Fs::kRoot, "shared/.env")->owner != 7);

  config = {};
  config.shared_dirs = {"storage"};
  disk.MakeDirectory(Fs::kRoot, "shared/secret", 0700);
  PutFile(&disk, "shared/secret/key", "key", 0600);
  disk.at = "shared/storage";
  CHECK(Says(ErrorOf([&] {
               staging.LinkShared(config, &manifest, OwnerIds{7, 8});
             }),
             "cannot make shared/storage: another process"));
  CHECK(disk.Stat(Fs::kRoot, "shared/storage")->owner != 7);
}

TEST_CASE("a link in the tree where a shared path goes leads nowhere else") {
  Root root;
  root.disk.MakeDirectory(Fs::kRoot, "elsewhere", 0755);
  Staging staging(&root.disk, 1);
  Manifest manifest = Fill(&root.disk, staging);
  root.disk.MakeSymlink("../../elsewhere", staging.directory(), "storage");
  Config config;
  config.shared_dirs = {"storage/logs"};
  CHECK_THROWS_AS(staging.LinkShared(config, &manifest), Error);
  CHECK(root.disk.List(Fs::kRoot, "elsewhere").empty());
}

TEST_CASE("releases set aside lose their names durably before any file") {
  Root root;
  Publish(&root.disk, "1");
  Publish(&root.disk, "2");
  root.disk.SyncTree(Fs::kRoot);
  SetAside(&root.disk, 43, {V("1")});
  CHECK(Exists(&root.disk, "releases/.trash-000043-1/app"));
  root.disk.ForEachPowerCut([](MemFs left) {
    CHECK(ListReleases(&left).versions == std::set<Version>{V("2")});
  });
}

TEST_CASE("a release that cannot be set aside does not stop the others") {
  Root root;
  for (const char* version : {"1", "2", "3"}) Publish(&root.disk, version);
  root.disk.SyncTree(Fs::kRoot);
  FaultFs fs(&root.disk);
  fs.FailAt(2, EXDEV, FsCall::kRename);
  const auto failures = SetAsideEach(&fs, 43, {V("1"), V("2"), V("3")});
  REQUIRE(failures.size() == 1);
  CHECK(failures[0].name == "2");
  root.disk.ForEachPowerCut([](MemFs left) {
    CHECK(ListReleases(&left).versions == std::set<Version>{V("2")});
  });
}

TEST_CASE("garbage is collected, and nothing else") {
  Root root;
  Publish(&root.disk, "1");
  const std::string before = root.disk.Tree();
  for (const char* path :
       {"releases/.partial-000009", "releases/.partial-000009/d",
        "releases/.trash-000008-0.9"}) {
    root.disk.MakeDirectory(Fs::kRoot, path, 0755);
  }
  PutFile(&root.disk, "releases/.partial-000009/d/file", "x");
  PutLink(&root.disk, ".current-000009", "releases/9");
  for (const char* path :
       {".release/manifests/0.9", ".release/manifests/.new-7",
        ".release/.new-spool", ".release/confirm-000009",
        ".release/abort-000009"}) {
    PutFile(&root.disk, path, "");
  }
  REQUIRE(root.disk.Tree() != before);
  CHECK(CollectGarbage(&root.disk).empty());
  CHECK(root.disk.Tree() == before);
  CHECK(VerifyRelease(&root.disk, V("1")).empty());
}

TEST_CASE("a failed removal is reported, and the rest is removed") {
  Root root;
  root.disk.MakeDirectory(Fs::kRoot, "releases/.partial-000001", 0755);
  root.disk.MakeDirectory(Fs::kRoot, "releases/.partial-000002", 0755);
  FaultFs fs(&root.disk);
  fs.FailAt(1, EACCES, FsCall::kRemoveDirectory);
  const auto failures = CollectGarbage(&fs);
  REQUIRE(failures.size() == 1);
  CHECK(failures[0].name.starts_with(".partial-00000"));
  CHECK(failures[0].message.find(failures[0].name) != std::string::npos);
  CHECK(root.disk.List(Fs::kRoot, kReleases).size() == 1);
}

TEST_CASE("a tree is deleted only once its new name is durable") {
  Root root;
  Publish(&root.disk, "1");
  root.disk.Rename(Fs::kRoot, "releases/1", Fs::kRoot,
                   "releases/.trash-000002-1", RenameMode::kNoReplace);
  FaultFs fs(&root.disk);
  fs.FailAt(1, EIO, FsCall::kSync);
  CHECK(CollectGarbage(&fs).size() == 1);
  CHECK(Exists(&root.disk, "releases/.trash-000002-1/app"));
}

TEST_CASE("a missing or altered manifest is refused") {
  Root root;
  CHECK(ErrorOf([&] { LoadManifest(&root.disk, V("1")); }).code() ==
        ErrorCode::kManifestUnreadable);
  Publish(&root.disk, "1");
  CHECK(LoadManifest(&root.disk, V("1")).entries.size() == 1);
  const std::string path = ManifestPath(V("1"));
  std::string text = ReadFile(&root.disk, path);
  text[text.size() / 2] ^= 1;
  PutFile(&root.disk, path, text);
  CHECK(ErrorOf([&] { LoadManifest(&root.disk, V("1")); }).code() ==
        ErrorCode::kManifestUnreadable);
}

TEST_CASE("a link that points at itself is garbage, another link is not") {
  MemFs disk;
  InitializeLayout(&disk);
  disk.MakeSymlink("releases/7", Fs::kRoot, "releases/7");
  disk.MakeSymlink("releases/7", Fs::kRoot, "releases/8");
  CHECK(CollectGarbage(&disk).empty());
  CHECK(ListReleases(&disk).unknown_entries == std::vector<std::string>{"8"});
}

}  // namespace
TEST_CASE("a file system without RENAME_NOREPLACE publishes and prunes") {
  struct Plain : MemFs {
    void Rename(Handle dir, const std::string& from, Handle new_dir,
                const std::string& to, RenameMode mode) override {
      if (mode == RenameMode::kNoReplace) throw FsError("rename", from, EINVAL);
      MemFs::Rename(dir, from, new_dir, to, mode);
    }
  };
  Plain disk;
  InitializeLayout(&disk);
  Publish(&disk, "1");
  CHECK(VerifyRelease(&disk, V("1")).empty());
  // The name is taken, though by an empty directory that a rename would
  // replace.
  disk.MakeDirectory(Fs::kRoot, "releases/2", 0755);
  CHECK(ErrorOf([&] { Publish(&disk, "2"); }).code() ==
        ErrorCode::kVersionConflict);
  SetAside(&disk, 7, {V("1")});
  CHECK(disk.Stat(Fs::kRoot, "releases/.trash-000007-1"));
}

}  // namespace release
