#include "adopt/real_path.h"

#include <doctest/doctest.h>

#include "os/path_rules.h"
#include "support/mem_fs.h"

namespace release {
namespace {

MemFs Linked() {
  MemFs fs;
  for (const char* path : {"data", "data/app", "srv"}) {
    fs.MakeDirectory(Fs::kRoot, path, 0755);
  }
  fs.MakeSymlink("/data/app", Fs::kRoot, "srv/absolute");
  fs.MakeSymlink("../data//./app/", Fs::kRoot, "srv/relative");
  fs.MakeSymlink("relative/..", Fs::kRoot, "srv/up");
  fs.MakeSymlink("loop", Fs::kRoot, "srv/loop");
  fs.MakeSymlink("/data/none", Fs::kRoot, "srv/dangling");
  return fs;
}

}  // namespace

TEST_CASE("links anywhere in a path are resolved") {
  MemFs fs = Linked();
  CHECK(RealPath(&fs, "/") == "/");
  CHECK(RealPath(&fs, "/data/app") == "/data/app");
  CHECK(RealPath(&fs, "/srv/absolute") == "/data/app");
  CHECK(RealPath(&fs, "/srv/relative") == "/data/app");
  CHECK(RealPath(&fs, "/srv/up") == "/data");
  CHECK(RealPath(&fs, "/srv/up/app") == "/data/app");
}

TEST_CASE("a path that leads nowhere is returned unchanged") {
  MemFs fs = Linked();
  for (const char* path : {"/srv/loop", "/srv/dangling", "/srv/up/none"}) {
    CHECK(RealPath(&fs, path) == path);
  }
  CHECK(RealPlace(&fs, "/srv/up/none/below") == "/data/none/below");
  CHECK(RealPlace(&fs, "/none") == "/none");
}

TEST_CASE("a path has a name from the top") {
  CHECK(FromTop("/srv/app") == "srv/app");
  CHECK(FromTop("/") == "");
}

}  // namespace release
