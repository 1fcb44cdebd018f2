#include "cli/json.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "deploy/operations.h"
#include "support/json_schema.h"
#include "support/world.h"

namespace release {
namespace {

using nlohmann::json;

const JsonSubject kShop{"shop", "/srv/shop"};

// Parses an output, which must satisfy its schema.
json Valid(const std::string& text) {
  const json object = json::parse(text);
  CHECK(OutputViolation(object) == "");
  CHECK(object.at("app") == "shop");
  CHECK(object.at("root") == "/srv/shop");
  return object;
}

json StatusOf(World* world) {
  return Valid(
      StatusJson(kShop, ReadStatus(&world->context, TreeCheck::kBytes), 0));
}

}  // namespace

TEST_CASE("no control character stands in JSON as it is") {
  // U+009B begins a command to a terminal, as ESC [ does. U+00E9 is a letter,
  // and U+201B has the byte 9B, too.
  const std::string odd = "\x1b[2J\x7f\xc2\x80\xc2\x9b\xc3\xa9\xe2\x80\x9b";
  const std::string text = JsonText(odd);
  CHECK(text == R"("\u001b[2J\u007f\u0080\u009b)"
                "\xc3\xa9\xe2\x80\x9b\"");
  CHECK(json::parse(text) == odd);
}

TEST_CASE("an outcome has every key, with null for what does not exist") {
  Outcome outcome;
  outcome.command = CommandId::kRecover;
  outcome.result = Result::kNothing;
  const json object = json::parse(OutcomeJson({}, outcome));
  CHECK(OutputViolation(object) == "");
  for (const char* key :
       {"app", "root", "live", "previous", "transaction", "version", "error"}) {
    CHECK(object.at(key).is_null());
  }
  CHECK(object.at("schema") == 2);
  CHECK(object.at("changed") == false);
}

TEST_CASE("an outcome says whether it changed anything") {
  for (const auto& [result, changed] : {std::pair(Result::kCommitted, true),
                                        {Result::kTold, true},
                                        {Result::kUnchanged, false},
                                        {Result::kFailed, false},
                                        {Result::kUndone, false}}) {
    Outcome outcome;
    outcome.command = CommandId::kDeploy;
    outcome.result = result;
    CHECK(Valid(OutcomeJson(kShop, outcome)).at("changed") == changed);
  }
}

TEST_CASE("an outcome's error has the code, the path and both values") {
  Outcome outcome;
  outcome.exit = Exit::kRefused;
  outcome.error = Failure{.code = ErrorCode::kChecksumMismatch,
                          .message = "cannot accept it\n  08:00:12 Boom",
                          .path = "a.tar",
                          .expected = "x",
                          .found = "y"};
  CHECK(Valid(OutcomeJson(kShop, outcome)).at("error") ==
        json{{"code", "checksum-mismatch"},
             {"message", "cannot accept it"},
             {"detail", {"08:00:12 Boom"}},
             {"path", "a.tar"},
             {"expected", "x"},
             {"found", "y"}});
}

TEST_CASE("JSON is one line and stays valid with bytes that are not UTF-8") {
  Outcome outcome;
  outcome.warnings = {"a\nb \xff c"};
  const std::string text = OutcomeJson(kShop, outcome);
  CHECK(text.find('\n') == std::string::npos);
  CHECK(json::parse(text).at("warnings").at(0) == "a\nb \xEF\xBF\xBD c");
}

TEST_CASE("the status of a well deployment says so in every key") {
  World world;
  world.Deploy("1");
  world.Deploy("2");
  const json status = StatusOf(&world);
  CHECK(status.at("live") == "2");
  CHECK(status.at("rollback_target") == "1");
  CHECK(status.at("verdict") == "ok");
  CHECK(status.at("health").at("ok") == true);
  CHECK(status.at("unchanged") == true);
  CHECK(status.at("interrupted") == false);
  CHECK(status.at("problems") == json::array());
  CHECK(status.at("ok") == true);
  CHECK(status.at("activation").at("transaction") == 2);
  CHECK(status.at("undelivered") == 0);
  CHECK(status.at("open").is_null());
  CHECK(status.at("last").at("transaction") == 2);
  CHECK(status.at("last").at("result") == "committed");
  CHECK(status.at("release").at("state") == "good");
}

TEST_CASE("the status tells an unhealthy and an unborn deployment apart") {
  World world;
  const json unborn = StatusOf(&world);
  CHECK(unborn.at("live").is_null());
  CHECK(unborn.at("last").is_null());
  CHECK(unborn.at("verdict") == "empty");
  world.Deploy("1");
  world.broken.insert("1");
  const json unhealthy = StatusOf(&world);
  CHECK(unhealthy.at("verdict") == "attention");
  CHECK(unhealthy.at("health").at("ok") == false);
  CHECK(unhealthy.at("health").at("reason") != "");
  CHECK(unhealthy.at("ok") == false);
}

TEST_CASE("the list marks the live release and the rollback target") {
  World world;
  world.Deploy("1");
  world.Deploy("2");
  const json list = Valid(ListJson(kShop, ListKnown(&world.context)));
  const json& releases = list.at("releases");
  REQUIRE(releases.size() == 2);
  CHECK(releases.at(0).at("version") == "2");
  CHECK(releases.at(0).at("live") == true);
  CHECK(releases.at(1).at("rollback_target") == true);
}

TEST_CASE("the history tells of refused, open and unreadable transactions") {
  World world;
  world.Deploy("1");
  CHECK(Rollback(&world.context, std::nullopt, "why").exit ==
        Exit::kNoSuchRelease);
  TransactionRecord open = ReadRecord(&world.disk, 2);
  open.end.reset();
  open.current_step = "unpack";
  const json history = Valid(
      HistoryJson(kShop, CommandId::kHistory,
                  {TransactionRecord{.number = 3}, open,
                   ReadRecord(&world.disk, 2), ReadRecord(&world.disk, 1)}));
  const json& records = history.at("transactions");
  CHECK(records.at(0).at("command").is_null());
  CHECK(records.at(1).at("result") == "open");
  CHECK(records.at(1).at("step") == "unpack");
  CHECK(records.at(2).at("exit") == 7);
  CHECK(records.at(2).at("code") == "nothing-to-roll-back-to");
  CHECK(records.at(2).at("reason") == "why");
  CHECK(records.at(3).at("from").is_null());
  CHECK(records.at(3).at("to") == "1");
  CHECK(records.at(3).at("by") == "alice");
  CHECK(records.at(3).at("facts").contains("sha256"));
}

TEST_CASE("the history has what was live before, and who settled it") {
  TransactionRecord record{.number = 4};
  record.begin = BeginRecord{.command = CommandId::kActivate,
                             .from_target = "releases/1",
                             .to = Version::Parse("2")};
  for (const bool recovered : {false, true}) {
    record.end = EndRecord{.exit = Exit::kUndone,
                           .result = Result::kUndone,
                           .recovered = recovered};
    const json object = Valid(HistoryJson(kShop, CommandId::kHistory, {record}))
                            .at("transactions")
                            .at(0);
    CHECK(object.at("from") == "1");
    CHECK(object.at("recovered") == recovered);
    CHECK(object.at("exit") == 4);
  }
}

TEST_CASE("the check has an exit of its own, which only failures change") {
  using Level = Finding::Level;
  const auto exit_of = [](std::vector<Finding> findings) {
    const json check = Valid(CheckJson(kShop, findings));
    CHECK(check.at("findings").size() == findings.size());
    return check.at("exit").get<int>();
  };
  CHECK(exit_of({}) == 0);
  CHECK(exit_of({{Level::kOk, "a", "fine"}, {Level::kWarning, "b", "odd"}}) ==
        0);
  CHECK(exit_of({{Level::kFailure, "a", "bad"}, {Level::kOk, "b", "fine"}}) ==
        8);
}

TEST_CASE("the history has the steps of an undo, and how long they took") {
  World world;
  DeployAll(&world, {"1"});
  world.broken = {"2"};
  const Outcome outcome = world.Deploy("2");
  const json history =
      Valid(HistoryJson(kShop, CommandId::kShow, {ReadRecord(&world.disk, 2)}));
  const json& steps = history.at("transactions").at(0).at("undo_steps");
  CHECK(steps == json::parse(OutcomeJson(kShop, outcome)).at("undo_steps"));
  REQUIRE(steps.size() == 3);
  CHECK(steps.at(0).at("name") == "switch");
  CHECK(steps.at(2).at("seconds").is_number());
}

TEST_CASE("verify and diff list each difference with before and after") {
  const ManifestDifference changed{.what = ManifestDifference::What::kChanged,
                                   .path = "bin/app",
                                   .before = "a",
                                   .after = "b"};
  const json expected = json::array({{{"what", "changed"},
                                      {"path", "bin/app"},
                                      {"before", "a"},
                                      {"after", "b"}}});
  const json verify = Valid(VerifyJson(
      kShop, {{.version = "1", .error = "", .differences = {changed}},
              {.version = "2", .error = "", .differences = {}}}));
  CHECK(verify.at("exit") == 8);
  CHECK(verify.at("releases").at(0).at("ok") == false);
  CHECK(verify.at("releases").at(0).at("differences") == expected);
  CHECK(verify.at("releases").at(1).at("ok") == true);
  const json diff = Valid(DiffJson(kShop, "1", "2", {changed}));
  CHECK(diff.at("from") == "1");
  CHECK(diff.at("to") == "2");
  CHECK(diff.at("differences") == expected);
}

}  // namespace release
