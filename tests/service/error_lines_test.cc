#include "service/error_lines.h"

#include <doctest/doctest.h>

#include "support/fake_runner.h"

namespace release {

using namespace std::chrono_literals;

TEST_CASE("each entry of the journal has one stamp, however many lines") {
  CHECK(ParseLineTimes("[    5.000000] shop[7]: cannot connect\n"
                       "             at db.js:12\n"
                       "[12345.500000] systemd[1]: Failed\n") ==
        LineTimes{5s, 12345s + 500ms});
  CHECK(ParseLineTimes("").empty());
  CHECK(ParseLineTimes("-- No entries --\n[x] a\n[\n[1 b\n").empty());
}

TEST_CASE("lines are counted in a span that excludes its beginning") {
  const LineTimes times = {1s, 2s, 2s, 3s};
  CHECK(CountLines(times, 0s, 9s) == 4);
  CHECK(CountLines(times, 1s, 2s) == 2);
  CHECK(CountLines(times, 3s, 9s) == 0);
  CHECK(CountLines(times, 9s, 1s) == 0);
}

TEST_CASE("the busiest minute is looked for in the given ones only") {
  const LineTimes times = {10s, 11s, 12s, 13s, 100s, 101s, 170s};
  CHECK(BusiestMinute(times, 180s, 3) == 4);
  CHECK(BusiestMinute(times, 180s, 2) == 2);
  CHECK(BusiestMinute(times, 180s, 1) == 1);
  CHECK(BusiestMinute({}, 180s, 3) == 0);
}

TEST_CASE("a unit's newest errors are asked for, and those of this boot") {
  FakeRunner runner;
  runner.On("journalctl", Exited(0, "[    5.000000] shop[7]: Boom\n"));
  CHECK(ReadErrorTimes(&runner, "shop.service", 11) == LineTimes{5s});
  const std::string asked = Joined(runner.commands.back());
  for (const char* part : {"--boot", "--priority=err", "--unit=shop.service",
                           "--lines 11", "short-monotonic"}) {
    CAPTURE(part);
    CHECK(asked.find(part) != std::string::npos);
  }
  runner.On("journalctl", Exited(1, "No journal files were found.\n"));
  CHECK_FALSE(ReadErrorTimes(&runner, "shop.service", 11));
}

TEST_CASE("a stop was asked for if systemd logged one after the given time") {
  FakeRunner runner;
  runner.On("journalctl", Exited(0, "[    5.000000] systemd[1]: Stopping\n"));
  CHECK(StopWasAsked(&runner, "shop.service", 4s) == true);
  CHECK(Joined(runner.commands.front()) == "journalctl --sync");
  CHECK(StopWasAsked(&runner, "shop.service", 5s) == false);
  runner.On("journalctl", Exited(0, ""));
  CHECK(StopWasAsked(&runner, "shop.service", 4s) == false);
  runner.On("journalctl", Exited(1));
  CHECK_FALSE(StopWasAsked(&runner, "shop.service", 4s));
}

}  // namespace release
