#include "archive/cpio_sums.h"

#include <doctest/doctest.h>

#include "support/archives.h"
#include "support/temp_dir.h"

namespace release {
namespace {

std::string Made(const std::string& form) {
  TempDir dir;
  boost::filesystem::create_directory(dir.path() + "/in");
  Spill(dir.path() + "/in/a", "odd");
  Spill(dir.path() + "/in/empty", "");
  Spill(dir.path() + "/in/noise", Noise(70'000, 3));
  Shell("cd " + dir.path() + "/in; ln -s a link; ln a other; mkdir d;" +
        "find . | cpio --quiet -o -H " + form + " > ../out 2>/dev/null");
  return Slurp(dir.path() + "/out");
}

// The name of the first file that does not add up; "" where there is none.
std::string Wrong(const std::string& bytes, std::size_t piece) {
  CpioSums sums;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    if (!sums.Take(
            std::span(bytes).subspan(at, std::min(piece, bytes.size() - at)))) {
      return sums.name();
    }
  }
  return "";
}

}  // namespace

TEST_CASE("cpio sums: what GNU cpio wrote adds up, in pieces of any size") {
  const std::string whole = Made("crc");
  REQUIRE(whole.starts_with("070702"));
  for (const std::size_t piece : {1, 7, 4096, 1'000'000}) {
    CHECK(Wrong(whole, piece) == "");
  }
}

TEST_CASE("cpio sums: a changed byte of a file is found, wherever it is") {
  const std::string whole = Made("crc");
  const std::string noise = Noise(70'000, 3);
  const std::size_t start = whole.find(noise);
  REQUIRE(start != whole.npos);
  for (const std::size_t at : {std::size_t{0}, noise.size() - 1}) {
    std::string damaged = whole;
    damaged[start + at] ^= 4;
    for (const std::size_t piece : {7, 4096, 1'000'000}) {
      CHECK(Wrong(damaged, piece) == "noise");
    }
  }
  // The control: other forms have no sums, and others judge what is none.
  std::string plain = Made("newc");
  const std::size_t there = plain.find(noise);
  plain[there] ^= 4;
  CHECK(Wrong(plain, 4096) == "");
  CHECK(Wrong("070702" + std::string(500, 'x'), 7) == "");
}

}  // namespace release
