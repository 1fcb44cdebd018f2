#include "base/version.h"

#include <doctest/doctest.h>

#include "base/error.h"

namespace release {

TEST_CASE("a version is one safe path component") {
  for (const char* good : {"1", "1.4.2", "v2", "2026.11+git~rc-1", "A_b"}) {
    CHECK_MESSAGE(Version::Parse(good), good);
  }
  for (const char* bad : {"", ".", "..", ".hidden", "-x", "a/b", "a b", "a\n",
                          "\xc3\xa9", "_a", "+1"}) {
    CHECK_MESSAGE(!Version::Parse(bad), bad);
  }
  CHECK(Version::Parse(std::string(128, 'a')));
  CHECK_FALSE(Version::Parse(std::string(129, 'a')));
}

TEST_CASE("a bad version name is named, with its control characters escaped") {
  CHECK_THROWS_WITH_AS(
      Version::ParseOrThrow("a\x1b[2J"),
      "cannot use \"a\\x1b[2J\" as a version: it must be 1 to 128 of A-Z a-z "
      "0-9 . _ + ~ - and begin with a letter or digit",
      Error);
}

TEST_CASE("the file name of an archive carries its version") {
  const auto version = [](const char* file, const char* app) {
    const auto v = VersionFromFileName(file, app);
    return v ? v->name() : std::string("none");
  };
  CHECK(version("shop-1.4.2.tar.zst", "shop") == "1.4.2");
  CHECK(version("shop-1.4.2.zip", "shop") == "1.4.2");
  CHECK(version("shop-eu-1.4.tgz", "shop-eu") == "1.4");
  CHECK(version("other-1.4.tgz", "shop") == "none");
  CHECK(version("shop.tgz", "shop") == "none");
  CHECK(version("shop-.tgz", "shop") == "none");
  CHECK(version("web-app-2.0.tar", "") == "2.0");
  CHECK(version("webapp.tar", "") == "none");
}

}  // namespace release
