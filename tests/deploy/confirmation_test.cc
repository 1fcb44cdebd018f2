#include "deploy/confirmation.h"

#include <doctest/doctest.h>

#include "store/layout.h"
#include "support/expect_error.h"
#include "support/root_files.h"
#include "support/world.h"

namespace release {

using namespace std::chrono_literals;

TEST_CASE("a confirmation in time ends the wait, and its file is removed") {
  World world;
  StepRecorder recorder(&world.context, 7);
  const Version version = Version::ParseOrThrow("1");
  const Nanoseconds before = world.clock.SinceBoot();
  world.clock.At(before + 3s,
                 [&] { PutFile(&world.disk, ConfirmPath(7), ""); });
  AwaitConfirmation(&recorder, version, 10s);
  CHECK(world.clock.SinceBoot() - before < 4s);
  CHECK_FALSE(Exists(&world.disk, ConfirmPath(7)));
}

TEST_CASE("without a confirmation the wait fails, and says how long it was") {
  World world;
  StepRecorder recorder(&world.context, 7);
  PutFile(&world.disk, ConfirmPath(8), "");
  const Error error = ErrorOf(
      [&] { AwaitConfirmation(&recorder, Version::ParseOrThrow("1"), 10s); });
  CHECK(error.code() == ErrorCode::kNotConfirmed);
  CHECK(Says(error, "not confirmed within 10"));
}

}  // namespace release
