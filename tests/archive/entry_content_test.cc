#include "archive/entry_content.h"

#include <doctest/doctest.h>

#include "support/expect_error.h"

namespace release {
namespace {

using LastHole = EntryContent::LastHole;

// Reads until the content ends or asks for a block.
std::string Read(EntryContent* content) {
  std::string out;
  for (auto next = content->Next(); next && !next->empty();
       next = content->Next()) {
    out.append(next->data(), next->size());
  }
  return out;
}

TEST_CASE("entry content: a hole between two blocks is read as zeros") {
  EntryContent content(LastHole::kRefused, "sample");
  content.Begin(100'010);
  CHECK_FALSE(content.Next());
  content.Put(std::string_view("begin"), 0);
  CHECK(Read(&content) == "begin");
  CHECK_FALSE(content.Next());
  content.Put(std::string_view("end"), 100'007);
  CHECK((Read(&content) == std::string(100'002, '\0') + "end"));
  content.End();
  CHECK(content.Next()->empty());
}

TEST_CASE("entry content: a hole at the end is for tar alone") {
  for (const LastHole hole : {LastHole::kAllowed, LastHole::kRefused}) {
    EntryContent content(hole, "sample");
    content.Begin(70'000);
    content.End();
    if (hole == LastHole::kAllowed) {
      CHECK((Read(&content) == std::string(70'000, '\0')));
    } else {
      CHECK(ErrorOf([&] { content.Next(); }).code() ==
            ErrorCode::kArchiveCorrupt);
    }
  }
}

TEST_CASE("entry content: an unknown size is any") {
  EntryContent content(LastHole::kRefused, "sample");
  content.Begin(std::nullopt);
  content.Put(std::string_view("text"), 0);
  CHECK(Read(&content) == "text");
  content.End();
  CHECK(content.Next()->empty());
}

TEST_CASE("entry content: parts that overlap or are too long are corrupt") {
  EntryContent content(LastHole::kAllowed, "sample");
  content.Begin(3);
  content.Put(std::string_view("text"), 0);
  Read(&content);
  CHECK(ErrorOf([&] { content.Put(std::string_view("more"), 2); }).code() ==
        ErrorCode::kArchiveCorrupt);
  content.End();
  CHECK(ErrorOf([&] { content.Next(); }).code() == ErrorCode::kArchiveCorrupt);
}

}  // namespace
}  // namespace release
