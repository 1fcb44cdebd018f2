#include "archive/archive_hash.h"

#include <doctest/doctest.h>

#include <random>
#include <vector>

namespace release {
namespace {

// Two buffers in turn, as its contract has it: were one hashed any later, it
// would be another sum.
std::string InTurn(const std::string& text, unsigned threads,
                   const std::vector<std::size_t>& sizes) {
  std::string buffers[2];
  ArchiveHash hash(threads);
  std::size_t turn = 0;
  for (std::size_t at = 0; at < text.size(); ++turn) {
    std::string& buffer = buffers[turn % 2];
    buffer.assign(buffer.size(), '!');
    buffer = text.substr(at, sizes[turn % sizes.size()]);
    at += buffer.size();
    hash.Update(buffer);
  }
  return hash.Finish();
}

TEST_CASE("archive hash: is that of all bytes, with a thread and without") {
  std::string text(5 << 20, '\0');
  std::mt19937 random(7);
  for (char& c : text) c = static_cast<char>(random());
  Sha256 plain;
  plain.Update(text);
  const std::string expected = plain.Finish();
  for (const unsigned threads : {0U, 1U, 4U}) {
    CHECK(InTurn(text, threads, {256 << 10}) == expected);
    CHECK(InTurn(text, threads, {100, 300 << 10, 5000, 16 << 10}) == expected);
  }
}

TEST_CASE("archive hash: of nothing") {
  CHECK(ArchiveHash(1).Finish() == Sha256().Finish());
}

TEST_CASE("archive hash: ends without having been asked") {
  const std::string text(1 << 20, 'x');
  ArchiveHash hash(1);
  hash.Update(text);
}

}  // namespace
}  // namespace release
