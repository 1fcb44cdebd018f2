#include "archive/format.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

namespace release {
namespace {

using namespace std::string_view_literals;

std::string TarHeader(std::string_view magic) {
  std::string header(512, '\0');
  header.replace(0, 4, "file");
  header.replace(100, 7, "0000644");
  header.replace(257, magic.size(), magic);
  return header;
}

TEST_CASE("format: each is known by its first bytes") {
  CHECK(DetectFormat("PK\x03\x04more"sv) == Format::kZip);
  CHECK(DetectFormat("PK\x05\x06"sv) == Format::kZip);
  CHECK(DetectFormat("7z\xBC\xAF\x27\x1C"sv) == Format::kSevenZip);
  CHECK(DetectFormat("070701000"sv) == Format::kCpio);
  CHECK(DetectFormat("070707000"sv) == Format::kCpio);
  CHECK(DetectFormat("\xC7\x71xx"sv) == Format::kCpio);
  CHECK(DetectFormat(TarHeader("ustar")) == Format::kTar);
  CHECK(DetectFormat(TarHeader("")) == Format::kMaybeTar);
  CHECK(DetectFormat("text"sv) == Format::kMaybeTar);
  CHECK(DetectFormat("#!/bin/sh\n"sv) == Format::kZip);
}

TEST_CASE("format: the beginning of an archive is told from a short text") {
  CHECK(LooksCut("PK"sv));
  CHECK(LooksCut("0707"sv));
  CHECK(LooksCut("7z\xBC"sv));
  CHECK(LooksCut("\x1F"sv));
  CHECK(LooksCut(TarHeader("ustar").substr(0, 50)));
  CHECK(LooksCut(TarHeader("ustar").substr(0, 104)));
  CHECK(LooksCut(TarHeader("ustar").substr(0, 511)));
  CHECK_FALSE(LooksCut("hello\n"sv));
  CHECK_FALSE(LooksCut(std::string(400, 'x')));
  CHECK_FALSE(LooksCut(std::string(400, '\0')));
  std::string other = TarHeader("").substr(0, 300);
  other[102] = 'x';
  CHECK_FALSE(LooksCut(other));
}

}  // namespace
}  // namespace release
