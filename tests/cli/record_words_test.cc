#include "cli/record_words.h"

#include <doctest/doctest.h>

#include "support/world.h"

namespace release {
namespace {

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a transaction is named by its command and its release") {
  World world;
  world.Deploy("1");
  const TransactionRecord record = ReadRecord(&world.disk, 1);
  CHECK(TransactionWords(record) == "deploy of 1");
  CHECK(FromWords(*record.begin).empty());
  CHECK(ResultWords(record) == "committed");
  CHECK(ByWords(record) == "alice");
}

TEST_CASE("a rollback is named by the release that it goes to") {
  World world;
  DeployAll(&world, {"1", "2"});
  world.Rollback();
  CHECK(TransactionWords(ReadRecord(&world.disk, 3)) == "rollback to 1");
}

TEST_CASE("a record without a beginning or an end has words too") {
  const TransactionRecord record{.number = 9};
  CHECK(TransactionWords(record) == "transaction 9");
  CHECK(ResultWords(record) == "open");
  CHECK(ByWords(record).empty());
  CHECK(TransactionText(record, {}).empty());
}

TEST_CASE("the text of a failed transaction has the excerpt line by line") {
  World world;
  world.Deploy("1");
  TransactionRecord record = ReadRecord(&world.disk, 1);
  record.end->code = "service-died";
  record.end->message =
      "cannot keep shop running: it is failed\nlast journal lines of shop:\n"
      "  08:00:12 Boom\n  08:00:13 Bang";
  record.end->result = Result::kUndone;
  record.undo_steps = {{.name = "switch", .seconds = 0.25, .detail = ""},
                       {.name = "reload", .seconds = 1.5, .detail = ""}};
  CHECK(ResultWords(record) == "undone: service-died");
  const std::string text = TransactionText(record, {});
  CHECK(Has(text,
            "  cause        cannot keep shop running: it is failed "
            "[service-died]\n"
            "               last journal lines of shop:\n"
            "               08:00:12 Boom\n"
            "               08:00:13 Bang\n"));
  CHECK(Has(text, "  undo         1.8 s: switch 250 ms, reload 1.5 s\n"));
}

}  // namespace release
