#include "cli/tables.h"

#include <doctest/doctest.h>

#include "deploy/operations.h"
#include "support/world.h"

namespace release {
namespace {

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::string StatusOf(World* world) {
  return StatusText(ReadStatus(&world->context, TreeCheck::kBytes));
}

}  // namespace

TEST_CASE("the status of a root without a release says so") {
  World world;
  CHECK(StatusOf(&world) ==
        "live         no release\n"
        "rollback to  nothing\n"
        "running      nothing\n");
}

TEST_CASE("the status names the live release and how it came about") {
  World world;
  world.Deploy("1");
  world.Deploy("2");
  const std::string text = StatusOf(&world);
  CHECK(Has(text, "live         2 (good since "));
  CHECK(Has(text, ", by alice)\n"));
  CHECK(Has(text, "rollback to  1\n"));
  CHECK(Has(text, "health       good"));
  CHECK(Has(text, "as shipped   yes\n"));
  CHECK(Has(text, "last         2 deploy 2, "));
  CHECK(Has(text, ": committed\n"));
}

TEST_CASE("the status shouts what is in doubt") {
  World world;
  world.Deploy("1");
  world.disk.MakeDirectory(Fs::kRoot, "releases/by-hand", 0755);
  CHECK(Has(StatusOf(&world), "IN DOUBT     releases/by-hand was not put "));
}

TEST_CASE("names from outside cannot move the cursor") {
  World world;
  world.context.caller.user = "al\x1b[2Jice";
  world.Deploy("1");
  for (const std::string& text :
       {StatusOf(&world), ListTable(ListKnown(&world.context)),
        HistoryTable({ReadRecord(&world.disk, 1)})}) {
    CHECK(!Has(text, "\x1b"));
    CHECK(Has(text, "al"));
  }
  const std::string difference =
      DifferencesText({{.what = ManifestDifference::What::kAdded,
                        .path = "a\nb\x1b",
                        .before = "",
                        .after = ""}});
  CHECK(difference.find('\n') == difference.size() - 1);
  CHECK(!Has(difference, "\x1b"));
}

TEST_CASE(
    "the list marks the live, the rollback target, the pinned, the used") {
  World world;
  world.Deploy("1");
  world.Deploy("2");
  Pin(&world.context, *Version::Parse("1"));
  std::vector<ListedRelease> listed = ListKnown(&world.context);
  listed.at(1).pids = {4, 5};
  const std::string table = ListTable(listed);
  CHECK(Has(table, "\n* 2 "));
  CHECK(Has(table, "(live)\n"));
  CHECK(Has(table, "\n  1 "));
  CHECK(Has(table, "(rollback target, pinned, used by 4 5)\n"));
}

TEST_CASE("the history tells why, how long, and what cannot be read") {
  World world;
  world.Deploy("1");
  world.Deploy("2");
  Rollback(&world.context, std::nullopt, "too slow");
  const std::string table =
      HistoryTable({TransactionRecord{.number = 9}, ReadRecord(&world.disk, 3),
                    ReadRecord(&world.disk, 1)});
  CHECK(Has(table, "     9  its record cannot be read\n"));
  CHECK(Has(table, "rollback               2 -> 1 "));
  CHECK(Has(table, "        reason: too slow\n"));
  CHECK(Has(table, "switch 0.000"));
  CHECK(Has(table, "deploy                 - -> 1 "));
}

TEST_CASE("the history tells how long an undo took") {
  World world;
  DeployAll(&world, {"1"});
  CHECK(!Has(HistoryTable({ReadRecord(&world.disk, 1)}), "undo"));
  TransactionRecord record = ReadRecord(&world.disk, 1);
  record.undo_steps = {{.name = "switch", .seconds = 0.25, .detail = ""},
                       {.name = "reload", .seconds = 1.5, .detail = ""}};
  CHECK(Has(HistoryTable({record}),
            "        undo 1.750 s: switch 0.250, reload 1.500\n"));
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
                                    .after = "b"}}}}) ==
      "1: as shipped\n"
      "2: there is none\n"
      "3: 1 difference\n"
      "  changed  bin/app  (a -> b)\n");
}

}  // namespace release
