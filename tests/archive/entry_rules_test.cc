#include "archive/entry_rules.h"

#include <doctest/doctest.h>

#include "base/error.h"

namespace release {
namespace {

using Kind = ArchiveEntry::Kind;

ArchiveEntry File(const std::string& path, unsigned mode = 0644) {
  return {Kind::kFile, path, "", mode, 0};
}
ArchiveEntry Dir(const std::string& path) {
  return {Kind::kDirectory, path, "", 0755, {}};
}
ArchiveEntry Link(const std::string& path, const std::string& target) {
  return {Kind::kSymlink, path, target, 0777, {}};
}
ArchiveEntry Hard(const std::string& path, const std::string& target) {
  return {Kind::kHardLink, path, target, 0644, {}};
}

// The path that the last of the entries gets; "-" where it is skipped.
std::string PathOf(const std::vector<ArchiveEntry>& entries,
                   unsigned strip = 0) {
  EntryRules rules({strip});
  std::string last;
  for (const ArchiveEntry& entry : entries) {
    const auto accepted = rules.Accept(entry);
    last = accepted ? accepted->path : "-";
  }
  return last;
}

// Whether the last entry is refused, and none before it.
bool LastRefused(std::vector<ArchiveEntry> entries, unsigned strip = 0) {
  EntryRules rules({strip});
  const ArchiveEntry last = entries.back();
  entries.pop_back();
  for (const ArchiveEntry& entry : entries) rules.Accept(entry);
  try {
    rules.Accept(last);
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::kUnsafeEntry);
    CHECK(error.path() == last.path.substr(0, kMaxPath));
    CHECK(std::string(error.what()).starts_with("cannot unpack \""));
    return true;
  }
  return false;
}

TEST_CASE("entry rules: names are normalised") {
  CHECK(PathOf({File("a/b")}) == "a/b");
  CHECK(PathOf({File("./a//./b")}) == "a/b");
  CHECK(PathOf({Dir("a/b/")}) == "a/b");
  CHECK(PathOf({File("...")}) == "...");
  CHECK(PathOf({File("a/..b")}) == "a/..b");
  CHECK(PathOf({File("\xC3\xA9t\xC3\xA9 \xE6\x97\xA5")}) ==
        "\xC3\xA9t\xC3\xA9 \xE6\x97\xA5");
}

TEST_CASE("entry rules: the archive's own root is skipped, a file there not") {
  CHECK(PathOf({Dir("./")}) == "-");
  CHECK(PathOf({Dir(".")}) == "-");
  CHECK(LastRefused({File(".")}));
  CHECK(LastRefused({Link("./", "a")}));
}

TEST_CASE("entry rules: leading components are stripped") {
  CHECK(PathOf({File("package/lib/a.js")}, 1) == "lib/a.js");
  CHECK(PathOf({File("./package/a.js")}, 1) == "a.js");
  CHECK(PathOf({Dir("package/")}, 1) == "-");
  CHECK(PathOf({File("top")}, 1) == "-");
  CHECK(LastRefused({File("../top")}, 1));
  CHECK(LastRefused({File("a/x"), File("b/x")}, 1));
}

TEST_CASE("entry rules: names that lead elsewhere are refused") {
  for (const char* path :
       {"/etc/passwd", "//x", "..", "../x", "a/../b", "a/..", "./../x", ""}) {
    CAPTURE(path);
    CHECK(LastRefused({File(path)}));
  }
}

TEST_CASE("entry rules: names that cannot be printed or stored are refused") {
  CHECK(LastRefused({File("a\nb")}));
  CHECK(LastRefused({File("a\x1B[2J")}));
  CHECK(LastRefused({File("a\x7F")}));
  CHECK(LastRefused({File("a\xC2\x9B")}));
  CHECK(LastRefused({File("caf\xE9")}));
  CHECK(LastRefused({File(std::string(256, 'x'))}));
  CHECK_FALSE(LastRefused({File(std::string(255, 'x'))}));
  std::string deep;
  for (int i = 0; i < 127; ++i) deep += "d/";
  CHECK_FALSE(LastRefused({File(deep + "f")}));
  CHECK(LastRefused({File(deep + "d/f")}));
  std::string longest;
  while (longest.size() < 4097) longest += std::string(200, 'x') + "/";
  CHECK(LastRefused({File(longest)}));
}

TEST_CASE("entry rules: a name occurs once") {
  CHECK(LastRefused({File("a"), File("a")}));
  CHECK(LastRefused({File("a"), File("./a")}));
  CHECK(LastRefused({File("a"), Dir("a")}));
  CHECK(LastRefused({Dir("a"), File("a")}));
  CHECK(LastRefused({File("a/b"), File("a")}));
  CHECK(LastRefused({File("a/b"), Link("a", "x")}));
  CHECK(LastRefused({File("a"), File("a/b")}));
  CHECK(LastRefused({Link("a", "b"), File("a")}));
  CHECK(LastRefused({Link("a", "b"), Link("a", "c")}));
  CHECK(LastRefused({File("a"), Hard("b", "a"), File("b")}));
}

TEST_CASE("entry rules: a directory may be listed again or late") {
  CHECK_FALSE(LastRefused({Dir("a"), Dir("a/")}));
  CHECK_FALSE(LastRefused({File("a/b/c"), Dir("a"), Dir("a/b")}));
}

TEST_CASE("entry rules: nothing is unpacked through a link") {
  CHECK(LastRefused({Link("a", "b"), File("a/x")}));
  CHECK(LastRefused({Link("a", "b"), Dir("a/x")}));
  CHECK(LastRefused({Dir("d"), Link("d/a", "b"), File("d/a/e/f")}));
  CHECK(LastRefused({Link("a", "b"), Dir("a")}));
}

TEST_CASE("entry rules: a link may lead up to the top and no further") {
  CHECK_FALSE(LastRefused({Link("a/b", "../c")}));
  CHECK_FALSE(LastRefused({Link("a/b/c", "../../d")}));
  CHECK_FALSE(LastRefused({Link("a/b/c", "../..")}));
  CHECK_FALSE(LastRefused({Link("a", "b/c")}));
  CHECK_FALSE(LastRefused({Link("a", ".")}));
  CHECK(LastRefused({Link("a", "..")}));
  CHECK(LastRefused({Link("a/b", "../../c")}));
  CHECK(LastRefused({Link("a/b", "./../../c")}));
  CHECK(LastRefused({Link("a/b", "c/../d")}));
  CHECK(LastRefused({Link("a", "/etc/passwd")}));
  CHECK(LastRefused({Link("a", "")}));
  CHECK(LastRefused({Link("a", "x\ny")}));
  CHECK(LastRefused({Link("a", "caf\xE9")}));
  // Stripping takes away what the link may climb.
  CHECK(LastRefused({Link("top/a/b", "../../c")}, 1));
}

TEST_CASE("entry rules: absolute targets that are named are allowed") {
  EntryRules rules({.absolute_links = {"/usr/bin/*", "/etc/ssl/certs"}});
  int count = 0;
  for (const char* target : {"/usr/bin/python3", "//usr//bin/./python3",
                             "/usr/bin/a/b", "/etc/ssl/certs"}) {
    CAPTURE(std::string(target));
    const std::string name = "l" + std::to_string(count++);
    const auto accepted = rules.Accept(Link(name, target));
    REQUIRE(accepted);
    CHECK(accepted->target == target);
  }
  for (const char* target : {"/usr/bin", "/usr/bin/", "/usr/bin/../../etc",
                             "/usr/binary", "/etc/ssl/certs/x", "/", "/etc"}) {
    CAPTURE(std::string(target));
    CHECK_THROWS_AS(rules.Accept(Link("bad", target)), Error);
  }
  try {
    rules.Accept(Link("bad", "/etc/passwd"));
    FAIL("accepted");
  } catch (const Error& error) {
    const std::string what = error.what();
    CHECK(what.find("\"/etc/passwd\"") != what.npos);
    CHECK(what.find("absolute_links") != what.npos);
  }
}

TEST_CASE("entry rules: a link that gives way may lead anywhere") {
  EntryRules rules({.reserved = {"storage"}});
  CHECK(rules.Accept(Link("storage", "/var/www/storage")));
  CHECK(rules.Accept(Link("storage2/x", "y")));
  CHECK_THROWS_AS(rules.Accept(Link("storage2/y", "/var")), Error);
}

TEST_CASE("entry rules: a hard link names a file that came before") {
  CHECK_FALSE(LastRefused({File("a"), Hard("b", "a")}));
  CHECK_FALSE(LastRefused({File("a"), Hard("b", "./a")}));
  CHECK_FALSE(LastRefused({File("a"), Hard("b", "a"), Hard("c", "b")}));
  CHECK_FALSE(LastRefused({File("p/a"), Hard("p/b", "p/a")}, 1));
  CHECK(LastRefused({Hard("b", "a")}));
  CHECK(LastRefused({Hard("a", "a")}));
  CHECK(LastRefused({File("a"), Hard("b", "/a")}));
  CHECK(LastRefused({File("a"), Hard("b", "../a")}));
  CHECK(LastRefused({Dir("a"), Hard("a", "a")}));
  CHECK(LastRefused({Dir("a"), Hard("b", "a")}));
  CHECK(LastRefused({File("d/x"), Hard("b", "d")}));
  CHECK(LastRefused({File("a"), File("c"), Hard("b", "a"), Hard("b", "c")}));
}

TEST_CASE("entry rules: a hard link to itself is skipped") {
  CHECK(PathOf({File("a"), Hard("a", "a")}) == "-");
  CHECK(PathOf({File("a"), Hard("./a", "a"), Hard("a", "./a")}) == "-");
  CHECK(PathOf({Link("a", "x"), Hard("a", "a")}) == "-");
  CHECK(PathOf({Link("a", "x"), Link("./a", "x")}) == "-");
  CHECK(PathOf({File("a"), Hard("b", "a"), Hard("b", "a")}) == "-");
  CHECK(PathOf({Link("a", "x"), Hard("b", "a"), Hard("b", "a")}) == "-");
}

TEST_CASE("entry rules: a hard link to a symbolic link is one, too") {
  EntryRules rules({});
  rules.Accept(Link("d/a", "../x"));
  const auto accepted = rules.Accept(Hard("d/b", "d/a"));
  REQUIRE(accepted);
  CHECK(accepted->kind == Kind::kSymlink);
  CHECK(accepted->target == "../x");
  // It counts as a link for what follows.
  CHECK(LastRefused({Link("a", "x"), Hard("b", "a"), File("b/c")}));
  CHECK(PathOf({Link("a", "x"), Hard("b", "a"), Hard("c", "b")}) == "c");
  // From a directory further up its target would lead out.
  CHECK(LastRefused({Link("d/a", "../x"), Hard("b", "d/a")}));
}

TEST_CASE("entry rules: devices, fifos and sockets are refused") {
  CHECK(LastRefused({{Kind::kOther, "dev/null", "", 0666, {}}}));
}

TEST_CASE("entry rules: modes are the archive's, less the umask") {
  const auto file = [](unsigned mode, unsigned umask = 0022) {
    return AcceptedMode(Kind::kFile, mode, umask);
  };
  for (const unsigned mode : {0644U, 0600U, 0755U, 0555U, 0444U, 0400U}) {
    CHECK(file(mode) == mode);
  }
  CHECK(file(0666) == 0644);
  CHECK(file(0664, 0002) == 0664);
  CHECK(file(0666, 0) == 0664);
  CHECK(file(06777) == 0755);
  CHECK(file(0) == 0400);
  CHECK(file(0644, 0777) == 0400);
  CHECK(file(0755, 0027) == 0750);
  CHECK(EntryRules({}).Accept(File("a", 04755))->mode == 0755);
  CHECK(EntryRules({0, 0027}).Accept(File("a", 04755))->mode == 0750);
}

TEST_CASE("entry rules: a directory can be entered by whoever can read it") {
  const auto directory = [](unsigned mode, unsigned umask = 0022) {
    return AcceptedMode(Kind::kDirectory, mode, umask);
  };
  CHECK(directory(03777) == 0755);
  CHECK(directory(02775, 0002) == 0775);
  CHECK(directory(0500) == 0700);
  CHECK(directory(0644) == 0755);
  CHECK(directory(0640) == 0750);
  CHECK(directory(0711) == 0711);
  CHECK(directory(0755, 0077) == 0700);
  CHECK(ImpliedMode(0022) == 0755);
  CHECK(ImpliedMode(0) == 0775);
}

TEST_CASE("entry rules: the message shows hostile names harmlessly") {
  try {
    EntryRules({}).Accept(File("a\x1B[2J"));
    FAIL("accepted");
  } catch (const Error& error) {
    const std::string what = error.what();
    CHECK(what.find('\x1B') == what.npos);
    CHECK(what.find("\\x1b") != what.npos);
  }
}

TEST_CASE("entries: of a name without end the beginning is told") {
  const std::string endless(200'000, 'n');
  for (const ArchiveEntry& entry :
       {File(endless), Link("l", endless), Hard("h", endless)}) {
    try {
      EntryRules({}).Accept(entry);
      FAIL("accepted");
    } catch (const Error& error) {
      CHECK(std::string(error.what()).size() < 500);
      CHECK(error.path().size() <= kMaxPath);
    }
  }
}

TEST_CASE("entry rules: log is above log/x and not above logo.png") {
  const std::vector<std::string> tops = {"log", "a/b"};
  for (const char* path : {"log", "log/x", "log/x/y", "a/b", "a/b/c"}) {
    CAPTURE(path);
    CHECK(IsAtOrBelow(path, tops));
  }
  for (const char* path : {"logo.png", "lo", "logs/x", "a", "a/bc", "x/log"}) {
    CAPTURE(path);
    CHECK_FALSE(IsAtOrBelow(path, tops));
  }
}

}  // namespace
}  // namespace release
