#include "archive/parser.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "support/archives.h"
#include "support/expect_error.h"
#include "support/temp_dir.h"

namespace release {
namespace {

// Bytes in memory; a read behind `broken` throws.
class InMemory final : public ParserBytes {
 public:
  explicit InMemory(std::string bytes, std::uint64_t broken = UINT64_MAX)
      : bytes_(std::move(bytes)), broken_(broken) {}

  std::span<const char> Next() override {
    if (position_ > broken_) throw Error(ErrorCode::kIoError, "broken");
    const std::uint64_t count =
        std::min<std::uint64_t>(1000, bytes_.size() - position_);
    const std::span<const char> out(bytes_.data() + position_, count);
    position_ += count;
    at_end_ = count == 0;
    return out;
  }
  bool at_end() const override { return at_end_; }
  std::uint64_t given() const override { return position_; }
  bool seekable() const override { return true; }
  void Seek(std::uint64_t offset) override { position_ = offset; }
  std::uint64_t position() const override { return position_; }
  std::uint64_t size() const override { return bytes_.size(); }

 private:
  std::string bytes_;
  std::uint64_t broken_;
  std::uint64_t position_ = 0;
  bool at_end_ = false;
};

std::string Zip() {
  TempDir dir;
  Spill(dir.path() + "/one", "first");
  Spill(dir.path() + "/two", Noise(100'000, 3));
  Shell("cd " + dir.path() + "; zip -q out.zip one two");
  return Slurp(dir.path() + "/out.zip");
}

TEST_CASE("parser: entries and their content come in order") {
  InMemory bytes(Zip());
  ArchiveParser parser(Format::kZip, &bytes, "sample");
  auto entry = parser.Next();
  REQUIRE(entry);
  CHECK(entry->path == "one");
  const auto block = parser.NextBlock();
  CHECK(std::string(block.begin(), block.end()) == "first");
  CHECK(parser.NextBlock().empty());
  entry = parser.Next();
  REQUIRE(entry);
  CHECK(entry->path == "two");
  CHECK(entry->size == 100'000);
  // What is left unread is skipped.
  CHECK_FALSE(parser.Next());
  CHECK_FALSE(parser.Next());
}

TEST_CASE("parser: what the bytes throw reaches the caller as it is") {
  InMemory bytes(Zip(), 2'000);
  const auto read = [&] {
    ArchiveParser parser(Format::kZip, &bytes, "sample");
    while (parser.Next()) {
      while (!parser.NextBlock().empty()) continue;
    }
  };
  CHECK(ErrorOf(read).code() == ErrorCode::kIoError);
}

TEST_CASE("parser: an entry whose content is damaged is corrupt") {
  std::string zip = Zip();
  zip[zip.find("first")] = 'F';
  InMemory bytes(zip);
  ArchiveParser parser(Format::kZip, &bytes, "sample");
  REQUIRE(parser.Next());
  const auto read = [&] {
    while (!parser.NextBlock().empty()) continue;
  };
  CHECK(ErrorOf(read).code() == ErrorCode::kArchiveCorrupt);
}

}  // namespace
}  // namespace release
