#include "base/config_values.h"

#include <doctest/doctest.h>

namespace release {

TEST_CASE("edit distance counts letters changed, added and left out") {
  CHECK(EditDistance("", "") == 0);
  CHECK(EditDistance("abc", "") == 3);
  CHECK(EditDistance("", "abc") == 3);
  CHECK(EditDistance("keep", "keep") == 0);
  CHECK(EditDistance("kitten", "sitting") == 3);
}

TEST_CASE("paths overlap when one is the other or above it") {
  CHECK(Overlap("a", "a"));
  CHECK(Overlap("a", "a/b"));
  CHECK(Overlap("a/b", "a"));
  CHECK_FALSE(Overlap("a", "ab"));
  CHECK_FALSE(Overlap("a/b", "a/c"));
}

TEST_CASE("a refused value leaves the setting as it was") {
  HostPath path = "/before";
  CHECK_FALSE(ReadAbsolutePath("relative", &path).empty());
  CHECK(path == "/before");
  HealthConfig health;
  CHECK_FALSE(ReadStatusRange("300-200", &health).empty());
  CHECK(health.status_low == 200);
  CHECK(health.status_high == 299);
  std::uint64_t number = 1;
  CHECK(ReadNumber("11", 1, 10, &number) ==
        "must be a whole number from 1 to 10");
  CHECK(number == 1);
}

TEST_CASE("trailing slashes and SIG are not stored") {
  HostPath path;
  CHECK(ReadAbsolutePath("/srv/shop//", &path) == "");
  CHECK(path == "/srv/shop");
  std::string out;
  CHECK(ReadRelativePath("storage/", &out) == "");
  CHECK(out == "storage");
  CHECK(ReadSignal("SIGWINCH", &out) == "");
  CHECK(out == "WINCH");
}

}  // namespace release
