#include "cli/output.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "cli/progress_display.h"
#include "support/command_run.h"

namespace release {
namespace {

using nlohmann::json;

Outcome Failed(Exit exit) {
  return {
      .command = CommandId::kDeploy,
      .exit = exit,
      .current = "1",
      .error = Failure{.code = ErrorCode::kHealthDeadline,
                       .message = "cannot see it healthy: nothing answers"}};
}

std::string ErrorLine(const GlobalOptions& options, bool terminal) {
  return PrintedBy([&] { return PrintOutcome(options, Failed(Exit::kUndone)); },
                   terminal)
      .err;
}

bool Colored(const std::string& text) {
  return text.find("\x1b[1;31merror:\x1b[0m") != std::string::npos;
}

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("words are colored on a terminal unless told otherwise") {
  unsetenv("NO_COLOR");
  GlobalOptions options;
  CHECK(Colored(ErrorLine(options, /*terminal=*/true)));
  CHECK(!Colored(ErrorLine(options, /*terminal=*/false)));
  options.color = "always";
  CHECK(Colored(ErrorLine(options, /*terminal=*/false)));
  options.color = "never";
  CHECK(!Colored(ErrorLine(options, /*terminal=*/true)));
}

TEST_CASE("NO_COLOR is honoured, and --color=always stands above it") {
  setenv("NO_COLOR", "1", 1);
  GlobalOptions options;
  CHECK(!Colored(ErrorLine(options, /*terminal=*/true)));
  options.color = "always";
  CHECK(Colored(ErrorLine(options, /*terminal=*/true)));
  unsetenv("NO_COLOR");
}

TEST_CASE("a failure is told even where quiet is asked, with what is live") {
  const GlobalOptions options{.quiet = true};
  const auto told = [&](Exit exit) {
    const Printed printed =
        PrintedBy([&] { return PrintOutcome(options, Failed(exit)); });
    CHECK(printed.exit == static_cast<int>(exit));
    CHECK(printed.out.empty());
    CHECK(Has(printed.err, "\n  cannot see it healthy: nothing answers\n"));
    return printed.err;
  };
  CHECK(Has(told(Exit::kFailed), "nothing changed; 1 is live\n"));
  CHECK(Has(told(Exit::kUndone), "undone; 1 is live again\n"));
  CHECK(Has(told(Exit::kNeedsPerson),
            "manual intervention required: 1 is live now"));
}

TEST_CASE("a failure without a release says that none is live") {
  Outcome outcome = Failed(Exit::kFailed);
  outcome.current.clear();
  const Printed printed =
      PrintedBy([&] { return PrintOutcome(GlobalOptions{}, outcome); });
  CHECK(Has(printed.err, "nothing changed; no release is live\n"));
}

TEST_CASE("a success is words on stderr, and with --json data on stdout") {
  const Outcome outcome{.command = CommandId::kDeploy,
                        .result = Result::kCommitted,
                        .previous = "1",
                        .current = "2"};
  Printed printed =
      PrintedBy([&] { return PrintOutcome(GlobalOptions{}, outcome); });
  CHECK(printed.out.empty());
  CHECK(printed.err ==
        "2 is live (before: 1)\nnext: `release rollback` goes back\n");
  printed = PrintedBy(
      [&] { return PrintOutcome({.json = true, .quiet = true}, outcome); });
  CHECK(printed.err.empty());
  CHECK(json::parse(printed.out).at("live") == "2");
}

TEST_CASE("an error before any transaction has the same JSON as an outcome") {
  const Error error(ErrorCode::kConfigInvalid, "cannot use it: bad", "/a.toml");
  const Printed printed = PrintedBy([&] {
    return PrintError({.json = true}, CommandId::kDeploy, error, "1");
  });
  CHECK(printed.exit == 2);
  const json object = json::parse(printed.out);
  for (const char* key :
       {"schema", "command", "result", "exit", "transaction", "version",
        "previous", "live", "error", "warnings", "steps", "undo_steps"}) {
    CHECK_MESSAGE(object.contains(key), key);
  }
  CHECK(object.at("live") == "1");
  CHECK(object.at("error").at("code") == "config-invalid");
  CHECK(object.at("error").at("path") == "/a.toml");
}

TEST_CASE("a permission that is denied says who may, if nothing changed") {
  const auto err_of = [](Exit exit) {
    Outcome outcome = Failed(exit);
    outcome.error->code = ErrorCode::kPermissionDenied;
    return PrintedBy([&] { return PrintOutcome({}, outcome); }).err;
  };
  CHECK(Has(err_of(Exit::kFailed), "\nnext: run it as root, or as the owner"));
  CHECK(Has(err_of(Exit::kUndone), "\nnext: `release show"));
}

TEST_CASE("commands in messages name the app that the command line named") {
  const std::string hint =
      "`release rollback` goes back; `release pack` makes one; `release --app "
      "blog check`";
  CHECK(WithApp("", hint) == hint);
  CHECK(WithApp("shop", hint) ==
        "`release --app shop rollback` goes back; `release pack` makes one; "
        "`release --app blog check`");
  const Printed failed = PrintedBy(
      [] { return PrintOutcome({.app = "shop"}, Failed(Exit::kUndone)); });
  CHECK(Has(failed.err, "next: `release --app shop show --transaction 0`"));
}

TEST_CASE("nothing that is printed can command the terminal") {
  const std::string evil = "a\x1b[2J\x9b\n  b";
  const std::string shown = "a\\x1b[2J\\x9b\n";
  Outcome outcome = Failed(Exit::kUndone);
  outcome.error->message = evil;
  outcome.current = evil;
  const auto printed = [](const auto& print) {
    const Printed run = PrintedBy([&] {
      print();
      return 0;
    });
    return run.out + run.err;
  };
  const GlobalOptions options;
  for (const std::string& text :
       {printed([&] { PrintOutcome(options, outcome); }), printed([&] {
          PrintError(options, CommandId::kDeploy,
                     Error(ErrorCode::kInternal, evil), evil);
        }),
        printed([&] { PrintPlan(options, CommandId::kDeploy, {evil}); }),
        printed([&] { Say(options, evil); }), printed([&] { PrintText(evil); }),
        printed([&] {
          ByteCount bytes;
          EventPrinter(options, &bytes)(
              {.kind = ProgressEvent::Kind::kWarning, .text = evil});
        })}) {
    CAPTURE(text);
    CHECK(text.find('\x1b') == text.npos);
    CHECK(Has(text, shown));
  }
}

TEST_CASE("a plan is a list, or an object that says it is a dry run") {
  const auto print = [](const GlobalOptions& options) {
    return PrintedBy(
        [&] { return PrintPlan(options, CommandId::kPrune, {"remove 1"}); });
  };
  CHECK(print({}).out == "Would do, in order:\n  - remove 1\n");
  CHECK(json::parse(print({.json = true}).out) == json{{"schema", 2},
                                                       {"command", "prune"},
                                                       {"app", nullptr},
                                                       {"root", nullptr},
                                                       {"exit", 0},
                                                       {"changed", false},
                                                       {"dry_run", true},
                                                       {"plan", {"remove 1"}}});
}

}  // namespace release
