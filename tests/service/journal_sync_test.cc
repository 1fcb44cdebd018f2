#include "service/journal_sync.h"

#include <doctest/doctest.h>

#include "support/fake_runner.h"

namespace release {
namespace {

TEST_CASE("journald is asked to read on, and need not answer") {
  for (const int status : {0, 1}) {
    CAPTURE(status);
    FakeRunner runner;
    runner.On("journalctl", Exited(status));
    SyncJournal(&runner);
    REQUIRE(runner.commands.size() == 1);
    CHECK(Joined(runner.commands[0]) == "journalctl --sync");
    CHECK(runner.commands[0].timeout == std::chrono::seconds(2));
  }
}

}  // namespace
}  // namespace release
