// Hard links as archives have them.
#include <doctest/doctest.h>

#include <cstdio>

#include "support/unpack_bench.h"

namespace release {
namespace {

namespace bfs = boost::filesystem;

TEST_CASE("unpack: hard links are one file under several names") {
  for (const char* command :
       {"tar -cf $a a b c", "bsdtar --format newc -cf $a a b c",
        "printf 'a\\nb\\nc\\n' | cpio --quiet -o -H newc > $a",
        "printf 'a\\nb\\nc\\n' | cpio --quiet -o -H odc > $a"}) {
    CAPTURE(std::string(command));
    UnpackBench bench;
    const std::string content = Noise(5000, 3);
    Spill(bench.in / "a", content);
    bfs::create_hard_link(bench.in / "a", bench.in / "b");
    bfs::create_hard_link(bench.in / "a", bench.in / "c");
    bench.Pack(command);
    const Unpacked unpacked = bench.Run();
    CheckAgainstDisk(unpacked.manifest, bench.out);
    CHECK(Find(unpacked, "c").hash == HashContent(content));
    CHECK(Find(unpacked, "a").size == 5000);
    CHECK(bfs::hard_link_count(bench.out / "a") == 3);
  }
}

TEST_CASE("unpack: hard links to themselves and to links are ordinary") {
  for (const char* command :
       {"tar -cf $a . ./d ./link", "find . | cpio --quiet -o -H newc > $a"}) {
    CAPTURE(std::string(command));
    UnpackBench bench;
    bfs::create_directories(bench.in / "d");
    Spill(bench.in / "d/f", "content");
    Shell("cd " + bench.in.string() + "; ln -s d/f link; ln -P link again");
    bench.Pack(command);
    CheckAgainstDisk(bench.Run().manifest, bench.out);
    CHECK(Slurp(bench.out / "d/f") == "content");
    CHECK(bfs::read_symlink(bench.out / "again") == "d/f");
  }
}

// A cpio of the form newc in which both names of a file bring a content.
std::string TwoContents(const std::string& first, const std::string& second) {
  std::string out;
  const auto add = [&out](const std::string& name, unsigned mode,
                          unsigned names, const std::string& content) {
    char header[111];
    std::snprintf(
        header, sizeof header,
        "070701%08x%08x%08x%08x%08x%08x%08zx%08x%08x%08x%08x%08zx%08x", 7U,
        mode, 0U, 0U, names, 0U, content.size(), 1U, 2U, 0U, 0U,
        name.size() + 1, 0U);
    out += header + name + '\0';
    out.resize((out.size() + 3) / 4 * 4);
    out += content;
    out.resize((out.size() + 3) / 4 * 4);
  };
  add("a", 0100644, 2, first);
  add("b", 0100644, 2, second);
  add("TRAILER!!!", 0, 1, "");
  return out;
}

TEST_CASE("unpack: another name with another content is refused") {
  UnpackBench bench;
  Spill(bench.in / "same", TwoContents("one", "one"));
  Spill(bench.in / "other", TwoContents("one", "two"));
  bench.Pack("cat other > $a");
  CHECK(bench.CodeOf() == ErrorCode::kUnsafeEntry);
  UnpackBench same;
  Spill(same.in / "same", TwoContents("one", "one"));
  same.Pack("cat same > $a");
  const Unpacked unpacked = same.Run();
  CHECK(Slurp(same.out / "b") == "one");
  CHECK(bfs::hard_link_count(same.out / "a") == 2);
}

TEST_CASE("unpack: many hard links in many directories are made") {
  UnpackBench bench;
  for (int i = 0; i < 50; ++i) {
    const std::string n = std::to_string(i);
    bfs::create_directories(bench.in / ("d" + n) / "e");
    Spill(bench.in / ("d" + n) / "e" / "f", n);
    bfs::create_hard_link(bench.in / ("d" + n) / "e" / "f",
                          bench.in / ("d" + n) / "g");
  }
  bench.Pack("tar -cf $a .");
  CheckAgainstDisk(bench.Run().manifest, bench.out);
  CHECK(bfs::hard_link_count(bench.out / "d7/g") == 2);
}

TEST_CASE("unpack: a hard link to what is reserved is refused") {
  UnpackBench bench;
  Spill(bench.in / "a", "x");
  bfs::create_hard_link(bench.in / "a", bench.in / "b");
  bench.Pack("tar -cf $a a b");
  UnpackOptions options;
  options.reserved = {"a"};
  CHECK(bench.CodeOf(options) == ErrorCode::kUnsafeEntry);
}

}  // namespace
}  // namespace release
