// File systems without a free block or inode. Rollbacks must succeed; commands
// that need space must fail with no-space and leave nothing behind.
#include <doctest/doctest.h>
#include <sys/statvfs.h>

#include <boost/filesystem.hpp>
#include <optional>

#include "host/site.h"
#include "store/spare_records.h"
#include "support/archives.h"
#include "support/tar_builder.h"

namespace release {
namespace {

namespace bfs = boost::filesystem;

const std::vector<std::string> kRecorded = {".release/transactions",
                                            ".release/lock"};

// A small file system with a site whose releases 1.0 to 4.0 are good.
struct Disk {
  explicit Disk(const std::string& form) : form_(form) {
    const std::string image = own.path() + "/image";
    // -m 0: with reserved blocks, root would still have space.
    const std::string make =
        form == "ext4"  ? "truncate -s 16M $0; mkfs.ext4 -q -m 0 -N 256 $0"
        : form == "xfs" ? "truncate -s 300M $0; mkfs.xfs -q $0"
                        : "truncate -s 3G $0; mkfs.btrfs -q $0";
    const Finished made = Run({"sh", "-c", make, image});
    if (made.exit != 0) throw std::runtime_error(made.Describe());
    mount.emplace("-o loop " + image, disk);
    site.emplace(disk);
    for (const char* version : {"1.0", "2.0", "3.0", "4.0"}) {
      site->Deploy(version);
    }
    archive = site->Archive("9.0");
  }

  // Uses up every inode (btrfs has no fixed number) and every block.
  void Fill() {
    const Finished filled = Run(
        {"bash", "-c",
         "cd $0; i=0; touch fill; "
         "if [ $1 != btrfs ]; then"
         "  while { : > f$i; } 2>/dev/null && [ $i -lt 20000 ]; do"
         "    i=$((i+1)); done; "
         "fi; "
         "at=0; for size in 268435456 16777216 1048576 65536 4096 1024; do"
         "  while fallocate -o $at -l $size fill 2>/dev/null; do"
         "    at=$((at+size)); done; done; "
         "if [ $1 != btrfs ]; then cat /dev/zero >> f0 2>/dev/null; fi; sync; "
         "true",
         disk, form_});
    INFO(filled.Describe());
    struct statvfs now = {};
    REQUIRE(statvfs(disk.c_str(), &now) == 0);
    // xfs reports blocks that it reserves for itself as free.
    CHECK(now.f_bavail * now.f_bsize < (form_ == "xfs" ? 65536 : 4096));
    if (form_ == "ext4") CHECK(now.f_favail == 0);
  }

  void RollBack(const std::vector<std::string>& words,
                const std::string& expected) {
    const Finished finished = site->Release(words);
    INFO(finished.Describe());
    CHECK(finished.exit == 0);
    CHECK(site->Live() == expected);
    CHECK_FALSE(RecordLeftOpen(site->root()));
    CHECK(site->Status()["last"]["result"] == "committed");
  }

  void CheckNoSpace(const std::vector<std::string>& words) {
    const auto before = Listing(site->root(), kRecorded);
    const std::string live = site->Live();
    const Finished finished = site->Release(words);
    INFO(finished.Describe());
    CHECK(finished.exit == 1);
    CHECK(nlohmann::json::parse(finished.out)["error"]["code"] == "no-space");
    CHECK(site->Live() == live);
    CHECK(Listing(site->root(), kRecorded) == before);
    CHECK(Garbage(site->root()) == std::vector<std::string>{});
    CHECK_FALSE(RecordLeftOpen(site->root()));
  }

  TempDir own;
  std::string disk = own.path() + "/disk";
  std::string archive;
  std::string form_;
  std::optional<PrivateMount> mount;
  std::optional<Site> site;
};

TEST_CASE("rollbacks work and are recorded on a disk without free blocks") {
  for (const char* form : {"ext4", "xfs", "btrfs"}) {
    CAPTURE(form);
    Disk disk(form);
    disk.Fill();
    disk.CheckNoSpace({"--json", "deploy", disk.archive, "--version", "9.0"});
    for (const char* version : {"3.0", "2.0", "1.0"}) {
      disk.RollBack({"rollback"}, version);
    }
    disk.RollBack({"rollback", "4.0"}, "4.0");
    for (const char* word : {"status", "list", "history", "verify"}) {
      CAPTURE(word);
      CHECK(disk.site->Release({word}).exit == 0);
    }
    // After space has been freed, deploys work again.
    bfs::remove(disk.disk + "/fill");
    for (const auto& entry : bfs::directory_iterator(disk.disk)) {
      const std::string name = entry.path().filename().string();
      if (name.starts_with("f") && !bfs::is_directory(entry.status())) {
        bfs::remove(entry.path());
      }
    }
    disk.site->Must({"deploy", disk.archive, "--version", "9.0"});
    CHECK(disk.site->Live() == "9.0");
    CHECK(disk.site->Release({"verify", "--all"}).exit == 0);
  }
}

TEST_CASE("a rollback without preallocated files fails with no-space") {
  for (const bool links : {true, false}) {
    CAPTURE(links);
    Disk disk("ext4");
    // Removes the preallocated records or links, to prove that the rollbacks
    // above depend on them.
    for (unsigned i = 1; i <= (links ? 3 : kSpareRecords); ++i) {
      const std::string path =
          links ? "/.release/link-" + std::to_string(i)
                : "/.release/transactions/.spare" +
                      (i == 1 ? "" : "-" + std::to_string(i));
      REQUIRE(bfs::remove(disk.site->root() + path));
    }
    disk.Fill();
    const Finished finished = disk.site->Release({"--json", "rollback"});
    INFO(finished.Describe());
    CHECK(finished.exit != 0);
    CHECK(nlohmann::json::parse(finished.out)["error"]["code"] == "no-space");
    CHECK(disk.site->Live() == "4.0");
    CHECK_FALSE(RecordLeftOpen(disk.site->root()));
  }
}

TEST_CASE("a disk that fills up during a deploy is no-space, and cleaned up") {
  TarBuilder many;
  for (int i = 0; i < 400; ++i) many.File("f" + std::to_string(i), "");
  const std::string big = TarBuilder().File("b", Noise(20'000'000, 1)).Bytes();
  for (const std::string& bytes : {many.Bytes(), big}) {
    Disk disk("ext4");
    const std::string path = disk.own.path() + "/in.tar";
    Spill(path, bytes);
    const auto before = Listing(disk.site->root(), kRecorded);
    // As a stream: with a known size, the command would refuse the archive
    // before it unpacks.
    const Finished finished =
        RunShell("$release --root " + disk.site->root() +
                 " --json deploy - --version 9.0 < " + path);
    INFO(finished.Describe());
    CHECK(finished.exit == 1);
    CHECK(nlohmann::json::parse(finished.out)["error"]["code"] == "no-space");
    CHECK(Listing(disk.site->root(), kRecorded) == before);
    CHECK(Garbage(disk.site->root()) == std::vector<std::string>{});
    disk.site->Must({"deploy", disk.archive, "--version", "9.0"});
  }
}

TEST_CASE("a directory without file types is read") {
  const TempDir own;
  const std::string image = own.path() + "/image";
  REQUIRE(Run({"sh", "-c", "truncate -s 16M $0; mkfs.ext4 -q -O ^filetype $0",
               image})
              .exit == 0);
  const std::string at = own.path() + "/disk";
  const PrivateMount mount("-o loop " + image, at);
  const Site site(at);
  for (const char* version : {"1.0", "2.0", "3.0"}) site.Deploy(version);
  site.Must({"rollback"});
  CHECK(site.Live() == "2.0");
  site.Must({"prune"});
  CHECK(site.Status()["problems"].empty());
  CHECK(site.Release({"verify", "--all"}).exit == 0);
}

}  // namespace
}  // namespace release
