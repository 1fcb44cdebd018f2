#include "archive/prefetch_decoder.h"

#include <doctest/doctest.h>

#include <chrono>
#include <thread>

#include "archive/archive_input.h"
#include "os/posix_fs.h"
#include "support/archives.h"
#include "support/byte_sources.h"
#include "support/expect_error.h"
#include "support/temp_dir.h"

namespace release {
namespace {

constexpr unsigned kFiles = 100;

std::string ContentOf(unsigned number) {
  return Noise(number % 7 == 0 ? 700'000 : 100 + number, number);
}

// A zip of kFiles files, numbered in the order they stand there.
const std::string& Zip() {
  static const std::string made = [] {
    TempDir dir;
    std::string names;
    for (unsigned i = 0; i < kFiles; ++i) {
      Spill(dir.path() + "/" + std::to_string(i), ContentOf(i));
      names += " " + std::to_string(i);
    }
    Shell("cd " + dir.path() + "; zip -q out.zip" + names);
    return Slurp(dir.path() + "/out.zip");
  }();
  return made;
}

// The bytes of a zip for a PrefetchDecoder, as an ArchiveInput has them.
class Bytes {
 public:
  explicit Bytes(const std::string& zip)
      : fs_(dir_.path()),
        input_(InPieces(zip, 1 << 16), "sample",
               {.fs = &fs_, .name = "spool", .threads = 1}) {}
  SpoolCopy Take() { return input_.SecondCopy().value(); }

 private:
  TempDir dir_;
  PosixFs fs_;
  ArchiveInput input_;
};

std::string ReadEntry(PrefetchDecoder* ahead, unsigned entry) {
  std::string out;
  while (true) {
    const auto block = ahead->NextBlock(entry);
    if (block.empty()) return out;
    out.append(block.begin(), block.end());
  }
}

TEST_CASE("prefetch: it decodes half of the entries, each whole and in order") {
  Bytes bytes(Zip());
  PrefetchDecoder ahead(Format::kZip, bytes.Take(), "sample");
  unsigned decoded = 0;
  for (unsigned i = 0; i < kFiles; ++i) {
    if (!PrefetchDecoder::Decodes(i)) continue;
    ++decoded;
    CHECK((ReadEntry(&ahead, i) == ContentOf(i)));
    CHECK(ahead.NextBlock(i).empty());
  }
  CHECK(decoded > kFiles / 3);
  CHECK(decoded < 2 * kFiles / 3);
}

TEST_CASE("prefetch: skipped entries are passed over") {
  Bytes bytes(Zip());
  PrefetchDecoder ahead(Format::kZip, bytes.Take(), "sample");
  // Until it holds all that it may, and waits.
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  unsigned last = kFiles - 1;
  while (!PrefetchDecoder::Decodes(last)) --last;
  CHECK((ReadEntry(&ahead, last) == ContentOf(last)));
}

TEST_CASE("prefetch: damage is reported at the entry that has it, not before") {
  constexpr unsigned victim = 57;
  REQUIRE(PrefetchDecoder::Decodes(victim));
  std::string zip = Zip();
  // Noise this short is stored as it is.
  const std::size_t at = zip.find(ContentOf(victim));
  REQUIRE(at != zip.npos);
  zip[at] ^= 1;
  Bytes bytes(zip);
  PrefetchDecoder ahead(Format::kZip, bytes.Take(), "sample");
  for (unsigned i = 0; i < victim; ++i) {
    if (PrefetchDecoder::Decodes(i))
      CHECK((ReadEntry(&ahead, i) == ContentOf(i)));
  }
  CHECK(ErrorOf([&] { ReadEntry(&ahead, victim); }).code() ==
        ErrorCode::kArchiveCorrupt);
  CHECK(ErrorOf([&] { ReadEntry(&ahead, victim); }).code() ==
        ErrorCode::kArchiveCorrupt);
}

TEST_CASE(
    "prefetch: destroyed early it stops, however much there is to decode") {
  Bytes bytes(Zip());
  CHECK_NOTHROW(PrefetchDecoder(Format::kZip, bytes.Take(), "sample"));
}

}  // namespace
}  // namespace release
