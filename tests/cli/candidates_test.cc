#include "cli/candidates.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "cli/command_table.h"
#include "support/command_run.h"

namespace release {
namespace {

using Words = std::vector<std::string>;

GlobalOptions asked;  // for the versions

std::vector<std::string> Apps() { return {"blog", "shop"}; }

std::vector<std::string> Versions(const GlobalOptions& global) {
  asked = global;
  return {"1.0", "1.1", "2.0"};
}

// The candidates without their descriptions.
Words Offered(const Words& words) {
  asked = {};
  Words lines = Candidates(words, {.apps = Apps, .versions = Versions});
  for (std::string& line : lines)
    line.resize(std::min(line.find('\t'), line.size()));
  return lines;
}

}  // namespace

TEST_CASE("each command is offered, with its help") {
  const Words lines = Candidates({""}, {.apps = Apps, .versions = Versions});
  REQUIRE(lines.size() == CommandRows().size());
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const CommandRow& row = CommandRows()[i];
    CHECK(lines[i] == std::string(row.name()) + "\t" + std::string(row.help));
  }
  CHECK(Offered({"roll"}) == Words{"rollback"});
  CHECK(Offered({"--json", "-q", "roll"}) == Words{"rollback"});
  CHECK(Offered({"--root", "deploy", "roll"}) == Words{"rollback"});
  CHECK(Offered({"bogus", "x"}).empty());
}

TEST_CASE("each option of a command is offered, and each global one") {
  for (const CommandRow& row : CommandRows()) {
    const Words offered = Offered({std::string(row.name()), "--"});
    CHECK(offered.size() == row.options.size() + GlobalRows().size() + 1);
    for (const auto rows : {row.options, GlobalRows()}) {
      for (const OptionRow& option : rows) {
        CHECK_MESSAGE(
            std::count(offered.begin(), offered.end(), option.name) == 1,
            row.name() << " " << option.name);
      }
    }
  }
  CHECK(Offered({"deploy", "--sh"}) == Words{"--sha256"});
  CHECK(Offered({"stage", "--conf"}) == Words{"--config"});
}

TEST_CASE("fixed words, apps and served commands are offered as values") {
  CHECK(Offered({"completion", "z"}) == Words{"zsh"});
  CHECK(Offered({"--color", "a"}) == Words{"auto", "always"});
  CHECK(Offered({"--app", ""}) == Words{"blog", "shop"});
  CHECK(Offered({"-a", "s"}) == Words{"shop"});
  CHECK(Offered({"serve", "--allow", "deploy,st"}) ==
        Words{"deploy,stage", "deploy,status"});
}

TEST_CASE("a value after = is offered as the shell passes the word") {
  CHECK(Offered({"--color=a"}) == Words{"--color=auto", "--color=always"});
  // bash
  CHECK(Offered({"--color", "=", "a"}) == Words{"auto", "always"});
  CHECK(Offered({"--color", "="}) == Words{"auto", "always", "never"});
  CHECK(Offered({"--app", "=", "blog", "roll"}) == Words{"rollback"});
  CHECK(Offered({"--wait", "=", "5m", "roll"}) == Words{"rollback"});
  CHECK(Offered({"--wait", "roll"}) == Words{"rollback"});
  CHECK(Offered({"--wait", "="}).empty());
}

TEST_CASE("versions are those of the app, root or config on the line") {
  CHECK(Offered({"rollback", "1"}) == Words{"1.0", "1.1"});
  CHECK(asked.app.empty());
  Offered({"--app", "shop", "activate", ""});
  CHECK(asked.app == "shop");
  Offered({"diff", "--root=/srv/shop", "1.0", ""});
  CHECK(asked.root == "/srv/shop");
  Offered({"--config", "=", "/etc/x.toml", "pin", ""});
  CHECK(asked.config == "/etc/x.toml");
  // One operand is complete, several may follow after verify.
  CHECK(Offered({"pin", "1.0", ""}).empty());
  CHECK(Offered({"verify", "1.0", "1.1", "2"}) == Words{"2.0"});
  CHECK(Offered({"init", "--adopt", "--leave-out", "2"}) == Words{"2.0"});
}

TEST_CASE("paths are left to the shell") {
  CHECK(Offered({"deploy", "/tmp/sh"}) == Words{":files"});
  CHECK(Offered({"--config", ""}) == Words{":files"});
  CHECK(Offered({"--root", ""}) == Words{":directories"});
  CHECK(Offered({"pack", "build/"}) == Words{":directories"});
  CHECK(Offered({"pack", "-o", ""}) == Words{":files"});
}

TEST_CASE("free text and the end of the operands offer nothing") {
  CHECK(Offered({"rollback", "--reason", ""}).empty());
  CHECK(Offered({"history", "-n", ""}).empty());
  CHECK(Offered({"list", ""}).empty());
  CHECK(Offered({}).empty());
}

TEST_CASE("the hidden request prints the versions of a root, and no error") {
  const CommandRig rig;
  rig.Deploy("1.0");
  rig.Deploy("1.1");
  const auto ask = [&](const std::string& root) {
    return RunRelease({"__complete", "--root", root, "rollback", "1"});
  };
  CHECK(ask(rig.root()).out == "1.0\n1.1\n");
  for (const std::string& root :
       {rig.path() + "/none", rig.path() + "/shop-1.0.tar"}) {
    const Printed printed = ask(root);
    CHECK(printed.exit == 0);
    CHECK(printed.out.empty());
    CHECK(printed.err.empty());
  }
  CHECK(RunRelease({"__complete"}).exit == 0);
  CHECK(RunRelease({"__complete", "--app", "../x", "pin", ""}).err.empty());
}

}  // namespace release
