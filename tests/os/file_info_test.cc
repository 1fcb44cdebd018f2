#include "os/file_info.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstring>
#include <limits>

#include "support/archives.h"
#include "support/temp_dir.h"

namespace release {
namespace {

struct Opened {
  explicit Opened(const std::string& path)
      : fd(open(path.c_str(), O_RDONLY | O_DIRECTORY)) {}
  ~Opened() { close(fd); }
  int fd;
};

}  // namespace

TEST_CASE("a file's type is asked for where the directory does not list it") {
  const TempDir dir;
  Shell("cd " + dir.path() + "; mkdir d; : > f; ln -s f l; mkfifo p");
  const Opened directory(dir.path());
  const std::pair<const char*, FileType> expected[] = {
      {"d", FileType::kDirectory}, {"f", FileType::kFile},
      {"l", FileType::kSymlink},   {"p", FileType::kOther},
      {"gone", FileType::kOther},
  };
  for (const auto& each : expected) {
    CAPTURE(std::string(each.first));
    dirent entry{};
    entry.d_type = DT_UNKNOWN;
    std::strcpy(entry.d_name, each.first);
    CHECK(TypeOfEntry(directory.fd, entry) == each.second);
  }
  dirent listed{};
  listed.d_type = DT_LNK;
  CHECK(TypeOfEntry(directory.fd, listed) == FileType::kSymlink);
}

TEST_CASE("times are converted both ways, before 1970 too") {
  for (const std::int64_t time :
       {std::int64_t{0}, std::int64_t{1'714'564'800'123'456'789},
        std::int64_t{-1}, std::int64_t{-1'500'000'000}}) {
    const timespec spec = ToTimespec(time);
    CHECK(spec.tv_nsec >= 0);
    CHECK(spec.tv_nsec < 1'000'000'000);
    CHECK(ToNanoseconds(spec.tv_sec, spec.tv_nsec) == time);
  }
}

TEST_CASE("a time beyond the range becomes the nearest one that fits") {
  using Limits = std::numeric_limits<std::int64_t>;
  CHECK(ToNanoseconds(Limits::max(), 0) == Limits::max());
  CHECK(ToNanoseconds(Limits::min(), 999) == Limits::min());
  CHECK(ToNanoseconds(9'223'372'036, 999'999'999) == Limits::max());
}

}  // namespace release
