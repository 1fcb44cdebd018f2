#include "archive/pack.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "base/manifest_text.h"
#include "support/expect_error.h"
#include "support/mem_fs.h"
#include "support/root_files.h"

namespace release {
namespace {

// The same tree with its names made in another order, and other modes where
// those are not to count.
MemFs Tree(bool other) {
  MemFs disk;
  disk.MakeDirectory(Fs::kRoot, "bin", other ? 0700 : 0755);
  const auto file = [&] {
    PutFile(&disk, "bin/run", "#!/bin/sh\n", other ? 0700 : 0775);
  };
  if (other) file();
  PutFile(&disk, "b.txt", "b", other ? 0600 : 0644);
  PutFile(&disk, "a.txt", std::string(300'000, 'a'), 0664);
  disk.MakeSymlink("bin/run", Fs::kRoot, "link");
  if (!other) file();
  for (const char* path : {"bin", "bin/run", "b.txt", "a.txt", "link"}) {
    disk.SetModified(Fs::kRoot, path, 1'700'000'000'000'000'000);
  }
  return disk;
}

ByteSink Into(std::string* bytes) {
  return [bytes](std::span<const char> more) {
    bytes->append(more.data(), more.size());
  };
}

std::string Packed(MemFs* disk, Compression compression = Compression::kNone,
                   const PackForm& form = {}) {
  std::string bytes;
  WriteArchive(disk, ManifestOfTree(disk, Version::Parse("1.2"), form),
               compression, Into(&bytes));
  return bytes;
}

}  // namespace

TEST_CASE("the same tree gives the same bytes") {
  MemFs one = Tree(false);
  MemFs two = Tree(true);
  for (const Compression compression : {Compression::kNone, Compression::kGzip,
                                        Compression::kXz, Compression::kZstd}) {
    CHECK(Packed(&one, compression) == Packed(&two, compression));
  }
  // A change of content, name or what may be run shows.
  const std::string before = Packed(&one);
  one.SetMode(Fs::kRoot, "b.txt", 0755);
  CHECK(Packed(&one) != before);
}

TEST_CASE("the manifest is the first entry, and modes show no umask") {
  MemFs disk = Tree(true);
  const std::string bytes = Packed(&disk);
  CHECK(bytes.starts_with(".release-manifest"));
  const Manifest manifest = ManifestOfTree(&disk, Version::Parse("1.2"));
  CHECK(bytes.substr(512).starts_with(FormatManifest(manifest)));
  std::string modes;
  for (const ManifestEntry& entry : manifest.entries) {
    modes += fmt::format("{} {:o} ", entry.path, entry.mode);
  }
  CHECK(modes == "a.txt 644 b.txt 644 bin 755 bin/run 755 link 0 ");
}

TEST_CASE("modes are kept if that is asked for, without what none may have") {
  MemFs disk;
  disk.MakeDirectory(Fs::kRoot, "d", 02775);
  PutFile(&disk, "d/f", "x", 0664);
  PutFile(&disk, "d/g", "x", 04777);
  PutFile(&disk, "d/h", "x", 0440);
  std::string modes;
  for (const ManifestEntry& entry :
       ManifestOfTree(&disk, std::nullopt, {.modes = PackModes::kKept})
           .entries) {
    modes += fmt::format("{} {:o} ", entry.path, entry.mode);
  }
  CHECK(modes == "d 775 d/f 664 d/g 775 d/h 440 ");
}

TEST_CASE("each entry has its own time, the manifest the newest; or all one") {
  MemFs disk = Tree(false);
  disk.SetModified(Fs::kRoot, "b.txt", 1'714'564'800'999'999'999);
  const auto time_at = [](const std::string& tar, const std::string& name) {
    const std::size_t header = tar.find(name + std::string(1, '\0'));
    return std::stoll(tar.substr(header + 136, 11), nullptr, 8);
  };
  const std::string own = Packed(&disk);
  CHECK(time_at(own, ".release-manifest") == 1'714'564'800);
  CHECK(time_at(own, "b.txt") == 1'714'564'800);
  CHECK(time_at(own, "a.txt") == 1'700'000'000);
  CHECK(time_at(own, "bin/") == 1'700'000'000);
  const std::string one = Packed(&disk, Compression::kNone, {.time = 12345});
  for (const char* name : {".release-manifest", "b.txt", "bin/", "link"}) {
    CHECK(time_at(one, name) == 12345);
  }
  // The same tree with other times gives the same bytes then.
  MemFs other = Tree(true);
  CHECK(Packed(&other, Compression::kNone, {.time = 12345}) == one);
}

TEST_CASE("a manifest of an earlier archive is not packed") {
  MemFs disk = Tree(false);
  const std::string before = Packed(&disk);
  PutFile(&disk, ".release-manifest", "old");
  CHECK(Packed(&disk) == before);
}

TEST_CASE("what could not be unpacked is refused") {
  for (const char* target : {"/etc/passwd", "../outside", "a/../../b"}) {
    CAPTURE(target);
    MemFs disk = Tree(false);
    disk.MakeSymlink(target, Fs::kRoot, "bad");
    const Error error = ErrorOf([&] { ManifestOfTree(&disk, std::nullopt); });
    CHECK(error.code() == ErrorCode::kUnsafeEntry);
    CHECK(Says(error, "bad"));
  }
}

TEST_CASE("a file that changes meanwhile is noticed, longer or not") {
  for (const char* text : {"B", "bb"}) {
    MemFs disk = Tree(false);
    const Manifest manifest = ManifestOfTree(&disk, std::nullopt);
    PutFile(&disk, "b.txt", text);
    const Error error = ErrorOf([&] {
      WriteArchive(&disk, manifest, Compression::kNone,
                   [](std::span<const char>) {});
    });
    CHECK(error.code() == ErrorCode::kIoError);
    CHECK(Says(error, "changed meanwhile"));
  }
}

}  // namespace release
