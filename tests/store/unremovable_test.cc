#include "store/unremovable.h"

#include <doctest/doctest.h>

#include <cerrno>

#include "store/layout.h"
#include "support/fault_fs.h"
#include "support/mem_fs.h"
#include "support/root_files.h"

namespace release {
namespace {

using Messages = std::vector<std::string>;

struct Root : MemFs {
  Root() {
    for (const char* path : {kReleases, kOwn, "releases/1", "releases/2"}) {
      MakeDirectory(kRoot, path, 0755);
    }
  }
};

const RemovalFailures kBoth = {{"1", "no 1"}, {"2", "no 2"}};

TEST_CASE("a failure is returned once, and another one when it comes") {
  Root fs;
  CHECK(TakeUnreported(&fs, {}).empty());
  CHECK(TakeUnreported(&fs, {{"1", "no 1"}}) == Messages{"no 1"});
  CHECK(TakeUnreported(&fs, {{"1", "no 1"}}).empty());
  CHECK(TakeUnreported(&fs, kBoth) == Messages{"no 2"});
  CHECK(TakeUnreported(&fs, {}).empty());
  CHECK(TakeUnreported(&fs, kBoth).empty());
}

TEST_CASE("an entry that is gone is forgotten") {
  Root fs;
  TakeUnreported(&fs, kBoth);
  fs.RemoveDirectory(Fs::kRoot, "releases/1");
  fs.RemoveDirectory(Fs::kRoot, "releases/2");
  CHECK(TakeUnreported(&fs, {}).empty());
  CHECK(fs.List(Fs::kRoot, kOwn).empty());
  fs.MakeDirectory(Fs::kRoot, "releases/1", 0755);
  CHECK(TakeUnreported(&fs, {{"1", "no 1"}}) == Messages{"no 1"});
}

TEST_CASE("a failure that is about no release is always returned") {
  Root fs;
  for (int i = 0; i < 2; ++i) {
    CHECK(TakeUnreported(&fs, {{"", "no"}}) == Messages{"no"});
  }
}

TEST_CASE("what cannot be remembered is returned again") {
  Root fs;
  FaultFs full(&fs);
  full.FailFrom(1, ENOSPC, FsCall::kOpen);
  for (int i = 0; i < 2; ++i) {
    CHECK(TakeUnreported(&full, kBoth) == MessagesOf(kBoth));
  }
}

}  // namespace
}  // namespace release
