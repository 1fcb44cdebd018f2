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
  for (const char* app : {"shop", ""}) {
    CAPTURE(std::string(app));
    CHECK(version("v1.2.3.tar.gz", app) == "1.2.3");
    CHECK(version("1.2.3-rc.1.zip", app) == "1.2.3-rc.1");
    CHECK(version("shop-v1.2.3.tar.gz", app) == "1.2.3");
    CHECK(version("shop_1.4.2_linux_amd64.tar.gz", app) == "1.4.2");
    CHECK(version("shop_1.4.2_Linux_x86_64.tar.gz", app) == "1.4.2");
    CHECK(version("shop-1.4.2-x86_64-unknown-linux-musl.txz", app) == "1.4.2");
    CHECK(version("shop-1.4.2-rc_1-linux-arm64.tar.zst", app) == "1.4.2-rc_1");
    CHECK(version("shop-1.0.jar", app) == "1.0");
    CHECK(version("shop-2024-11-28.tar", app) == "2024-11-28");
    CHECK(version("shop.jar", app) == "none");
    CHECK(version("shop_linux_amd64.tar.gz", app) == "none");
    CHECK(version("2048.tar.gz", app) == "none");
    CHECK(version("vendor.tar.gz", app) == "none");
  }
  CHECK(version("shop-main.tar", "shop") == "main");
  CHECK(version("shop_eu-1.4.tgz", "shop") == "none");
  CHECK(version("tool_x86_64-1.2.tgz", "") == "1.2");
  CHECK(version("webapp.tar", "") == "none");
}

}  // namespace release
