#include "archive/compress.h"

#include <doctest/doctest.h>

#include "support/archives.h"
#include "support/expect_error.h"
#include "support/temp_dir.h"

namespace release {
namespace {

std::string Compressed(Compression compression, const std::string& bytes,
                       std::size_t piece) {
  std::string out;
  const auto compressor =
      MakeCompressor(compression, [&](std::span<const char> more) {
        out.append(more.data(), more.size());
      });
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    compressor->Write({bytes.data() + at, std::min(piece, bytes.size() - at)});
  }
  compressor->Finish();
  return out;
}

}  // namespace

TEST_CASE("other programs read what was compressed") {
  const TempDir dir;
  const std::string bytes = Noise(300'000, 1) + std::string(300'000, 'x');
  struct Row {
    Compression compression;
    const char* program;
  };
  for (const Row& row :
       {Row{Compression::kNone, "cat"}, Row{Compression::kGzip, "gzip -dc"},
        Row{Compression::kXz, "xz -dc"},
        Row{Compression::kZstd, "zstd -qdc"}}) {
    CAPTURE(row.program);
    for (const std::string& text : {bytes, std::string()}) {
      Spill(dir.path() + "/in", Compressed(row.compression, text, 100'000));
      Shell(std::string(row.program) + " < " + dir.path() + "/in > " +
            dir.path() + "/out");
      CHECK(Slurp(dir.path() + "/out") == text);
    }
  }
}

TEST_CASE("the same bytes give the same bytes") {
  const std::string bytes = Noise(200'000, 2);
  for (const Compression compression :
       {Compression::kGzip, Compression::kXz, Compression::kZstd}) {
    CHECK(Compressed(compression, bytes, 65'536) ==
          Compressed(compression, bytes, 65'536));
  }
}

TEST_CASE("bzip2 is read, never written") {
  CHECK(ErrorOf([] { Compressed(Compression::kBzip2, "x", 1); }).code() ==
        ErrorCode::kInternal);
}

TEST_CASE("a sink that fails ends it") {
  const auto compressor = MakeCompressor(
      Compression::kZstd,
      [](std::span<const char>) { throw Error(ErrorCode::kNoSpace, "full"); });
  CHECK(ErrorOf([&] {
          compressor->Write(Noise(1000, 3));
          compressor->Finish();
        }).code() == ErrorCode::kNoSpace);
}

}  // namespace release
