#include "os/path_rules.h"

#include <doctest/doctest.h>

#include <cerrno>

namespace release {

TEST_CASE("a path that could lead outside is refused with EXDEV") {
  for (const char* bad :
       {"..", "../a", "a/..", "a/../b", "/", "/etc/passwd", "//a"}) {
    CHECK_MESSAGE(PathError(bad, PathUse::kLook) == EXDEV, bad);
  }
  for (const char* good : {"a", "a/b", "..a", "a..", ".a/...", ".release"}) {
    CHECK_MESSAGE(PathError(good, PathUse::kName) == 0, good);
  }
}

TEST_CASE("a malformed path is refused") {
  for (const char* bad : {"a/", "a//b", "./a", "a/./b", "a/."}) {
    CHECK_MESSAGE(PathError(bad, PathUse::kLook) == EINVAL, bad);
  }
  CHECK(PathError(std::string_view("a\0b", 3), PathUse::kLook) == EINVAL);
  CHECK(PathError(std::string(255, 'a'), PathUse::kName) == 0);
  CHECK(PathError("d/" + std::string(256, 'a'), PathUse::kName) ==
        ENAMETOOLONG);
}

TEST_CASE("the empty path is allowed for looking, not for naming") {
  for (const char* self : {"", "."}) {
    CHECK(PathError(self, PathUse::kLook) == 0);
    CHECK(PathError(self, PathUse::kName) == EINVAL);
  }
}

TEST_CASE("a path splits before its last component and joins again") {
  CHECK(SplitPath("a/b/c").parent == "a/b");
  CHECK(SplitPath("a/b/c").leaf == "c");
  CHECK(SplitPath("a").parent.empty());
  CHECK(SplitPath("a").leaf == "a");
  CHECK(ParentOf("a/b/c") == "a/b");
  CHECK(LeafOf("a/b/c") == "c");
  CHECK(JoinPath("a/b", "c") == "a/b/c");
  CHECK(JoinPath("", "c") == "c");
  CHECK(JoinPath("/", "c") == "/c");
  CHECK(JoinPath("a", ".") == "a");
  CHECK(JoinPath("a", "") == "a");
}

}  // namespace release
