#include "trust/file_hash.h"

#include <doctest/doctest.h>

#include <string>

#include "support/mem_fs.h"
#include "support/root_files.h"

namespace release {
namespace {

FileHash HashOf(const std::string& content) {
  Sha256 sha256;
  sha256.Update(content);
  return {content.size(), HashContent(content), sha256.FinishBytes()};
}

}  // namespace

TEST_CASE("a file is hashed whole, whatever the size of the buffer") {
  MemFs fs;
  const std::string content(1'000, 'x');
  PutFile(&fs, "file", content);
  const ScopedHandle file(&fs, fs.Open(Fs::kRoot, "file", OpenMode::kRead));
  for (const std::size_t size : {1, 7, 999, 1'000, 4'096}) {
    std::vector<char> buffer(size);
    CHECK(HashFile(&fs, file.get(), &buffer) == HashOf(content));
  }
}

TEST_CASE("a hasher of files starts over after each") {
  FileHasher hasher;
  for (const std::string content : {"one", "", "three"}) {
    hasher.Update(content);
    CHECK(hasher.Finish() == HashOf(content));
    hasher.Update("given up");
    hasher.Reset();
  }
}

}  // namespace release
