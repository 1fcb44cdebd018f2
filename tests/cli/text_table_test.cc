#include "cli/text_table.h"

#include <doctest/doctest.h>

namespace release {
namespace {

using Fit = TextTable::Fit;

TextTable Releases(const std::string& version) {
  TextTable table({{"VERSION", Fit::kMayCut},
                   {"NOTE"},
                   {"SIZE", Fit::kWhole, TextTable::Align::kRight},
                   {"BY", Fit::kMayCut}});
  table.AddRow({version, "", "10.0 MiB", "alice"});
  table.AddRow({"1", "", "9 B", "bob@10.0.0.7"});
  return table;
}

}  // namespace

TEST_CASE("a table is aligned, and leaves out a column that is empty") {
  CHECK(Releases("1.4.2").Text({}) ==
        "VERSION      SIZE  BY\n"
        "1.4.2    10.0 MiB  alice\n"
        "1             9 B  bob@10.0.0.7\n");
}

TEST_CASE("a table without rows is empty") {
  const TextTable table({{"VERSION"}});
  CHECK(table.empty());
  CHECK(table.Text({}).empty());
}

TEST_CASE("a narrow terminal cuts the widest columns that may be cut") {
  const Screen screen{.columns = 30, .charset = Screen::Charset::kUtf8};
  CHECK(Releases("1.4.2-rc1.20261129").Text(screen) ==
        "VERSION        SIZE  BY\n"
        "1.4.2-rc\u2026  10.0 MiB  alice\n"
        "1               9 B  bob@10.0\u2026\n");
}

TEST_CASE("columns give way in the order that they are marked with") {
  TextTable table({{"RELEASE", Fit::kMayCut},
                   {"DATE", Fit::kMayDrop},
                   {"BY", Fit::kCutFirst}});
  table.AddRow({"1.4.2-rc1", "2026-11-18", "bob@10.0.0.7"});
  CHECK(table.Text({.columns = 35}) ==
        "RELEASE    DATE        BY\n"
        "1.4.2-rc1  2026-11-18  bob@10.0.0.7\n");
  CHECK(table.Text({.columns = 34}) ==
        "RELEASE    BY\n"
        "1.4.2-rc1  bob@10.0.0.7\n");
  CHECK(table.Text({.columns = 17}) ==
        "RELEASE    BY\n"
        "1.4.2-rc1  bob...\n");
  CHECK(table.Text({.columns = 15}) ==
        "RELEASE  BY\n"
        "1.4....  bob...\n");
}

TEST_CASE("without a terminal nothing is cut") {
  const std::string version(128, 'v');
  CHECK(Releases(version).Text({}).find(version) != std::string::npos);
}

TEST_CASE("no line of a table passes the last column") {
  for (unsigned columns = 80; columns >= 36; --columns) {
    const Screen screen{.columns = columns, .charset = Screen::Charset::kAscii};
    std::size_t column = 0;
    for (const char c : Releases(std::string(128, 'v')).Text(screen)) {
      column = c == '\n' ? 0 : column + 1;
      CHECK(column <= columns);
    }
  }
}

}  // namespace release
