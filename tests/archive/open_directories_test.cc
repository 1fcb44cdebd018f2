#include "archive/open_directories.h"

#include <doctest/doctest.h>

#include <vector>

#include "support/mem_fs.h"

namespace release {
namespace {

TEST_CASE("a directory is opened once, and the top never") {
  MemFs fs;
  fs.MakeDirectory(Fs::kRoot, "a", 0755);
  fs.MakeDirectory(Fs::kRoot, "a/b", 0755);
  OpenDirectories directories(&fs, Fs::kRoot);
  CHECK(directories.Get("") == nullptr);
  CHECK(directories.HandleOf(nullptr) == Fs::kRoot);
  const auto first = directories.Get("a/b");
  CHECK(directories.Get("a") != first);
  CHECK(directories.Get("a/b") == first);
  CHECK(fs.open_handles() == 2);
  CHECK_THROWS_AS(directories.Get("a/c"), FsError);
  CHECK_THROWS_AS(directories.Get("a/c"), FsError);
}

TEST_CASE("so many are open at most, those given out included") {
  MemFs fs;
  OpenDirectories directories(&fs, Fs::kRoot);
  std::vector<OpenDirectories::Shared> given;
  for (int i = 0;; ++i) {
    const std::string name = std::to_string(i);
    if (directories.IsFullFor(name)) break;
    REQUIRE(i < 1'000);
    fs.MakeDirectory(Fs::kRoot, name, 0755);
    given.push_back(directories.Get(name));
  }
  CHECK_FALSE(directories.IsFullFor("0"));
  CHECK_FALSE(directories.IsFullFor(""));
  directories.Forget();
  // The callers still hold theirs.
  CHECK(directories.IsFullFor("0"));
  CHECK(fs.open_handles() == given.size());
  given.clear();
  CHECK_FALSE(directories.IsFullFor("0"));
  CHECK(fs.open_handles() == 0);
}

}  // namespace
}  // namespace release
