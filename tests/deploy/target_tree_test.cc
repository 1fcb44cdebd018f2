#include "deploy/target_tree.h"

#include <doctest/doctest.h>

#include "store/durable.h"
#include "support/expect_error.h"
#include "support/fault_fs.h"
#include "support/mem_fs.h"
#include "support/root_files.h"

namespace release {
namespace {

const Version kTwo = Version::ParseOrThrow("2");

struct Trees : MemFs {
  Trees() {
    MakeDirectory(kRoot, "releases", 0755);
    MakeDirectory(kRoot, "releases/2", 0755);
  }
};

TEST_CASE("a tree that stays where it is passes") {
  Trees fs;
  const TargetTree tree(&fs, kTwo);
  tree.RequireInPlace("keep");
}

TEST_CASE("a tree that was moved, removed or replaced is noticed") {
  for (const char* by : {"", "directory", "link", "file"}) {
    CAPTURE(by);
    Trees fs;
    const TargetTree tree(&fs, kTwo);
    fs.Rename(Fs::kRoot, "releases/2", Fs::kRoot, "releases/x",
              RenameMode::kNoReplace);
    if (by == std::string("directory")) {
      fs.MakeDirectory(Fs::kRoot, "releases/2", 0755);
    }
    if (by == std::string("link")) PutLink(&fs, "releases/2", "x");
    if (by == std::string("file")) PutFile(&fs, "releases/2", "");
    const Error error = ErrorOf([&] { tree.RequireInPlace("keep"); });
    CHECK(error.code() == ErrorCode::kReleaseAltered);
    CHECK(error.path() == "releases/2");
    CHECK(Says(error, "cannot keep 2: releases/2 was"));
    CHECK(Says(error, by == std::string() ? "removed" : "replaced"));
  }
}

TEST_CASE("a tree that the transaction made is known by its inode") {
  Trees fs;
  const std::uint64_t inode = fs.Stat(Fs::kRoot, "releases/2")->inode;
  TargetTree(&fs, kTwo, inode).RequireInPlace("keep");
  CHECK(ErrorOf([&] { TargetTree(&fs, kTwo, inode + 1); }).code() ==
        ErrorCode::kReleaseAltered);
}

TEST_CASE("a tree that cannot be held open is compared all the same") {
  Trees fs;
  FaultFs faulty(&fs);
  faulty.FailFrom(1, EMFILE, FsCall::kOpenDirectory);
  const TargetTree tree(&faulty, kTwo);
  tree.RequireInPlace("keep");
  CHECK(faulty.failed());
  RemoveTree(&fs, Fs::kRoot, "releases/2");
  CHECK_THROWS_AS(tree.RequireInPlace("keep"), Error);
}

}  // namespace
}  // namespace release
