#include "adopt/foreign_history.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

namespace release {
namespace {

Version V(const std::string& name) { return Version::ParseOrThrow(name); }

ForeignFacts Facts(const std::string& live,
                   std::initializer_list<const char*> names) {
  ForeignFacts facts{
      .live = V(live), .trees = {}, .revisions_log = "", .releases_log = ""};
  for (const char* name : names) facts.trees[V(name)] = {};
  return facts;
}

// Returns the releases in their order, such as "1 good, 2 failed".
std::string Told(const ForeignFacts& facts) {
  std::string text;
  for (const ForeignRelease& release : ReadForeignHistory(facts).releases) {
    if (!text.empty()) text += ", ";
    text +=
        fmt::format("{} {}", release.version.name(), StateName(release.state));
    CHECK(release.reason.empty() == (release.state == ReleaseState::kGood));
  }
  return text;
}

std::string Deployed(const std::string& name) {
  return "Branch main (at 1a2b3c) deployed as release " + name + " by alice\n";
}

std::string Begun(const std::string& name) {
  return R"({"created_at":"2024-01-01T12:00:00+0000","release_name":")" + name +
         R"(","user":"alice","target":"main"})"
         "\n";
}

}  // namespace

TEST_CASE("the order of activation comes from Capistrano's log") {
  ForeignFacts facts = Facts("20240103", {"20240101", "20240102", "20240103"});
  facts.revisions_log =
      Deployed("20240102") + Deployed("20240101") + Deployed("20240103");
  CHECK(Told(facts) == "20240102 good, 20240101 good, 20240103 good");
  CHECK(ReadForeignHistory(facts).order_source == "revisions.log");
}

TEST_CASE("a release that Capistrano's log does not mention was never live") {
  ForeignFacts facts = Facts("3", {"1", "2", "3", "4"});
  facts.revisions_log = Deployed("1") + Deployed("3");
  CHECK(Told(facts) == "2 failed, 4 failed, 1 good, 3 good");
}

TEST_CASE("a release that Capistrano rolled back from is withdrawn") {
  ForeignFacts facts = Facts("2", {"1", "2", "3"});
  facts.revisions_log = Deployed("1") + Deployed("2") + Deployed("3") +
                        "alice rolled back to release 2\n";
  CHECK(Told(facts) == "3 withdrawn, 1 good, 2 good");
  // A release that was activated again is good again, and so are the releases
  // after it.
  facts.live = V("4");
  facts.trees[V("4")] = {};
  facts.revisions_log += Deployed("3") + Deployed("4");
  CHECK(Told(facts) == "1 good, 2 good, 3 good, 4 good");
}

TEST_CASE("a link moved by hand takes precedence over Capistrano's log") {
  ForeignFacts facts = Facts("2", {"1", "2", "3"});
  facts.revisions_log = Deployed("1") + Deployed("2") + Deployed("3");
  CHECK(Told(facts) == "3 withdrawn, 1 good, 2 good");
}

TEST_CASE("a log that does not mention the live release is ignored") {
  ForeignFacts facts = Facts("10", {"9", "10", "8"});
  facts.revisions_log = Deployed("8") + "no line of Capistrano's\n";
  CHECK(Told(facts) == "8 good, 9 good, 10 good");
  CHECK(ReadForeignHistory(facts).order_source == "their names");
}

TEST_CASE("Deployer's log gives the order, its marks the bad releases") {
  ForeignFacts facts = Facts("d", {"a", "b", "c", "d", "e", "x"});
  facts.releases_log = Begun("c") + "{torn\n" + Begun("b") + Begun("a") +
                       Begun("d") + Begun("e");
  facts.trees[V("b")].marked_bad = true;
  facts.trees[V("e")].unfinished = true;
  CHECK(Told(facts) ==
        "b withdrawn, e failed, x failed, c good, a good, d good");
  CHECK(ReadForeignHistory(facts).order_source == ".dep/releases_log");
}

TEST_CASE("numbers sort as numbers; those above the live one failed") {
  const ForeignFacts facts = Facts("10", {"9", "10", "11", "100"});
  CHECK(Told(facts) == "11 failed, 100 failed, 9 good, 10 good");
}

TEST_CASE("other names are ordered by their modification times") {
  ForeignFacts facts = Facts("red", {"blue", "green", "red"});
  facts.trees[V("blue")].modified = 2;
  facts.trees[V("green")].modified = 1;
  facts.trees[V("red")].modified = 3;
  CHECK(Told(facts) == "green good, blue good, red good");
  CHECK(ReadForeignHistory(facts).order_source == "their times of change");
  facts.trees[V("blue")].modified = 4;
  CHECK(Told(facts) == "blue failed, green good, red good");
}

}  // namespace release
