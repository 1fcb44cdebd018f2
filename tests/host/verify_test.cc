// `release verify` finds every difference in a release of 20,000 files.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/filesystem.hpp>
#include <random>
#include <set>

#include "host/site.h"
#include "support/archives.h"
#include "support/tar_builder.h"

namespace release {
namespace {

namespace bfs = boost::filesystem;
using nlohmann::json;

constexpr int kFolders = 200;
constexpr int kFilesEach = 100;

std::string FileName(int folder, int file) {
  return "d" + std::to_string(folder) + "/f" + std::to_string(file);
}

struct Large {
  Large() {
    TarBuilder tar;
    for (int folder = 0; folder < kFolders; ++folder) {
      for (int file = 0; file < kFilesEach; ++file) {
        const auto seed = static_cast<unsigned>(folder * kFilesEach + file);
        tar.File(FileName(folder, file), Noise(1 + seed % 700, seed));
      }
      tar.Symlink("d" + std::to_string(folder) + "/link", "f1");
    }
    Spill(site.files() + "/large.tar", tar.Bytes());
    site.Must({"deploy", site.files() + "/large.tar", "--version", "1.0"});
  }

  std::string Path(const std::string& name) const {
    return site.root() + "/releases/1.0/" + name;
  }

  // Flips one bit in place; keeps size, mode and modification time.
  void Flip(const std::string& name, std::uintmax_t bit) const {
    const int fd = open(Path(name).c_str(), O_RDWR | O_CLOEXEC);
    struct stat before {};
    REQUIRE(fstat(fd, &before) == 0);
    char byte = 0;
    REQUIRE(pread(fd, &byte, 1, static_cast<off_t>(bit / 8)) == 1);
    byte = static_cast<char>(byte ^ (1 << (bit % 8)));
    REQUIRE(pwrite(fd, &byte, 1, static_cast<off_t>(bit / 8)) == 1);
    const timespec times[] = {before.st_atim, before.st_mtim};
    REQUIRE(futimens(fd, times) == 0);
    close(fd);
  }

  // Returns "KIND PATH" for each difference that verify finds.
  std::set<std::string> Found() const {
    const Finished finished = site.Release({"--json", "verify", "1.0"});
    const json object = json::parse(finished.out);
    std::set<std::string> found;
    for (const json& each : object["releases"][0]["differences"]) {
      found.insert(each["what"].get<std::string>() + " " +
                   each["path"].get<std::string>());
    }
    CHECK(finished.exit == (found.empty() ? 0 : 8));
    return found;
  }

  using Set = std::set<std::string>;

  // A fresh file system: creating files on a used one can take ten times as
  // long.
  static std::string Image(const std::string& directory) {
    const std::string image = directory + "/image";
    Shell("truncate -s 192M " + image + "; mkfs.ext4 -q -N 30000 " + image);
    return image;
  }
  TempDir own;
  PrivateMount mount{"-o loop " + Image(own.path()), own.path() + "/disk"};
  Site site{own.path() + "/disk"};
};

// A kind of damage: the difference that verify must report, and functions that
// make and repair it.
struct Damage {
  const char* told;
  void (*make)(const Large&);
  void (*mend)(const Large&);
};

const Damage kDamages[] = {
    {"changed d7/f3", [](const Large& large) { large.Flip("d7/f3", 2); },
     [](const Large& large) { large.Flip("d7/f3", 2); }},
    {"removed d9/f9",
     [](const Large& large) {
       bfs::rename(large.Path("d9/f9"), large.site.files() + "/kept");
     },
     [](const Large& large) {
       bfs::rename(large.site.files() + "/kept", large.Path("d9/f9"));
     }},
    {"added d11/new",
     [](const Large& large) { Spill(large.Path("d11/new"), ""); },
     [](const Large& large) { bfs::remove(large.Path("d11/new")); }},
    {"mode d13/f5",
     [](const Large& large) {
       bfs::permissions(large.Path("d13/f5"), bfs::perms(0755));
     },
     [](const Large& large) {
       bfs::permissions(large.Path("d13/f5"), bfs::perms(0644));
     }},
    {"target d17/link",
     [](const Large& large) {
       bfs::remove(large.Path("d17/link"));
       bfs::create_symlink("f2", large.Path("d17/link"));
     },
     [](const Large& large) {
       bfs::remove(large.Path("d17/link"));
       bfs::create_symlink("f1", large.Path("d17/link"));
     }},
};

void FindEachKind(const Large& large) {
  Large::Set all;
  for (const Damage& damage : kDamages) {
    damage.make(large);
    CHECK(large.Found() == Large::Set{damage.told});
    damage.mend(large);
    all.insert(damage.told);
  }
  CHECK(large.Found().empty());
  for (const Damage& damage : kDamages) damage.make(large);
  CHECK(large.Found() == all);
  for (const Damage& damage : kDamages) damage.mend(large);
}

void FindEachBit(const Large& large) {
  std::mt19937 random(1);
  Large::Set expected;
  for (int i = 0; i < 20; ++i) {
    const std::string name = FileName(static_cast<int>(random() % kFolders),
                                      static_cast<int>(random() % kFilesEach));
    const std::uintmax_t bit =
        random() % (bfs::file_size(large.Path(name)) * 8);
    CAPTURE(name);
    CAPTURE(bit);
    large.Flip(name, bit);
    CHECK(large.Found() == Large::Set{"changed " + name});
    large.Flip(name, bit);
    expected.insert(name);
  }
  CHECK(large.Found().empty());
  // Flips the first or the last bit of many files at once; verify finds all.
  Large::Set flipped;
  for (const std::string& name : expected) {
    const bool first = random() % 2 == 0;
    large.Flip(name, first ? 0 : bfs::file_size(large.Path(name)) * 8 - 1);
    flipped.insert("changed " + name);
  }
  CHECK(large.Found() == flipped);
}

TEST_CASE("verify finds each kind of damage in 20,000 files, to the bit") {
  const Large large;
  REQUIRE(large.Found().empty());
  FindEachKind(large);
  FindEachBit(large);
}

}  // namespace
}  // namespace release
