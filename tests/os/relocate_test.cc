#include "os/relocate.h"

#include <doctest/doctest.h>

#include <atomic>
#include <boost/filesystem.hpp>
#include <cerrno>
#include <fstream>
#include <thread>

#include "os/posix_fs.h"
#include "support/archives.h"
#include "support/temp_dir.h"

namespace release {
namespace {

namespace bfs = boost::filesystem;

void Move(const std::string& from, const std::string& to) {
  PosixFs machine("/");
  MoveLeavingLink(&machine, from, to);
}

int ErrorOfMove(const std::string& from, const std::string& to) {
  try {
    Move(from, to);
  } catch (const FsError& error) {
    return error.error_number();
  }
  return 0;
}

TEST_CASE("a directory moves, and its old path leads to it") {
  const TempDir dir;
  const std::string from = dir.path() + "/app";
  const std::string to = dir.path() + "/root/current";
  bfs::create_directory(from);
  bfs::create_directory(dir.path() + "/root");
  Spill(from + "/index", "one");
  Move(from, to);
  CHECK(bfs::read_symlink(from) == to);
  CHECK(bfs::is_directory(bfs::symlink_status(to)));
  CHECK(Slurp(from + "/index") == "one");
}

TEST_CASE("a link to itself from a crash is accepted, anything else is not") {
  const TempDir dir;
  const std::string from = dir.path() + "/app";
  const std::string to = dir.path() + "/current";
  bfs::create_directory(from);
  bfs::create_symlink("elsewhere", to);
  CHECK(ErrorOfMove(from, to) == EEXIST);
  CHECK(bfs::is_directory(bfs::symlink_status(from)));
  bfs::remove(to);
  bfs::create_symlink(to, to);
  CHECK(ErrorOfMove(from, to) == 0);
  CHECK(bfs::read_symlink(from) == to);
}

TEST_CASE("a failed move leaves nothing behind") {
  const TempDir dir;
  const std::string from = dir.path() + "/app";
  bfs::create_directory(from);
  CHECK(ErrorOfMove(from, from + "/current") == EINVAL);
  CHECK(ErrorOfMove("/proc/self", dir.path() + "/current") == EXDEV);
  CHECK(ErrorOfMove(dir.path() + "/none", dir.path() + "/current") == ENOENT);
  CHECK(bfs::is_empty(from));
  CHECK(!bfs::exists(bfs::symlink_status(dir.path() + "/current")));
}

TEST_CASE("no reader of the old path ever misses a file") {
  const TempDir dir;
  const std::string from = dir.path() + "/app";
  bfs::create_directory(from);
  Spill(from + "/index", "one");
  std::atomic<bool> stop = false;
  std::atomic<long> reads = 0;
  std::atomic<long> missed = 0;
  std::thread reader([&] {
    while (!stop) {
      ++reads;
      std::string text;
      std::ifstream(from + "/index") >> text;
      if (text != "one") ++missed;
    }
  });
  while (reads < 100) std::this_thread::yield();
  Move(from, dir.path() + "/current");
  const long before = reads;
  while (reads < before + 100) std::this_thread::yield();
  stop = true;
  reader.join();
  CHECK(missed == 0);
}

}  // namespace
}  // namespace release
