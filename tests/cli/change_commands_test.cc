#include "cli/change_commands.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "support/archives.h"
#include "support/command_run.h"

namespace release {
namespace {

using nlohmann::json;

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::string Live(const CommandRig& rig) {
  return boost::filesystem::read_symlink(rig.root() + "/current").string();
}

json JsonOf(const CommandRig& rig, std::vector<std::string> words) {
  words.insert(words.begin(), "--json");
  const Printed run = rig.Run(words);
  json object = json::parse(run.out);
  CHECK(object.at("schema") == 2);
  CHECK(object.at("exit") == run.exit);
  return object;
}

// Returns "" if no transaction is open, or none of its steps has begun.
std::string RunningStep(const CommandRig& rig) {
  const json status = json::parse(rig.Run({"--json", "status"}).out);
  const json& open = status.at("open");
  const json step = open.is_null() ? json() : open.at("step");
  return step.is_null() ? "" : step.get<std::string>();
}

}  // namespace

TEST_CASE("init makes the layout once and says what it found") {
  const TempDir dir;
  const std::string root = dir.path() + "/deep/srv";
  const auto init = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"--root", root, "init"});
    return RunRelease(more);
  };
  CHECK(Has(init({"-n"}).out, "make the layout in " + root));
  CHECK(!boost::filesystem::exists(root));
  CHECK(Has(init({}).err, "made the layout in " + root));
  CHECK(boost::filesystem::is_directory(root + "/.release/transactions"));
  CHECK(Has(init({}).err, "the layout is in " + root + " already"));
}

TEST_CASE("init on a root in use tells what is live") {
  const CommandRig rig;
  rig.Deploy("1");
  const json object = JsonOf(rig, {"init"});
  CHECK(object.at("result") == "unchanged");
  CHECK(object.at("live") == "1");
}

TEST_CASE("deploy makes a release live and names the one before") {
  const CommandRig rig;
  rig.Deploy("1");
  const json object = JsonOf(rig, {"deploy", rig.Archive("2")});
  CHECK(object.at("command") == "deploy");
  CHECK(object.at("result") == "committed");
  CHECK(object.at("exit") == 0);
  CHECK(object.at("transaction") == 2);
  CHECK(object.at("previous") == "1");
  CHECK(object.at("warnings").is_array());
  CHECK(object.at("steps").at(0).at("name") == "unpack");
  CHECK(object.at("steps").at(0).at("seconds").is_number());
  CHECK(object.at("error").is_null());
  const std::string version = object.at("version");
  CHECK(object.at("live") == version);
  CHECK(Live(rig) == "releases/" + version);
}

TEST_CASE("the words of a success name what is live and what was before") {
  const CommandRig rig;
  rig.Deploy("1");
  const Printed run =
      rig.Run({"-v", "deploy", rig.Archive("2"), "--version", "2"});
  CHECK(run.out.empty());
  CHECK(Has(run.err, "  unpack "));
  CHECK(Has(run.err, "2 is live (before: 1) in "));
  CHECK(Has(run.err, "\nnext: `release rollback` goes back\n"));
  CHECK(rig.Run({"-q", "rollback"}).err.empty());
}

TEST_CASE("the same again changes nothing and other content is refused") {
  const CommandRig rig;
  rig.Deploy("1");
  const json same = JsonOf(rig, {"deploy", rig.Archive("1"), "--version", "1"});
  CHECK(same.at("result") == "unchanged");
  CHECK(same.at("exit") == 0);
  const json other =
      JsonOf(rig, {"deploy", rig.Archive("2"), "--version", "1"});
  CHECK(other.at("exit") == 3);
  CHECK(other.at("result") == "refused");
  CHECK(other.at("error").at("code") == "version-conflict");
  CHECK(other.at("error").at("path") == "releases/1");
  CHECK(other.at("live") == "1");
}

TEST_CASE("an archive without the given SHA-256 is refused with both values") {
  const CommandRig rig;
  rig.Deploy("1");
  const std::string wrong(64, 'a');
  const json object =
      JsonOf(rig, {"deploy", rig.Archive("2"), "--sha256", wrong});
  CHECK(object.at("exit") == 3);
  CHECK(object.at("error").at("code") == "checksum-mismatch");
  CHECK(object.at("error").at("expected") == wrong);
  CHECK(object.at("error").at("found") != wrong);
  CHECK(Live(rig) == "releases/1");
  CHECK(rig.Run({"deploy", rig.Archive("2"), "--sha256", "12"}).exit == 2);
}

TEST_CASE("a cut archive is refused and leaves nothing behind") {
  const CommandRig rig;
  rig.Deploy("1");
  const std::string archive = rig.Archive("2");
  boost::filesystem::resize_file(archive, 1100);
  const json object = JsonOf(rig, {"deploy", archive});
  CHECK(object.at("exit") == 3);
  CHECK(object.at("error").at("code") == "archive-truncated");
  CHECK(rig.Run({"list", "-q"}).out == "1\n");
}

TEST_CASE("stage publishes without going live, activate switches") {
  const CommandRig rig;
  rig.Deploy("1");
  const Printed staged = rig.Run({"stage", rig.Archive("2"), "--version", "2"});
  CHECK(staged.exit == 0);
  CHECK(Has(staged.err, "2 is staged; 1 is live"));
  CHECK(Live(rig) == "releases/1");
  CHECK(JsonOf(rig, {"activate", "2"}).at("live") == "2");
  CHECK(Live(rig) == "releases/2");
  CHECK(JsonOf(rig, {"activate", "2"}).at("result") == "unchanged");
}

TEST_CASE("a reason has room in a record") {
  const CommandRig rig;
  const Printed run =
      rig.Run({"--json", "rollback", "--reason", std::string(1025, 'x')});
  CHECK(run.exit == 2);
  CHECK(Has(run.out, "it may have 1024"));
  // Another way to fail: there is nothing to go back to.
  CHECK(rig.Run({"rollback", "--reason", std::string(1024, 'x')}).exit == 7);
}

TEST_CASE("rollback goes back by history and keeps the reason") {
  const CommandRig rig;
  rig.Deploy("1");
  rig.Deploy("2");
  const json object = JsonOf(rig, {"rollback", "--reason", "too slow"});
  CHECK(object.at("live") == "1");
  CHECK(object.at("previous") == "2");
  CHECK(
      Has(rig.Run({"-v", "history", "-n", "1"}).out, "reason       too slow"));
  const json again = JsonOf(rig, {"rollback"});
  CHECK(again.at("exit") == 7);
  CHECK(again.at("error").at("code") == "nothing-to-roll-back-to");
  CHECK(JsonOf(rig, {"rollback", "9"}).at("error").at("code") ==
        "no-such-release");
  // Named, even the withdrawn one may come back.
  CHECK(JsonOf(rig, {"rollback", "2"}).at("live") == "2");
}

TEST_CASE("a rollout is undone by its name, once, and shown with its release") {
  const CommandRig rig;
  rig.Deploy("1");
  CHECK(JsonOf(rig, {"deploy", rig.Archive("2"), "--version", "2", "--rollout",
                     "blue", "--expect-live", "1"})
            .at("changed") == true);
  CHECK(JsonOf(rig, {"status"}).at("release").at("rollout") == "blue");
  CHECK(Has(rig.Run({"show", "2"}).out, "rollout      blue"));
  CHECK(Has(rig.Run({"-v", "history", "-n", "1"}).out, "rollout      blue"));
  const std::vector<std::string> undo = {"rollback", "--rollout", "blue"};
  CHECK(JsonOf(rig, undo).at("live") == "1");
  const json again = JsonOf(rig, undo);
  CHECK(again.at("exit") == 0);
  CHECK(again.at("changed") == false);
  CHECK(again.at("live") == "1");
  CHECK(Has(rig.Run(undo).err, "nothing changed; 1 is live"));
}

TEST_CASE("a change that expects another live release is refused") {
  const CommandRig rig;
  rig.Deploy("1");
  const json refused = JsonOf(rig, {"deploy", rig.Archive("2"), "--version",
                                    "2", "--expect-live", "-"});
  CHECK(refused.at("exit") == 3);
  CHECK(refused.at("error").at("code") == "live-differs");
  CHECK(refused.at("live") == "1");
  CHECK(rig.Run({"rollback", "1", "--rollout", "blue"}).exit == 2);
  CHECK(Has(rig.Run({"rollback", "--rollout", "a b"}).err, "is not a name"));
  CHECK(Has(rig.Run({"rollback", "--expect-live", "a b"}).err,
            "neither a version nor -"));
}

TEST_CASE("a release that fails after the switch is undone with exit 4") {
  CommandRig rig;
  rig.Configure(
      "[healthcheck]\ncommand = [\"grep\", \"-q\", \"version 1\", \"" +
      rig.root() + "/current/bin/app\"]\n" +
      "deadline = \"200ms\"\ninterval = \"50ms\"\nmin_healthy_time = \"0s\"\n");
  rig.Deploy("1");
  const Printed run = rig.Run({"deploy", rig.Archive("2"), "--version", "2"});
  CHECK(run.exit == 4);
  CHECK(Has(run.err, "undone; 1 is live again"));
  CHECK(Live(rig) == "releases/1");
  const json list = json::parse(rig.Run({"--json", "list"}).out);
  CHECK(list.at("releases").at(0).at("version") == "2");
  CHECK(list.at("releases").at(0).at("state") == "failed");
}

TEST_CASE("where the release before is unhealthy too a person is needed") {
  CommandRig rig;
  rig.Deploy("1");
  rig.Configure(
      "[healthcheck]\ncommand = [\"false\"]\n"
      "deadline = \"200ms\"\ninterval = \"50ms\"\nmin_healthy_time = \"0s\"\n");
  const Printed run = rig.Run({"deploy", rig.Archive("2"), "--version", "2"});
  CHECK(run.exit == 5);
  CHECK(Has(run.err, "manual intervention required: 1 is live now"));
  CHECK(rig.Run({"status", "--check"}).exit == 8);
}

TEST_CASE("prune removes what retention lets go, and first says what") {
  CommandRig rig;
  for (const char* version : {"1", "2", "3", "4"}) rig.Deploy(version);
  rig.Configure("keep_releases = 1\n");
  REQUIRE(rig.Run({"pin", "1"}).exit == 0);
  CHECK(rig.Run({"-n", "prune"}).out ==
        "VERSION  SIZE  WHY\n"
        "2        10 B  good, beyond keep_releases = 1\n"
        "Would remove 1 release, 10 B in all\n");
  CHECK(JsonOf(rig, {"-n", "prune"}).at("plan") ==
        nlohmann::json{"remove 2: good, beyond keep_releases = 1 (10 B)"});
  CHECK(rig.Run({"list", "-q"}).out == "1\n2\n3\n4\n");
  CHECK(rig.Run({"prune"}).exit == 0);
  CHECK(rig.Run({"list", "-q"}).out == "1\n3\n4\n");
  REQUIRE(rig.Run({"unpin", "1"}).exit == 0);
  CHECK(rig.Run({"prune"}).exit == 0);
  CHECK(rig.Run({"list", "-q"}).out == "3\n4\n");
  CHECK(rig.Run({"-n", "prune"}).out ==
        "Would do, in order:\n  - nothing: retention keeps every release\n");
}

TEST_CASE("recover with nothing to settle is done") {
  const CommandRig rig;
  rig.Deploy("1");
  CHECK(JsonOf(rig, {"recover"}).at("result") == "nothing");
  CHECK(Has(rig.Run({"recover"}).err, "nothing to settle; 1 is live"));
  CHECK(Has(rig.Run({"recover", "-n"}).out, "nothing"));
}

TEST_CASE("confirm keeps a release that waits for it") {
  const CommandRig rig;
  rig.Deploy("1");
  BackgroundRun deploy(rig, {"deploy", rig.Archive("2"), "--version", "2",
                             "--confirm-within", "60s"});
  REQUIRE(Becomes([&] { return RunningStep(rig) == "confirm"; }));
  CHECK(Has(rig.Run({"-n", "confirm"}).out, "confirm transaction 2"));
  const json object = JsonOf(rig, {"confirm"});
  CHECK(object.at("command") == "confirm");
  CHECK(object.at("transaction") == 2);
  CHECK(deploy.Wait() == 0);
  CHECK(Live(rig) == "releases/2");
}

TEST_CASE("abort has a running transaction undo and stop") {
  const CommandRig rig;
  rig.Deploy("1");
  BackgroundRun deploy(rig, {"deploy", rig.Archive("2"), "--version", "2",
                             "--confirm-within", "60s"});
  REQUIRE(Becomes([&] { return RunningStep(rig) == "confirm"; }));
  CHECK(JsonOf(rig, {"abort"}).at("transaction") == 2);
  CHECK(deploy.Wait() == 4);
  CHECK(Live(rig) == "releases/1");
}

TEST_CASE("what nobody confirms in time is undone") {
  const CommandRig rig;
  rig.Deploy("1");
  const json object =
      JsonOf(rig, {"deploy", rig.Archive("2"), "--confirm-within", "200ms"});
  CHECK(object.at("exit") == 4);
  CHECK(object.at("error").at("code") == "not-confirmed");
  CHECK(object.at("live") == "1");
}

TEST_CASE("confirm and abort without a running transaction fail") {
  const CommandRig rig;
  for (const char* command : {"confirm", "abort"}) {
    const json object = JsonOf(rig, {command});
    CHECK(object.at("exit") == 1);
    CHECK(object.at("error").at("code") == "nothing-running");
  }
}

TEST_CASE("init makes the shared files, and says that they are empty") {
  CommandRig rig;
  rig.Configure("shared_files = [\".env\"]\n");
  CHECK(rig.Run({"deploy", rig.Archive("1")}).exit == 1);
  const Printed made = rig.Run({"init"});
  CHECK(made.exit == 0);
  CHECK(made.err.find("shared/.env was made empty") != std::string::npos);
  CHECK(rig.Run({"init"}).err.find(".env") == std::string::npos);
  CHECK(rig.Run({"deploy", rig.Archive("1")}).exit == 0);
}

TEST_CASE("init refuses an owner of shared files that does not exist") {
  CommandRig rig;
  const std::string unpack = "[unpack]\nowner = \"nobody-here:root\"\n";
  rig.Configure("shared_files = [\".env\"]\n" + unpack);
  boost::filesystem::remove_all(rig.root());
  CHECK(rig.Run({"init"}).exit == 2);
  CHECK_FALSE(boost::filesystem::exists(rig.root()));
  // Init makes no file for the owner, so it need not exist.
  rig.Configure(unpack);
  CHECK(rig.Run({"init"}).exit == 0);
}

}  // namespace release
