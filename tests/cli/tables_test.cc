#include "cli/tables.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "deploy/operations.h"
#include "os/terminal.h"
#include "support/world.h"

namespace release {
namespace {

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("names from outside cannot move the cursor") {
  World world;
  world.context.caller.user = "al\x1b[2Jice";
  world.Deploy("1");
  for (const std::string& text :
       {ListTable(ListKnown(&world.context), {}),
        HistoryTable({ReadRecord(&world.disk, 1)}, {})}) {
    CHECK(!Has(text, "\x1b"));
    CHECK(Has(text, "al"));
  }
  const std::string difference =
      DifferencesText({{.what = ManifestDifference::What::kAdded,
                        .path = "a\nb\x1b",
                        .before = "",
                        .after = ""}},
                      {});
  CHECK(Has(difference, "\nA  a\\nb\\x1b\n"));
}

TEST_CASE("the list marks the live, the rollback target and the pinned") {
  World world;
  world.Deploy("1");
  world.Deploy("2");
  Pin(&world.context, *Version::Parse("1"));
  std::vector<ListedRelease> listed = ListKnown(&world.context);
  listed.at(1).pids = {4, 5};
  const std::string table =
      ListTable(listed, {.now = world.clock.wall_seconds + 7200});
  CHECK(table ==
        "   VERSION  STATE  SINCE    DATE               SIZE  BY     NOTE\n"
        "*  2        good   2 h ago  2026-11-18 11:06Z  10 B  alice  live\n"
        "   1        good   2 h ago  2026-11-18 11:06Z  10 B  alice  rollback "
        "target, pinned, used by 4 5\n");
}

TEST_CASE("the list says why a release failed, in one line") {
  World world;
  world.Deploy("1");
  world.broken.insert("2");
  world.Deploy("2");
  const std::string table = ListTable(ListKnown(&world.context), {});
  CHECK(Has(table, "failed "));
  CHECK(Has(table, "cannot confirm that 2 is healthy"));
}

TEST_CASE("the history has one line for a transaction, and -v its steps") {
  World world;
  world.Deploy("1");
  world.Deploy("2");
  Rollback(&world.context, std::nullopt, "too slow");
  const std::vector<TransactionRecord> records = {
      TransactionRecord{.number = 9}, ReadRecord(&world.disk, 3),
      ReadRecord(&world.disk, 1)};
  Screen screen{.now = world.clock.wall_seconds + 60};
  const std::string brief = HistoryTable(records, screen);
  CHECK(std::count(brief.begin(), brief.end(), '\n') == 4);
  CHECK(Has(brief, " 9 "));
  CHECK(Has(brief, "its record cannot be read"));
  CHECK(Has(brief, " 3  rollback  2 -> 1   committed"));
  CHECK(!Has(brief, "too slow"));
  screen.detail = Screen::Detail::kFull;
  const std::string full = HistoryTable(records, screen);
  CHECK(Has(full, "\n  reason       too slow\n"));
  CHECK(Has(full, "switch 0 ms"));
}

TEST_CASE("the history at 80 columns keeps releases and results whole") {
  World world;
  world.context.caller.user = "deploy-from-the-build-server";
  world.Deploy("1.4.2");
  world.broken.insert("1.4.3");
  world.Deploy("1.4.3");
  const std::vector<TransactionRecord> records = {ReadRecord(&world.disk, 2),
                                                  ReadRecord(&world.disk, 1)};
  Screen screen{.columns = 80, .now = world.clock.wall_seconds + 7200};
  const std::string narrow = HistoryTable(records, screen);
  CHECK(Has(narrow, "  1.4.2 -> 1.4.3  undone: health-deadline  2 h ago  "));
  CHECK(!Has(narrow, "DATE"));
  CHECK(Has(narrow, "  deploy-...\n"));
  screen.columns = 200;
  const std::string wide = HistoryTable(records, screen);
  CHECK(Has(wide, "2 h ago  2026-11-18 "));
  CHECK(Has(wide, " deploy-from-the-build-server\n"));
}

TEST_CASE("no line of a table passes the last column") {
  World world;
  world.context.caller.user = std::string(40, 'u');
  const std::string version = "1." + std::string(126, '9');
  world.Deploy("1");
  world.Deploy(version);
  world.Rollback();
  const Screen screen{.columns = 80,
                      .charset = Screen::Charset::kUtf8,
                      .now = world.clock.wall_seconds + 500 * 86'400};
  for (const std::string& text :
       {ListTable(ListKnown(&world.context), screen),
        HistoryTable({ReadRecord(&world.disk, 3), ReadRecord(&world.disk, 2)},
                     screen)}) {
    std::string_view rest = text;
    while (!rest.empty()) {
      const std::size_t end = rest.find('\n');
      CHECK(DisplayWidth(rest.substr(0, end)) <= 80);
      rest.remove_prefix(end + 1);
    }
  }
}

TEST_CASE("what prune would remove has the sum of the bytes at its end") {
  const std::vector<RetentionVerdict> removals = {
      {*Version::Parse("1.4.1"), false, "older failed", 3 << 20},
      {*Version::Parse("1.4.0"), false, "a newer restart has the same files",
       1024}};
  CHECK(RemovalsText(removals, {}) ==
        "VERSION     SIZE  WHY\n"
        "1.4.1    3.0 MiB  older failed\n"
        "1.4.0    1.0 KiB  a newer restart has the same files\n"
        "Would remove 2 releases, 3.0 MiB in all\n");
}

TEST_CASE("verify says of each release what it found") {
  CHECK(
      VerifyText({{.version = "1", .error = "", .differences = {}},
                  {.version = "2", .error = "there is none", .differences = {}},
                  {.version = "3",
                   .error = "",
                   .differences = {{.what = ManifestDifference::What::kChanged,
                                    .path = "bin/app",
                                    .before = "a",
                                    .after = "b"}}}},
                 {}) ==
      "1: unchanged\n"
      "2: there is none\n"
      "3: 1 difference\n"
      "   PATH     BEFORE  AFTER\n"
      "M  bin/app  a       b\n");
}

TEST_CASE("what verify found is wrapped on a terminal") {
  CHECK(VerifyText({{.version = "1.4.2",
                     .error = "there is no .release/manifests/1.4.2 to compare",
                     .differences = {}}},
                   {.columns = 40}) ==
        "1.4.2: there is no\n"
        "  .release/manifests/1.4.2 to compare\n");
}

TEST_CASE("the words of a finding are wrapped below each other") {
  const std::vector<Finding> findings = {
      {Finding::Level::kFailure, "mount",
       "the root is on a read-only file system; mount it for writing"}};
  CHECK(CheckText(findings, {.columns = 60}) ==
        "LEVEL SUBJECT       FOUND\n"
        "fail  mount         the root is on a read-only file system;\n"
        "                    mount it for writing\n");
}

}  // namespace release
