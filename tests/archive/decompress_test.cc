#include "archive/decompress.h"

#include <doctest/doctest.h>

#include "base/error.h"
#include "support/archives.h"
#include "support/byte_sources.h"
#include "support/temp_dir.h"
#include "trust/digest.h"

namespace release {
namespace {

std::string Compress(const std::string& text, const std::string& tool) {
  TempDir dir;
  Spill(dir.path() + "/in", text);
  Shell("cd " + dir.path() + "; " + tool + " < in > out");
  return Slurp(dir.path() + "/out");
}

std::string ReadAll(const std::string& bytes, std::size_t piece) {
  Decompressor decompressor(InPieces(bytes, piece), "sample");
  std::string out;
  while (true) {
    const auto block = decompressor.Next();
    if (block.empty()) break;
    out.append(block.data(), block.size());
  }
  return out;
}

ErrorCode CodeOf(const std::string& bytes) {
  try {
    ReadAll(bytes, 1000);
  } catch (const Error& error) {
    return error.code();
  }
  return ErrorCode::kInternal;
}

TEST_CASE("decompress: large and small, whole and in pieces") {
  const std::string large = Noise(400'000, 5) + std::string(900'000, 'a');
  for (const char* tool :
       {"cat", "gzip", "bzip2", "xz", "xz -T2 --block-size=100KiB", "zstd -q",
        "zstd -q --ultra -22"}) {
    CAPTURE(std::string(tool));
    CHECK(ReadAll(Compress("x", tool), 1) == "x");
    const std::string bytes = Compress(large, tool);
    CHECK((ReadAll(bytes, 999) == large));
    CHECK((ReadAll(bytes, 1 << 20) == large));
  }
}

TEST_CASE("decompress: every byte cut off is missed, every one added seen") {
  for (const char* tool : {"gzip", "bzip2", "xz", "zstd -q"}) {
    CAPTURE(std::string(tool));
    const std::string bytes = Compress("some text of no weight", tool);
    for (std::size_t size = 6; size < bytes.size(); ++size) {
      CAPTURE(size);
      CHECK(CodeOf(bytes.substr(0, size)) == ErrorCode::kArchiveTruncated);
    }
    for (const char* more : {"x", "more", "a longer piece of garbage"}) {
      CHECK(CodeOf(bytes + more) == ErrorCode::kArchiveCorrupt);
    }
    CHECK(CodeOf(bytes + bytes) == ErrorCode::kInternal);
    CHECK(CodeOf(bytes + bytes.substr(0, 2)) == ErrorCode::kArchiveTruncated);
  }
}

TEST_CASE("decompress: NULs may end a stream, other bytes may not") {
  for (const char* tool : {"gzip", "bzip2", "xz", "zstd -q"}) {
    CAPTURE(std::string(tool));
    const std::string bytes = Compress("text", tool);
    for (const std::size_t count : {1, 3, 4, 512, 10'239, 200'000}) {
      CAPTURE(count);
      const std::string padded = bytes + std::string(count, '\0');
      CHECK(ReadAll(padded, 1) == "text");
      CHECK(ReadAll(padded, 1 << 20) == "text");
      CHECK(CodeOf(padded + "garbage") == ErrorCode::kArchiveCorrupt);
    }
  }
  CHECK(CodeOf(Compress("text", "gzip") + std::string(4, '\0') +
               Compress("text", "gzip")) == ErrorCode::kArchiveCorrupt);
}

TEST_CASE("decompress: xz padding between streams comes in fours") {
  const std::string bytes = Compress("text", "xz");
  CHECK(ReadAll(bytes + std::string(8, '\0') + bytes, 3) == "texttext");
  CHECK(CodeOf(bytes + std::string(3, '\0') + bytes) ==
        ErrorCode::kArchiveCorrupt);
}

TEST_CASE("decompress: what needs too much memory is unsupported") {
  CHECK(CodeOf(Compress(std::string(1000, 'x'), "xz --lzma2=dict=1GiB")) ==
        ErrorCode::kArchiveUnsupported);
  CHECK(CodeOf(Compress(std::string(1000, 'x'), "zstd -q --long=31 -19")) ==
        ErrorCode::kArchiveUnsupported);
}

TEST_CASE("decompress: the message has need, limit and remedy") {
  const std::pair<const char*, std::vector<const char*>> expected[] = {
      {"zstd -q --ultra -22 --long=28",
       {"needs 256.0 MiB of memory", "at most 128.0 MiB", "--long=27 or less"}},
      {"xz --lzma2=dict=512MiB", {"at most 256.0 MiB", "a smaller dictionary"}},
  };
  for (const auto& each : expected) {
    CAPTURE(std::string(each.first));
    std::string message;
    try {
      ReadAll(Compress(Noise(100'000, 3), each.first), 1000);
    } catch (const Error& error) {
      message = error.what();
    }
    CAPTURE(message);
    for (const char* part : each.second) {
      CHECK(message.find(part) != std::string::npos);
    }
  }
}

TEST_CASE("decompress: an empty source is empty") {
  CHECK(CodeOf("") == ErrorCode::kArchiveEmpty);
}

// Its two buffers change in turn: were one hashed any later, it would be
// another sum.
TEST_CASE(
    "decompress: the hash is that of all bytes, with a thread and without") {
  const std::string bytes = Noise(5 << 20, 7);
  Sha256 plain;
  plain.Update(bytes);
  const std::string expected = plain.Finish();
  for (const unsigned threads : {0U, 1U, 4U}) {
    for (const std::size_t piece :
         {100, 5000, 16 << 10, 256 << 10, 300 << 10}) {
      CAPTURE(piece);
      Decompressor decompressor(InPieces(bytes, piece), "sample", threads);
      while (!decompressor.Next().empty()) continue;
      CHECK(decompressor.FinishHash() == expected);
    }
  }
}

TEST_CASE("decompress: the hash of nothing is that of no bytes") {
  CHECK(Decompressor(SourceOf(""), "sample", 1).FinishHash() ==
        Sha256().Finish());
}

TEST_CASE("decompress: ends without having been asked for the hash") {
  Decompressor decompressor(SourceOf(std::string(1 << 20, 'x')), "sample", 1);
  CHECK_FALSE(decompressor.Next().empty());
}

}  // namespace
}  // namespace release
