#include "support/json_schema.h"

#include <doctest/doctest.h>

#include <stdexcept>

namespace release {
namespace {

using nlohmann::json;

json Listing() {
  return json::parse(R"({"schema":2,"command":"list","app":null,
    "root":"/srv/shop","exit":0,"releases":[{"version":"1","state":"good",
    "since":"2026-11-29T08:00:12Z","by":"alice","reason":null,"bytes":3,
    "irreversible":false,"pinned":false,"evidence":null,"restart_of":null,"rollout":null,"transaction":1,"live":true,
    "rollback_target":false,"pids":[4],"instance":null}]})");
}

}  // namespace

TEST_CASE("an output that satisfies its schema has no violation") {
  CHECK(OutputViolation(Listing()).empty());
}

TEST_CASE("a key that is missing, or that the schema lacks, is found") {
  json missing = Listing();
  missing.at("releases").at(0).erase("pids");
  CHECK(OutputViolation(missing) ==
        "list/releases/0: the key \"pids\" is missing");
  json more = Listing();
  more["current"] = "1";
  CHECK(OutputViolation(more) == "list: the schema has no key current");
}

TEST_CASE("a value of another type, form or range is found") {
  const auto violation = [](const char* pointer, const json& value) {
    json object = Listing();
    object[json::json_pointer(pointer)] = value;
    return OutputViolation(object);
  };
  CHECK(!violation("/schema", 1).empty());
  CHECK(!violation("/exit", 9).empty());
  CHECK(!violation("/app", 3).empty());
  CHECK(!violation("/releases/0/state", "fine").empty());
  CHECK(!violation("/releases/0/since", "yesterday").empty());
  CHECK(!violation("/releases/0/version", "releases/1").empty());
  CHECK(!violation("/releases/0/pids/0", "4").empty());
  CHECK(!violation("/releases/0/instance", json::object()).empty());
}

}  // namespace release
