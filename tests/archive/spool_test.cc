#include "archive/spool.h"

#include <doctest/doctest.h>

#include "support/mem_fs.h"

namespace release {
namespace {

std::string Drain(SpoolCopy* copy) {
  std::string out;
  while (true) {
    const auto block = copy->Next();
    if (block.empty()) return out;
    out.append(block.data(), block.size());
  }
}

TEST_CASE("spool: a nameless file holds bytes and has no name") {
  MemFs fs;
  fs.Write(
      ScopedHandle(&fs, fs.Open(Fs::kRoot, "x", OpenMode::kCreateNew, 0600))
          .get(),
      "left by a crash");
  const auto file = NamelessFile(&fs, Fs::kRoot, "x");
  CHECK(fs.List(Fs::kRoot, "").empty());
  fs.Write(file->get(), "bytes");
  SpoolCopy copy(&fs, file, 5);
  CHECK(Drain(&copy) == "bytes");
}

TEST_CASE("spool: two copies of one file read apart from each other") {
  MemFs fs;
  const auto file = NamelessFile(&fs, Fs::kRoot, "x");
  const std::string bytes(300'000, 'x');
  fs.Write(file->get(), bytes + "end");
  SpoolCopy first(&fs, file, bytes.size() + 3);
  SpoolCopy second(&fs, file, bytes.size() + 3);
  CHECK(first.Next().size() == 256 << 10);
  CHECK(first.position() == 256 << 10);
  second.Seek(bytes.size());
  CHECK(Drain(&second) == "end");
  CHECK(second.at_end());
  CHECK_FALSE(first.at_end());
  std::string buffer(10, 0);
  CHECK(first.ReadAt(buffer, bytes.size() - 2) == 5);
  CHECK(buffer.substr(0, 5) == "xxend");
}

}  // namespace
}  // namespace release
