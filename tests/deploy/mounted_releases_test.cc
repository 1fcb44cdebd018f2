// A root whose directories are on several file systems.
#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <utility>

#include "store/layout.h"
#include "support/world.h"

namespace release {
namespace {

// A root in which one directory is a mount point.
class WithMount : public MemFs {
 public:
  WithMount(const MemFs& disk, std::string path)
      : MemFs(disk), path_(std::move(path)) {}
  std::optional<FileInfo> Stat(Handle dir, const std::string& path) override {
    auto info = MemFs::Stat(dir, path);
    if (info && dir == kRoot && path == path_) info->device += 1;
    return info;
  }

 private:
  std::string path_;
};

TEST_CASE("nothing is staged in a root of two file systems") {
  for (const char* path : {"releases", ".release", ".release/manifests"}) {
    CAPTURE(path);
    World world;
    DeployAll(&world, {"0", "1"});
    WithMount mounted(world.disk, path);
    world.context.fs = &mounted;
    const Outcome outcome = world.Deploy("2");
    REQUIRE(outcome.error);
    CHECK(outcome.error->code == ErrorCode::kRootUnsafe);
    CHECK(outcome.exit == Exit::kUsage);
    CHECK(outcome.error->message.find("on another file system") !=
          std::string::npos);
    CHECK(mounted.ReadLink(Fs::kRoot, kCurrent) == "releases/1");
    // A release that is there already can be made live.
    CHECK(world.Rollback().exit == Exit::kDone);
  }
}

}  // namespace
}  // namespace release
