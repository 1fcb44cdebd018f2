#include "base/command_id.h"

#include <doctest/doctest.h>

namespace release {

TEST_CASE("each command has a name of its own, and is found by it") {
  for (int i = 0; i <= static_cast<int>(CommandId::kUnknown); ++i) {
    const auto command = static_cast<CommandId>(i);
    CHECK(ParseCommandName(CommandName(command)) == command);
  }
  CHECK(CommandName(CommandId::kRollback) == "rollback");
}

TEST_CASE("a command of a later version is unknown") {
  CHECK(ParseCommandName("teleport") == CommandId::kUnknown);
}

}  // namespace release
