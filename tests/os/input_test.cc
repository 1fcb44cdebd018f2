#include "os/input.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/filesystem.hpp>
#include <chrono>
#include <fstream>
#include <thread>

#include "base/error.h"
#include "os/cancellation.h"
#include "support/archives.h"
#include "support/byte_sources.h"
#include "support/expect_error.h"
#include "support/temp_dir.h"

namespace release {
namespace {

using namespace std::chrono_literals;

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    char pattern[] = "/tmp/release-input-XXXXXX";
    path_ = mkdtemp(pattern);
  }
  ~TemporaryDirectory() { boost::filesystem::remove_all(path_); }
  std::string operator/(const std::string& name) const {
    return path_ + "/" + name;
  }

 private:
  std::string path_;
};

void WriteFile(const std::string& path, const std::string& content) {
  std::ofstream(path, std::ios::binary) << content;
}

std::string ReadAll(Input* input) {
  std::string all;
  char buffer[7];
  while (const std::size_t count = input->Read(buffer)) {
    all.append(buffer, count);
  }
  return all;
}

template <typename Call>
std::string Failure(ErrorCode code, Call call) {
  try {
    call();
  } catch (const Error& error) {
    CHECK(error.code() == code);
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("a file is read from its start to its end") {
  const TemporaryDirectory dir;
  WriteFile(dir / "a", "some bytes, more than one buffer");
  Input input = Input::Open(dir / "a");
  CHECK(input.Size() == 32u);
  CHECK(input.name() == dir / "a");
  CHECK(ReadAll(&input) == "some bytes, more than one buffer");
  char buffer[4];
  CHECK(input.Read(buffer) == 0);
}

TEST_CASE("a file that cannot be an archive is refused with the reason") {
  const TemporaryDirectory dir;
  const auto open = [&](const std::string& path) {
    return Failure(ErrorCode::kArchiveUnreadable, [&] { Input::Open(path); });
  };
  CHECK(open(dir / "none") ==
        "cannot read \"" + (dir / "none") + "\": No such file or directory");
  CHECK(open(dir / "").find("is a directory; `release pack` makes an archive "
                            "of one") != std::string::npos);
  CHECK(open("/dev/zero").find("neither") != std::string::npos);
}

TEST_CASE("a fifo is read when its writer opens it, until it closes it") {
  const TemporaryDirectory dir;
  REQUIRE(mkfifo((dir / "fifo").c_str(), 0600) == 0);
  Input input = Input::Open(dir / "fifo");
  CHECK_FALSE(input.Size().has_value());
  std::thread writer([&] {
    std::this_thread::sleep_for(30ms);
    std::ofstream out(dir / "fifo");
    out << "first " << std::flush;
    std::this_thread::sleep_for(30ms);
    out << "second";
  });
  CHECK(ReadAll(&input) == "first second");
  writer.join();
}

TEST_CASE("a pipe whose writer has already closed it ends at once") {
  int ends[2];
  REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
  REQUIRE(write(ends[1], "data", 4) == 4);
  close(ends[1]);
  const std::string path = "/dev/fd/" + std::to_string(ends[0]);
  Input input = Input::Open(path);
  CHECK(ReadAll(&input) == "data");
  CHECK(ReadSmallFile(path, 10) == "");
  close(ends[0]);
}

TEST_CASE("an interrupt ends a read that waits, and one that would not") {
  const TemporaryDirectory dir;
  REQUIRE(mkfifo((dir / "fifo").c_str(), 0600) == 0);
  WriteFile(dir / "file", "x");
  Input fifo = Input::Open(dir / "fifo");
  Input file = Input::Open(dir / "file");
  std::thread other([] {
    std::this_thread::sleep_for(30ms);
    SetInterruptSignal(SIGINT);
  });
  const auto read = [](Input* input) {
    return Failure(ErrorCode::kInterrupted, [&] { ReadAll(input); });
  };
  CHECK(read(&fifo).find("stopped by signal 2") != std::string::npos);
  other.join();
  CHECK_FALSE(read(&file).empty());
  CHECK(ReadSmallFile(dir / "file", 1) == "x");
  SetInterruptSignal(0);
}

TEST_CASE("standard input is read without taking its number away") {
  int ends[2];
  REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
  const int saved = dup(STDIN_FILENO);
  dup2(ends[0], STDIN_FILENO);
  REQUIRE(write(ends[1], "stream", 6) == 6);
  close(ends[1]);
  {
    Input input = Input::FromDescriptor(kStandardInput, "standard input");
    CHECK(input.name() == "standard input");
    Input moved = std::move(input);
    CHECK(ReadAll(&moved) == "stream");
  }
  CHECK(fcntl(STDIN_FILENO, F_GETFD) >= 0);
  close(STDIN_FILENO);
  CHECK(Failure(ErrorCode::kArchiveUnreadable, [] {
          Input::FromDescriptor(kStandardInput, "standard input");
        }) == "cannot read standard input: Bad file descriptor");
  dup2(saved, STDIN_FILENO);
  close(saved);
  close(ends[0]);
}

TEST_CASE("a small file is whole, absent, or an error that says why") {
  const TemporaryDirectory dir;
  WriteFile(dir / "a", "12345");
  CHECK(ReadSmallFile(dir / "a", 5) == "12345");
  CHECK_FALSE(ReadSmallFile(dir / "none", 5).has_value());
  const auto read = [&](const std::string& path) {
    return Failure(ErrorCode::kIoError, [&] { ReadSmallFile(path, 4); });
  };
  CHECK(read(dir / "a").find("larger than 4 bytes") != std::string::npos);
  CHECK(read(dir / "").find("is a directory") != std::string::npos);
}

// Only meaningful for root: the check always passes for other users.
TEST_CASE("each link on the way to a file is checked, not only its end") {
  if (geteuid() != 0) return;
  const TempDir own;
  const TempDir theirs;
  const std::string file = own.path() + "/file";
  const std::string hop = theirs.path() + "/hop";
  const std::string link = own.path() + "/link";
  Spill(file, "");
  REQUIRE(symlink(file.c_str(), hop.c_str()) == 0);
  REQUIRE(symlink(hop.c_str(), link.c_str()) == 0);
  CHECK_FALSE(WhyOthersCanWrite(link));
  // The owner of the directory in between can make the link lead elsewhere.
  REQUIRE(chown(theirs.path().c_str(), 12345, 12345) == 0);
  CHECK(WhyOthersCanWrite(link).value_or("").find("user 12345") !=
        std::string::npos);
  CHECK_FALSE(WhyOthersCanWrite(file));
  REQUIRE(chown(theirs.path().c_str(), 0, 0) == 0);
  REQUIRE(lchown(hop.c_str(), 12345, 12345) == 0);
  CHECK(WhyOthersCanWrite(link).value_or("").find("user 12345") !=
        std::string::npos);
  // The same below a linked directory, and through a relative link.
  REQUIRE(lchown(hop.c_str(), 0, 0) == 0);
  REQUIRE(symlink(".", (own.path() + "/dir").c_str()) == 0);
  CHECK_FALSE(WhyOthersCanWrite(own.path() + "/dir/dir/file"));
  REQUIRE(chmod(file.c_str(), 0666) == 0);
  CHECK(WhyOthersCanWrite(own.path() + "/dir/dir/file"));
  CHECK(WhyOthersCanWrite(link));
  // A directory that ".." leaves could be replaced by a link.
  const std::string dots = theirs.path() + "/../" +
                           own.path().substr(own.path().rfind('/') + 1) +
                           "/other";
  Spill(own.path() + "/other", "");
  CHECK_FALSE(WhyOthersCanWrite(dots));
  REQUIRE(chown(theirs.path().c_str(), 12345, 12345) == 0);
  CHECK(WhyOthersCanWrite(dots));
  REQUIRE(symlink("loop", (own.path() + "/loop").c_str()) == 0);
  CHECK(WhyOthersCanWrite(own.path() + "/loop"));
}

TEST_CASE("a sticky directory protects existing files, not missing ones") {
  if (geteuid() != 0) return;
  const TempDir dir;
  REQUIRE(chmod(dir.path().c_str(), 01777) == 0);
  const std::string file = dir.path() + "/program";
  CHECK(WhyOthersCanWrite(file));
  Spill(file, "");
  CHECK_FALSE(WhyOthersCanWrite(file));
}

TEST_CASE("a file that decides is a regular one, and no fifo is waited for") {
  const TemporaryDirectory dir;
  WriteFile(dir / "file", "12345");
  REQUIRE(chmod((dir / "file").c_str(), 0640) == 0);
  const auto file = ReadRegularFile(dir / "file", 5);
  REQUIRE(file);
  CHECK(file->content == "12345");
  CHECK(file->owner == geteuid());
  CHECK(file->mode == 0640);
  CHECK(std::chrono::abs(file->modified - std::chrono::seconds(time(nullptr))) <
        1h);
  CHECK_FALSE(ReadRegularFile(dir / "none", 5).has_value());
  REQUIRE(mkfifo((dir / "fifo").c_str(), 0600) == 0);
  for (const std::string& path : {dir / "fifo", dir / "", dir / "file"}) {
    CAPTURE(path);
    Failure(ErrorCode::kIoError, [&] { ReadRegularFile(path, 4); });
  }
}

TEST_CASE("what cannot be read is named, with the reason") {
  const Error error = ErrorOf(
      [] { FailToRead("a.zip", ErrorCode::kArchiveCorrupt, "it is damaged"); });
  CHECK(error.code() == ErrorCode::kArchiveCorrupt);
  CHECK(std::string(error.what()) == "cannot read \"a.zip\": it is damaged");
}

TEST_CASE("a byte source reads a file of the host or of the root, once") {
  const auto read_all = [](ByteSource source) {
    std::string text;
    char buffer[4];
    while (const std::size_t count = source.Read(buffer)) {
      text.append(buffer, count);
    }
    return text;
  };
  const TempDir dir;
  Spill(dir.path() + "/f", "some text");
  CHECK(read_all(ByteSource(Input::Open(dir.path() + "/f"))) == "some text");
  CHECK(read_all(InPieces("more text", 3)) == "more text");
  CHECK(read_all(ByteSource()) == "");
}

}  // namespace release
