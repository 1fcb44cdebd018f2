#include "archive/unpack.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <csignal>
#include <map>

#include "base/error.h"
#include "os/cancellation.h"
#include "os/posix_fs.h"
#include "support/archives.h"
#include "support/unpack_bench.h"
#include "trust/digest.h"

namespace release {
namespace {

namespace bfs = boost::filesystem;

TEST_CASE("unpack: what is written is what was packed and what is reported") {
  for (const char* command :
       {"tar -cf $a .", "tar -cf - . | zstd -q > $a",
        "bsdtar --format 7zip -cf $a .", "zip -qry $a.zip . && mv $a.zip $a",
        "find . | cpio --quiet -o -H newc > $a"}) {
    CAPTURE(std::string(command));
    UnpackBench bench;
    MakeTree(bench.in);
    bench.Pack(command);
    const Unpacked unpacked = bench.Run();
    CheckAgainstDisk(unpacked.manifest, bench.out);
    Shell("diff -r --no-dereference " + bench.in.string() + " " +
          bench.out.string());
    CHECK(unpacked.sha256.size() == 64);
    CHECK(unpacked.archive_bytes > 700'000);
    CHECK(bench.Run({}, false).manifest.entries == unpacked.manifest.entries);
  }
}

TEST_CASE("unpack: without a file system nothing is written") {
  UnpackBench bench;
  MakeTree(bench.in);
  bench.Pack("tar -cf $a .");
  CHECK(bench.Run({}, false).manifest.entries.size() > 10);
  CHECK(bfs::is_empty(bench.out));
}

TEST_CASE("unpack: directories that are only implied are made and listed") {
  UnpackBench bench;
  MakeTree(bench.in);
  bench.Pack("tar --no-recursion -cf $a lib/deep/big bin/run");
  const Unpacked unpacked = bench.Run();
  CHECK(Paths(unpacked) == std::vector<std::string>{"bin", "bin/run", "lib",
                                                    "lib/deep",
                                                    "lib/deep/big"});
  CHECK(Find(unpacked, "lib").mode == 0755);
  CheckAgainstDisk(unpacked.manifest, bench.out);
}

TEST_CASE("unpack: a directory that comes late still gets its mode") {
  UnpackBench bench;
  MakeTree(bench.in);
  bench.Pack(
      "chmod 0750 bin; chmod 0500 lib; "
      "tar --no-recursion -cf $a bin/run bin lib lib/part1");
  const Unpacked unpacked = bench.Run();
  CHECK(Find(unpacked, "bin").mode == 0750);
  CHECK(Find(unpacked, "lib").mode == 0700);
  CheckAgainstDisk(unpacked.manifest, bench.out);
}

TEST_CASE("unpack: modes are the archive's, less the umask") {
  const std::pair<unsigned, std::vector<unsigned>> expected[] = {
      {0022, {0755, 0755, 0644, 0444, 0640, 0755, 0755}},
      {0002, {0775, 0775, 0664, 0444, 0640, 0775, 0775}},
      {0027, {0750, 0750, 0640, 0440, 0640, 0750, 0750}},
  };
  for (const auto& each : expected) {
    CAPTURE(each.first);
    UnpackBench bench;
    bench.Pack(
        "mkdir -p s implied; for f in s/a s/b s/c s/d implied/x; do : > $f; "
        "done; chmod 2775 s; chmod 0664 s/a; chmod 0444 s/b; chmod 0640 s/c; "
        "chmod 4777 s/d implied/x; tar -cf $a s implied/x");
    UnpackOptions options;
    options.umask = each.first;
    const Unpacked unpacked = bench.Run(options);
    std::vector<unsigned> modes;
    for (const char* path :
         {"implied", "s", "s/a", "s/b", "s/c", "s/d", "implied/x"}) {
      modes.push_back(Find(unpacked, path).mode);
    }
    CHECK(modes == each.second);
    CheckAgainstDisk(unpacked.manifest, bench.out);
  }
}

std::int64_t TimeOf(UnpackBench* bench, const std::string& path) {
  return bench->fs().Stat(Fs::kRoot, path)->modified_exactly;
}

TEST_CASE("unpack: times are the archive's, as exact as it has them") {
  // Each format and the seconds to which it rounds times; 0: nanoseconds.
  const std::pair<const char*, std::int64_t> formats[] = {
      {"tar --format=pax -cf $a .", 0},
      {"bsdtar --format pax -cf $a .", 0},
      {"bsdtar --format 7zip -cf $a .", 0},
      {"tar -cf $a .", 1},
      {"find . | cpio --quiet -o -H newc > $a", 1},
      {"zip -qr $a.zip . && mv $a.zip $a", 1},
  };
  for (const auto& format : formats) {
    for (const unsigned threads : {0U, 2U}) {
      CAPTURE(std::string(format.first));
      UnpackBench bench;
      MakeTree(bench.in);
      Shell("cd " + bench.in.string() +
            "; touch -d '2024-05-01 12:00:00.123456700 UTC' bin/run lib/deep; "
            "touch -d '2019-07-01 UTC' lib/deep/big nothing lib empty .");
      bench.Pack(format.first);
      UnpackOptions options;
      options.writing_threads = threads;
      bench.Run(options);
      for (const char* path : {"/bin/run", "/lib/deep", "/lib/deep/big",
                               "/nothing", "/lib", "/empty"}) {
        CAPTURE(std::string(path));
        const std::int64_t time = TimeOf(&bench, std::string("in") + path);
        const std::int64_t unit = format.second * 1'000'000'000;
        CHECK(TimeOf(&bench, std::string("out") + path) ==
              (unit == 0 ? time : time / unit * unit));
      }
    }
  }
}

TEST_CASE("unpack: the release's own directory gets the time of its entry") {
  for (const unsigned strip : {0U, 1U}) {
    CAPTURE(strip);
    UnpackBench bench;
    bfs::create_directories(bench.in / "app/sub");
    Shell("cd " + bench.in.string() +
          "; touch -d @1700000000 app/sub; touch -d @1600000000 app; "
          "touch -d @1500000000 .");
    bench.Pack("tar -cf $a .");
    UnpackOptions options;
    options.strip_components = strip;
    bench.Run(options);
    CHECK(TimeOf(&bench, "out") / 1'000'000'000 ==
          (strip == 0 ? 1'500'000'000 : 1'600'000'000));
  }
}

TEST_CASE("unpack: a file that is filled late keeps the archive's time") {
  UnpackBench bench;
  Spill(bench.in / "a", Noise(5000, 3));
  bfs::create_hard_link(bench.in / "a", bench.in / "b");
  Shell("touch -d @1700000000 " + (bench.in / "a").string());
  bench.Pack("printf 'a\\nb\\n' | cpio --quiet -o -H newc > $a");
  bench.Run();
  CHECK(TimeOf(&bench, "out/a") == 1'700'000'000'000'000'000);
}

TEST_CASE("unpack: leading components are stripped") {
  UnpackBench bench;
  MakeTree(bench.in / "package");
  bench.Pack("tar -cf $a package");
  UnpackOptions options;
  options.strip_components = 1;
  CheckAgainstDisk(bench.Run(options).manifest, bench.out);
  CHECK(bfs::exists(bench.out / "bin/run"));
  options.strip_components = 9;
  CHECK(bench.CodeOf(options) == ErrorCode::kArchiveEmpty);
}

TEST_CASE("unpack: in a zip made on Unix a backslash is a letter") {
  for (const unsigned threads : {0U, 2U}) {
    UnpackBench bench;
    Spill(bench.in / "srv-my\\x2ddata.mount", "unit");
    Spill(bench.in / "plain", "x");
    bench.Pack("zip -q $a.zip * && mv $a.zip $a");
    UnpackOptions options;
    options.writing_threads = threads;
    const Unpacked unpacked = bench.Run(options);
    CHECK(Paths(unpacked) ==
          std::vector<std::string>{"plain", "srv-my\\x2ddata.mount"});
    CheckAgainstDisk(unpacked.manifest, bench.out);
  }
}

TEST_CASE("unpack: in a zip made on Windows a backslash separates") {
  UnpackBench bench;
  Spill(bench.in / "dir\\name", "x");
  // The system that made the entry stands in its place in the list.
  bench.Pack(
      "zip -q $a.zip * && python3 -c 'import sys; p = sys.argv[1]; "
      "b = open(p, \"rb\").read(); i = b.index(b\"PK\\1\\2\"); "
      "open(p, \"wb\").write(b[:i + 5] + b\"\\0\" + b[i + 6:])' $a.zip && "
      "mv $a.zip $a");
  CHECK(Paths(bench.Run()) == std::vector<std::string>{"dir", "dir/name"});
}

TEST_CASE("unpack: a script before a zip is skipped, told of or not") {
  for (const char* command :
       {"cat script $a.zip > $a", "cat script $a.zip > $a && zip -qA $a"}) {
    CAPTURE(std::string(command));
    UnpackBench bench;
    MakeTree(bench.in);
    Spill(bench.in / "script", "#!/bin/sh\nexec java -jar \"$0\"\n");
    bench.Pack("zip -qr $a.zip .; " + std::string(command));
    const Unpacked unpacked = bench.Run();
    CHECK(unpacked.manifest.entries.size() > 10);
    CheckAgainstDisk(unpacked.manifest, bench.out);
  }
  UnpackBench script;
  Spill(script.in / "f", "#!/bin/sh\nexit 0\n");
  script.Pack("cp f $a");
  CHECK(script.CodeOf() == ErrorCode::kArchiveUnsupported);
}

TEST_CASE("unpack: what is reserved is left out and named") {
  UnpackBench bench;
  MakeTree(bench.in);
  bench.Pack("tar -cf $a --sort=name .");
  UnpackOptions options;
  options.reserved = {"lib/deep", "nothing", "li"};
  const Unpacked unpacked = bench.Run(options);
  CHECK_FALSE(bfs::exists(bench.out / "lib/deep"));
  CHECK_FALSE(bfs::exists(bench.out / "nothing"));
  CHECK(bfs::exists(bench.out / "lib/part1"));
  CHECK(unpacked.left_out.size() == 5);
  CHECK(std::count(unpacked.left_out.begin(), unpacked.left_out.end(),
                   "lib/deep/big") == 1);
  CheckAgainstDisk(unpacked.manifest, bench.out);
}

TEST_CASE("unpack: bytes and entries are limited") {
  UnpackBench bench;
  Spill(bench.in / "f", std::string(3'000'000, 'x'));
  bfs::create_directories(bench.in / "a/b/c");
  Spill(bench.in / "a/b/c/g", "");
  bench.Pack("tar --no-recursion -czf $a f a/b/c/g");
  UnpackOptions options;
  options.max_bytes = 3'000'000;
  options.max_entries = 5;
  CHECK(bench.Run(options, false).manifest.entries.size() == 5);
  options.max_bytes = 2'999'999;
  CHECK(bench.CodeOf(options) == ErrorCode::kLimitExceeded);
  UnpackBench other;
  bfs::create_directories(other.in / "a/b/c");
  Spill(other.in / "a/b/c/g", "");
  other.Pack("tar --no-recursion -cf $a a/b/c/g");
  options.max_entries = 3;
  CHECK(other.CodeOf(options) == ErrorCode::kLimitExceeded);
}

TEST_CASE("unpack: a stop request ends it between two files") {
  UnpackBench bench;
  for (int i = 0; i < 8; ++i) {
    Spill(bench.in / std::to_string(i), Noise(1'000'000, i));
  }
  bench.Pack("tar -cf $a .");
  SetInterruptSignal(SIGTERM);
  CHECK(bench.CodeOf() == ErrorCode::kInterrupted);
  SetInterruptSignal(0);
}

TEST_CASE("unpack: a stop request ends it among empty files") {
  UnpackBench bench;
  for (int i = 0; i < 1500; ++i) Spill(bench.in / std::to_string(i), "");
  bench.Pack("tar -cf $a .");
  SetInterruptSignal(SIGTERM);
  CHECK(bench.CodeOf() == ErrorCode::kInterrupted);
  SetInterruptSignal(0);
}

TEST_CASE("unpack: an archive of nothing is empty") {
  UnpackBench bench;
  bench.Pack("tar -cf $a -T /dev/null");
  CHECK(bench.CodeOf() == ErrorCode::kArchiveEmpty);
  UnpackBench root_only;
  root_only.Pack("tar -cf $a .");
  CHECK(root_only.CodeOf() == ErrorCode::kArchiveEmpty);
}

TEST_CASE("unpack: hostile archives are refused and stay inside") {
  const char* commands[] = {
      "tar -P --transform 's,^f,../escaped,' -cf $a f",
      "tar -P --transform 's,^f,/tmp/release-escaped,' -cf $a f",
      "ln -s .. up; tar -cf $a up",
      "ln -s /tmp abs; tar -cf $a abs",
      "ln -s d l; tar --transform 's,^f,l/f,' -cf $a l f",
      "mkfifo p; tar -cf $a p",
      "tar -cf $a f; tar -rf $a f",
      "tar --transform 's,^f,a\x1bz,' -cf $a f",
      "tar --transform 's,^f,caf\xe9,' -cf $a f",
      "zip -q $a.zip f; sed -i 's,f,\\x01,g' $a.zip; mv $a.zip $a",
  };
  for (const char* command : commands) {
    CAPTURE(std::string(command));
    UnpackBench bench;
    Spill(bench.in / "f", "payload");
    bench.Pack(command);
    CHECK(std::string(CodeName(bench.CodeOf())) == "unsafe-entry");
    CHECK_FALSE(bfs::exists(bench.out.parent_path() / "escaped"));
    CHECK_FALSE(bfs::exists("/tmp/release-escaped"));
  }
}

TEST_CASE("unpack: a truncated archive is refused however much came") {
  UnpackBench bench;
  MakeTree(bench.in);
  bench.Pack("tar -cf - . | zstd -q | head -c 700000 > $a");
  CHECK(bench.CodeOf() == ErrorCode::kArchiveTruncated);
}

TEST_CASE("unpack: everything belongs to the owner asked for") {
  UnpackBench bench;
  MakeTree(bench.in);
  bench.Pack("tar -cf $a .");
  const auto self = bench.fs().Stat(Fs::kRoot, "in");
  REQUIRE(self);
  UnpackOptions options;
  // Only root can give files away.
  const std::uint32_t wanted = self->owner == 0 ? 12345 : self->owner;
  options.owner = OwnerIds{wanted, self->owner == 0 ? 23456 : self->group};
  const Unpacked unpacked = bench.Run(options);
  for (const ManifestEntry& entry : unpacked.manifest.entries) {
    const auto info = bench.fs().Stat(Fs::kRoot, "out/" + entry.path);
    REQUIRE(info);
    CHECK(info->owner == wanted);
    CHECK(info->group == options.owner->group);
  }
}

TEST_CASE("unpack: bytes of what is reserved count, too") {
  UnpackBench bench;
  bfs::create_directory(bench.in / "log");
  Spill(bench.in / "log/old", std::string(1000, 'x'));
  Spill(bench.in / "app", "x");
  bench.Pack("tar -cf $a log app");
  UnpackOptions options;
  options.reserved = {"log"};
  options.max_bytes = 1000;
  CHECK(bench.CodeOf(options) == ErrorCode::kLimitExceeded);
  options.max_bytes = 1001;
  CHECK(bench.Run(options, false).left_out.size() == 2);
}

}  // namespace
}  // namespace release
