#include "base/host_path.h"

#include <doctest/doctest.h>

namespace release {
namespace {

TEST_CASE("a path is within a directory by whole components") {
  CHECK(IsWithin("/srv/shop", "/srv/shop"));
  CHECK(IsWithin("/srv/shop/releases/1", "/srv/shop"));
  CHECK(IsWithin("/srv/shop", "/"));
  CHECK_FALSE(IsWithin("/srv/shop.d", "/srv/shop"));
  CHECK_FALSE(IsWithin("/srv", "/srv/shop"));
}

TEST_CASE("a path's components are walked before those already on the stack") {
  std::vector<HostPath> ahead = {"rest"};
  WalkFirst("a/b", &ahead);
  CHECK(ahead == std::vector<HostPath>{"rest", "b", "a"});
  WalkFirst("/x", &ahead);
  CHECK(ahead.back() == "/");
}

TEST_CASE("a message shows a host path as it is written") {
  CHECK(fmt::format("{}", HostPath("/srv/my shop")) == "/srv/my shop");
  CHECK(fmt::format("{:>6}", HostPath("/srv")) == "  /srv");
}

}  // namespace
}  // namespace release
