#include "archive/content_unpacker.h"

#include <doctest/doctest.h>

#include "store/durable.h"
#include "support/byte_sources.h"
#include "support/expect_error.h"
#include "support/mem_fs.h"
#include "support/tar_builder.h"
#include "trust/digest.h"

namespace release {
namespace {

// A tar of one file, and the tree that it goes to.
struct OneFile {
  explicit OneFile(const std::string& bytes, std::uint64_t max_bytes = 0)
      : limits(max_bytes, 0),
        reader(SourceOf(TarBuilder().File("f", bytes).Bytes()), "sample", {}) {
    entry = *reader.Next();
  }
  AcceptedEntry Accepted() const {
    return {ArchiveEntry::Kind::kFile, "f", "", 0644};
  }

  MemFs fs;
  UnpackLimits limits;
  Reader reader;
  UnpackedTree tree{&fs, Fs::kRoot, {}, &limits};
  ContentUnpacker content{&reader, &limits, &tree};
  ArchiveEntry entry;
};

TEST_CASE("content unpacker: files of any size are written and hashed") {
  for (const std::size_t size :
       {0, 1, 300, 256 << 10, (256 << 10) + 1, 900'000}) {
    CAPTURE(size);
    const std::string bytes(size, 'x');
    OneFile one(bytes);
    one.content.AddFile(one.Accepted(), one.entry);
    const Manifest manifest = one.tree.Finish();
    REQUIRE(manifest.entries.size() == 1);
    CHECK(manifest.entries[0].size == size);
    CHECK(manifest.entries[0].hash == HashContent(bytes));
    CHECK((ReadFile(&one.fs, "f") == bytes));
  }
}

TEST_CASE("content unpacker: an entry that says too little of it is refused") {
  const std::string bytes(900'000, 'x');
  OneFile probe(bytes);
  OneFile one(bytes);
  one.entry.size = probe.reader.NextBlock().size();
  REQUIRE(*one.entry.size <= 256 << 10);
  CHECK(ErrorOf([&] {
          one.content.AddFile(one.Accepted(), one.entry);
        }).code() == ErrorCode::kArchiveCorrupt);
}

TEST_CASE("content unpacker: content that is left out counts, too") {
  OneFile one(std::string(300, 'x'), 299);
  CHECK(ErrorOf([&] { one.content.Skip(); }).code() ==
        ErrorCode::kLimitExceeded);
  OneFile whole(std::string(300, 'x'), 300);
  CHECK_NOTHROW(whole.content.Skip());
}

}  // namespace
}  // namespace release
