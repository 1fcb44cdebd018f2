#include <doctest/doctest.h>

#include "archive/reader.h"
#include "support/byte_sources.h"
#include "support/expect_error.h"
#include "support/mem_fs.h"
#include "support/tar_builder.h"

namespace release {

// The lines are short, so that the limit of bytes allows thousands for each
// entry.
TEST_CASE("a manifest has no more lines than there may be entries") {
  const auto code_of = [](const std::string& head, unsigned lines) {
    std::string text = head;
    for (unsigned i = 0; i < lines; ++i) text += "l a -> b\n";
    MemFs fs;
    Spool spool{&fs, Fs::kRoot, "spool", 0};
    spool.max_entries = 100;
    const std::string bytes =
        TarBuilder().File(".release-manifest", text).Bytes();
    return ErrorOf([&] {
             Reader reader(InPieces(bytes, 4'096), "t", spool);
             reader.TakeManifest();
           })
        .code();
  };
  const std::string full = "release-manifest 2\n";
  const std::string thin = "release-thin-manifest 1\n";
  // A text that is short enough is read, and is no manifest.
  CHECK(code_of(full, 100) == ErrorCode::kArchiveCorrupt);
  CHECK(code_of(full, 120) == ErrorCode::kLimitExceeded);
  CHECK(code_of(thin, 300) == ErrorCode::kArchiveCorrupt);
  CHECK(code_of(thin, 320) == ErrorCode::kLimitExceeded);
  CHECK(code_of(thin + full, 120) == ErrorCode::kLimitExceeded);
}

}  // namespace release
