// Measures the disk space that a second deploy uses on a real file system. On
// ext4, files that both releases contain are hard links; on xfs and btrfs, they
// share blocks.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <boost/filesystem.hpp>
#include <cstdint>
#include <fstream>

#include "host/disk.h"
#include "host/site.h"
#include "support/archives.h"
#include "support/tar_builder.h"

namespace release {
namespace {

namespace bfs = boost::filesystem;

struct Kind {
  std::string form;
  std::string dedup;
  unsigned files;
  std::size_t size;  // of each
  unsigned changed;  // number of files that differ between versions
};

const Kind kKinds[] = {
    {"ext4", "hardlink", 200, 20'000, 8},
    {"xfs", "auto", 50, 400'000, 2},
    {"btrfs", "auto", 50, 400'000, 2},
};

constexpr unsigned kFolders = 5;

std::string NameOf(unsigned i) { return fmt::format("{}/{}", i % kFolders, i); }

std::string ContentOf(const Kind& kind, unsigned i, unsigned version) {
  const bool changed = i % (kind.files / kind.changed) == 0;
  return Noise(kind.size, i + (changed ? 1'000 * version : 0));
}

// An app on a disk of that kind.
class Shop {
 public:
  explicit Shop(Kind kind, const std::string& more = "")
      : kind_(std::move(kind)),
        disk_(kind_.form, own_.path() + "/disk"),
        site_(own_.path() + "/disk") {
    config_ = Config(kind_.dedup, more);
  }

  std::string Config(const std::string& dedup, const std::string& more = "") {
    return site_.ConfigFile(
        "shop.toml",
        "keep_releases = 9\n[unpack]\ndedup = \"" + dedup + "\"\n" + more);
  }

  Finished Deploy(unsigned version) {
    TarBuilder tar;
    for (unsigned i = 0; i < kFolders; ++i) tar.Directory(std::to_string(i));
    for (unsigned i = 0; i < kind_.files; ++i) {
      tar.File(NameOf(i), ContentOf(kind_, i, version));
    }
    // Not on the disk, because the test measures its free space.
    const std::string archive = own_.path() + "/a.tar";
    Spill(archive, tar.Bytes());
    const Finished finished = Run(
        {"--json", "deploy", archive, "--version", std::to_string(version)});
    bfs::remove(archive);
    return finished;
  }

  Finished Run(std::vector<std::string> words) {
    words.insert(words.begin(), {"--config", config_});
    return site_.Release(words);
  }

  std::string PathOf(unsigned version, unsigned i) const {
    return fmt::format("{}/releases/{}/{}", site_.root(), version, NameOf(i));
  }

  // Returns the number of used bytes of the disk.
  std::uint64_t Used() const {
    const std::string directory = own_.path() + "/disk";
    Shell("sync -f " + directory);
    struct statvfs st = {};
    REQUIRE(statvfs(directory.c_str(), &st) == 0);
    return (st.f_blocks - st.f_bfree) * st.f_frsize;
  }

  // Returns the bytes that the second deploy may use: the changed files and 5
  // %, the directories, the manifest, and some blocks for the records.
  std::uint64_t Allowed() const {
    constexpr std::uint64_t kBlock = 4096;
    const std::uint64_t of_one = (kind_.size + kBlock - 1) / kBlock * kBlock;
    const std::uint64_t manifest =
        bfs::file_size(site_.root() + "/.release/manifests/2");
    const std::uint64_t directories = (kFolders + 2) * kBlock;
    return kind_.changed * of_one * 105 / 100 + directories + manifest +
           16 * kBlock;
  }

  const Kind& kind() const { return kind_; }
  const Site& site() const { return site_; }

 private:
  Kind kind_;
  TempDir own_;
  Disk disk_;
  Site site_;
  std::string config_;
};

ino_t InodeOf(const std::string& path) {
  struct stat st = {};
  REQUIRE(lstat(path.c_str(), &st) == 0);
  return st.st_ino;
}

TEST_CASE("a second deploy uses little more space than the changed files") {
  for (const Kind& kind : kKinds) {
    CAPTURE(kind.form);
    Shop shop(kind);
    REQUIRE(shop.Deploy(1).exit == 0);
    const std::uint64_t before = shop.Used();
    const Finished second = shop.Deploy(2);
    INFO(second.Describe());
    REQUIRE(second.exit == 0);
    const std::uint64_t took = shop.Used() - before;
    MESSAGE(kind.form << ", " << kind.dedup << ": "
                      << kind.changed * kind.size / 1000 << " kB of "
                      << kind.files * kind.size / 1000 << " kB changed, "
                      << took / 1000 << " kB more in use; allowed "
                      << shop.Allowed() / 1000);
    CHECK(took <= shop.Allowed());
    const bool links = kind.dedup == "hardlink";
    CHECK((InodeOf(shop.PathOf(1, 1)) == InodeOf(shop.PathOf(2, 1))) == links);
    CHECK(InodeOf(shop.PathOf(1, 0)) != InodeOf(shop.PathOf(2, 0)));
    CHECK(shop.Run({"verify", "--all"}).exit == 0);
    // Control: without dedup the next deploy uses the full space again.
    shop.Config("off");
    const std::uint64_t all = shop.Used();
    REQUIRE(shop.Deploy(3).exit == 0);
    CHECK(shop.Used() - all > kind.files * kind.size * 9 / 10);
  }
}

void ChangeByte(const std::string& path) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(1'000);
  const int byte = file.get();
  file.seekp(1'000);
  file.put(static_cast<char>(byte ^ 1));
  REQUIRE(file.flush());
}

TEST_CASE("damage to a release does not spread to the next one") {
  for (const Kind& kind : kKinds) {
    CAPTURE(kind.form);
    Shop shop(kind);
    REQUIRE(shop.Deploy(1).exit == 0);
    const std::string damaged = shop.PathOf(1, 1);
    // Restores the times, so that only the content shows the damage.
    Shell("cp -a --attributes-only " + damaged + " " + damaged + ".times");
    ChangeByte(damaged);
    Shell("touch -r " + damaged + ".times " + damaged + "; rm " + damaged +
          ".times");
    // A file with an extended attribute, which a link would carry into the new
    // release.
    REQUIRE(setxattr(shop.PathOf(1, 2).c_str(), "user.note", "x", 1, 0) == 0);
    REQUIRE(shop.Run({"verify", "1"}).exit == 8);
    REQUIRE(shop.Deploy(2).exit == 0);
    CHECK(shop.Run({"verify", "2"}).exit == 0);
    CHECK((Slurp(shop.PathOf(2, 1)) == ContentOf(kind, 1, 2)));
    CHECK(InodeOf(shop.PathOf(2, 2)) != InodeOf(shop.PathOf(1, 2)));
    // Control: a link chosen by name, size, mode and time would have spread the
    // damage.
    const std::string link =
        kind.dedup == "hardlink" ? "ln -f " : "cp --reflink=always ";
    Shell(link + damaged + " " + shop.PathOf(2, 1));
    CHECK(shop.Run({"verify", "2"}).exit == 8);
  }
}

TEST_CASE("a user other than root shares only its own files") {
  Shop shop(kKinds[0]);
  Shell("chown -R daemon:daemon " + shop.site().root());
  chmod(shop.site().files().c_str(), 0755);
  const std::string archive = shop.site().Archive("x");
  const auto deploy = [&](const std::string& version) {
    return RunShell(
               "setpriv --reuid daemon --regid daemon --clear-groups $release "
               "--config " +
               shop.site().files() + "/shop.toml deploy " + archive +
               " --version " + version)
        .exit;
  };
  chmod((shop.site().files() + "/..").c_str(), 0755);
  chmod((shop.site().files() + "/../..").c_str(), 0755);
  REQUIRE(deploy("1") == 0);
  REQUIRE(deploy("2") == 0);
  const std::string releases = shop.site().root() + "/releases/";
  CHECK(InodeOf(releases + "1/name") == InodeOf(releases + "2/name"));
  // A file that belongs to another user is written again, not linked.
  Shell("chown root:root " + releases + "2/name");
  REQUIRE(deploy("3") == 0);
  CHECK(InodeOf(releases + "2/name") != InodeOf(releases + "3/name"));
  CHECK(InodeOf(releases + "2/sub/more") == InodeOf(releases + "3/sub/more"));
}

}  // namespace
}  // namespace release
