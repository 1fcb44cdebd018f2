#include "os/beneath.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/filesystem.hpp>

#include "os/descriptor.h"
#include "support/temp_dir.h"

namespace release {
namespace {

namespace bfs = boost::filesystem;

// Opens the path with both functions, which must agree, and returns errno, or 0
// if they open the directory `expected`.
int ErrorOf(int top, const std::string& path, const bfs::path& expected) {
  const Descriptor at_once(OpenBeneath(top, path));
  const int error = at_once.get() < 0 ? errno : 0;
  const Descriptor walked(WalkBeneath(top, path));
  CHECK((walked.get() < 0 ? errno : 0) == error);
  if (error != 0) return error;
  struct stat wanted;
  REQUIRE(stat(expected.c_str(), &wanted) == 0);
  for (const int fd : {at_once.get(), walked.get()}) {
    struct stat found;
    REQUIRE(fstat(fd, &found) == 0);
    CHECK(found.st_ino == wanted.st_ino);
  }
  return 0;
}

TEST_CASE("a directory is opened beneath another without following links") {
  TempDir dir;
  const bfs::path top = dir.path();
  bfs::create_directories(top / "a/b/c");
  bfs::create_directory_symlink("a", top / "link");
  bfs::create_directory_symlink("..", top / "a/up");
  const Descriptor fd(open(top.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  REQUIRE(HasOpenat2(fd.get()));
  CHECK(ErrorOf(fd.get(), "a/b/c", top / "a/b/c") == 0);
  CHECK(ErrorOf(fd.get(), "a", top / "a") == 0);
  CHECK(ErrorOf(fd.get(), "a/none/c", top) == ENOENT);
  CHECK(ErrorOf(fd.get(), "link", top) == ELOOP);
  CHECK(ErrorOf(fd.get(), "link/b", top) == ELOOP);
  CHECK(ErrorOf(fd.get(), "a/up/a", top) == ELOOP);
}

TEST_CASE("an interrupted call is repeated, a failed one is not") {
  int calls = 0;
  const auto call = [&](int error) {
    errno = error;
    return ++calls < 3 ? -1 : 7;
  };
  CHECK(Uninterrupted([&] { return call(EINTR); }) == 7);
  CHECK(calls == 3);
  calls = 0;
  CHECK(Uninterrupted([&] { return call(EIO); }) == -1);
  CHECK(calls == 1);
}

}  // namespace
}  // namespace release
