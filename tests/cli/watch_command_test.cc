#include "cli/watch_command.h"

#include <doctest/doctest.h>

#include "base/error.h"
#include "support/command_run.h"
#include "support/expect_error.h"

namespace release {
namespace {

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("watch asks for one of its options at most") {
  CHECK(ErrorOf([] {
          RunWatchCommand({}, {.follow = true, .run = true});
        }).code() == ErrorCode::kUsage);
  CHECK(ErrorOf([] {
          RunWatchCommand({}, {.run = true, .stop = true});
        }).code() == ErrorCode::kUsage);
}

TEST_CASE("without a live release there is nothing to look at") {
  const CommandRig rig;
  const Printed look = rig.Run({"watch", "--json"});
  CHECK(look.exit == 7);
  CHECK(Has(look.out, "\"no-such-release\""));
}

TEST_CASE("without a watch there is none to stop, and none to run") {
  const CommandRig rig;
  rig.Deploy("1");
  const Printed stop = rig.Run({"watch", "--stop"});
  CHECK(stop.exit == 1);
  CHECK(Has(stop.err, "cannot find a watch over the live release"));
  const Printed run = rig.Run({"watch", "--run"});
  CHECK(run.exit == 0);
  CHECK(run.err == "nothing is watched\n");
}

TEST_CASE(
    "a look prints what each signal says, and exits with 8 if it is bad") {
  CommandRig rig;
  rig.Configure("[watch]\ncommand = [\"sh\", \"-c\", \"exit 0\"]\n");
  rig.Deploy("1");
  const Printed good = rig.Run({"watch"});
  CHECK(good.exit == 0);
  CHECK(good.out == "1: ok, look 0 of 40\n  command      ok: exit status 0\n");
  rig.Configure("[watch]\ncommand = [\"sh\", \"-c\", \"exit 1\"]\n");
  const Printed bad = rig.Run({"watch", "--json"});
  CHECK(bad.exit == 8);
  CHECK(Has(bad.out, "\"value\":\"bad\""));
}

TEST_CASE("a watch that is stopped ends, and the status says by whom") {
  CommandRig rig;
  rig.Configure("[watch]\ncommand = [\"sh\", \"-c\", \"exit 0\"]\n");
  rig.Deploy("1");
  CHECK(Has(rig.Run({"watch", "--stop", "--dry-run"}).out,
            "end the watch over 1"));
  CHECK(Has(rig.Run({"status"}).out, "look 0 of 40; nobody looks"));
  const Printed stop = rig.Run({"watch", "--stop"});
  CHECK(stop.exit == 0);
  CHECK(stop.err == "1 is no longer watched\n");
  CHECK(Has(rig.Run({"status"}).out, "ended: stopped by "));
  CHECK(rig.Run({"watch", "--stop", "--json"}).exit == 1);
}

TEST_CASE("a run of the watch reports a bad release, and the status shows it") {
  CommandRig rig;
  rig.Configure(
      "[watch]\nfor = \"3s\"\nevery = \"1s\"\nbad = 2\n"
      "command = [\"sh\", \"-c\", \"echo 7 errors; exit 1\"]\n");
  rig.Deploy("1");
  const Printed run = rig.Run({"watch", "--run"});
  CHECK(run.exit == 8);
  CHECK(Has(run.out, "1: bad, look 2 of 3, 2 bad in a row"));
  CHECK(
      Has(run.err, "the watch over 1 has ended: bad: command: exit status 1"));
  const Printed status = rig.Run({"status", "--check"});
  CHECK(status.exit == 8);
  CHECK(Has(status.out, "ATTENTION: the watch has found it bad, 1 is live"));
  CHECK(rig.Run({"status", "--json"}).exit == 0);
  CHECK(Has(rig.Run({"status", "--metrics"}).out, "release_watch_bad{"));
  CHECK(Has(rig.Run({"history"}).out, "watch-found-bad"));
}

}  // namespace release
