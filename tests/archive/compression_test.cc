#include "archive/compression.h"

#include <doctest/doctest.h>

#include <algorithm>

namespace release {
namespace {

using namespace std::string_view_literals;

TEST_CASE("compression: each kind is recognized by its first bytes") {
  CHECK(DetectCompression("\x1F\x8B\x08"sv) == Compression::kGzip);
  CHECK(DetectCompression("BZh9"sv) == Compression::kBzip2);
  CHECK(DetectCompression("\xFD"
                          "7zXZ\0more"sv) == Compression::kXz);
  CHECK(DetectCompression("\x28\xB5\x2F\xFD"sv) == Compression::kZstd);
  CHECK(DetectCompression("\x5F\x2A\x4D\x18"sv) == Compression::kZstd);
  CHECK(DetectCompression("text"sv) == Compression::kNone);
  CHECK(DetectCompression(""sv) == Compression::kNone);
  CHECK(MayBeginCompression("\x28\xB5"sv));
  CHECK_FALSE(MayBeginCompression("te"sv));
}

TEST_CASE("compression: the end of the name selects what pack writes") {
  CHECK(CompressionOfName("a.tar") == Compression::kNone);
  CHECK(CompressionOfName("a.tar.gz") == Compression::kGzip);
  CHECK(CompressionOfName("a.tgz") == Compression::kGzip);
  CHECK(CompressionOfName("a.tar.xz") == Compression::kXz);
  CHECK(CompressionOfName("a.tar.zst") == Compression::kZstd);
  for (const char* name : {"a.zip", "a", "a.zst", "a.tar.bz2", "tar", ""}) {
    CHECK(!CompressionOfName(name));
  }
}

TEST_CASE("compression: the longest magic is as long as the table has it") {
  std::size_t longest = 0;
  for (const CompressionKind& kind : kCompressionKinds) {
    longest = std::max(longest, kind.magic.size());
  }
  CHECK(longest == kLongestMagic);
}

}  // namespace
}  // namespace release
