#include "os/host_facts.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include "support/archives.h"
#include "support/temp_dir.h"

namespace release {
namespace {

TEST_CASE("a missing directory is not writable, our own is") {
  const TempDir dir;
  CHECK_FALSE(WhyNotWritable(dir.path()));
  CHECK(WhyNotWritable(dir.path() + "/none") == "No such file or directory");
}

TEST_CASE("paths on the same mount have the same id") {
  const TempDir dir;
  Spill(dir.path() + "/file", "");
  CHECK(MountOf(dir.path()) != 0);
  CHECK(MountOf(dir.path()) == MountOf(dir.path() + "/file"));
  CHECK(MountOf("/proc") != MountOf(dir.path()));
  CHECK(MountOf(dir.path() + "/none") == 0);
}

TEST_CASE("a file system has a name or a number") {
  CHECK(FileSystemOf("/proc") == "type 0x9fa0");
  CHECK(FileSystemOf("/dev/shm") == "tmpfs");
  CHECK(FileSystemOf("/none/such") == "No such file or directory");
}

TEST_CASE("a program is found by its path or in PATH") {
  CHECK(FindProgram("sh").ends_with("/sh"));
  CHECK(FindProgram("/bin/sh") == "/bin/sh");
  CHECK(FindProgram("no-such-program-here") == "");
  CHECK(FindProgram("/etc/passwd") == "");
  CHECK(FindProgram("/bin") == "");
}

TEST_CASE("this kernel has openat2 and the rename flags") {
  CHECK(HasOpenat2());
  CHECK(HasRenameFlags());
}

}  // namespace
}  // namespace release
