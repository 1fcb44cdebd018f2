#include "archive/pack.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

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
  return disk;
}

std::string Packed(MemFs* disk, Compression compression) {
  std::string bytes;
  WriteArchive(disk, ManifestOfTree(disk, Version::Parse("1.2")), compression,
               [&](std::span<const char> more) {
                 bytes.append(more.data(), more.size());
               });
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
  const std::string before = Packed(&one, Compression::kNone);
  one.SetMode(Fs::kRoot, "b.txt", 0755);
  CHECK(Packed(&one, Compression::kNone) != before);
}

TEST_CASE("the manifest is the first entry, and modes show no umask") {
  MemFs disk = Tree(true);
  const std::string bytes = Packed(&disk, Compression::kNone);
  CHECK(bytes.starts_with(".release-manifest"));
  const Manifest manifest = ManifestOfTree(&disk, Version::Parse("1.2"));
  CHECK(bytes.substr(512).starts_with(FormatManifest(manifest)));
  std::string modes;
  for (const ManifestEntry& entry : manifest.entries) {
    modes += fmt::format("{} {:o} ", entry.path, entry.mode);
  }
  CHECK(modes == "a.txt 644 b.txt 644 bin 755 bin/run 755 link 0 ");
}

TEST_CASE("a manifest of an earlier archive is not packed") {
  MemFs disk = Tree(false);
  const std::string before = Packed(&disk, Compression::kNone);
  PutFile(&disk, ".release-manifest", "old");
  CHECK(Packed(&disk, Compression::kNone) == before);
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
