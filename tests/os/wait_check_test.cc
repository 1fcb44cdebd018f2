#include "os/wait_check.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include "base/error.h"
#include "os/input.h"
#include "support/expect_error.h"

namespace release {

TEST_CASE("a check is called now and then, and never after its end") {
  AskWhetherToGoOn();
  CHECK(WaitBeforeAsking() == -1);
  int asked = 0;
  {
    const WaitCheck check([&] { ++asked; });
    AskWhetherToGoOn();
    AskWhetherToGoOn();
    CHECK(asked == 1);
    CHECK(WaitBeforeAsking() > 0);
    usleep(250'000);
    AskWhetherToGoOn();
    CHECK(asked == 2);
  }
  AskWhetherToGoOn();
  CHECK(asked == 2);
  CHECK(WaitBeforeAsking() == -1);
}

TEST_CASE("a check can end a wait for input") {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const int before = dup(0);
  REQUIRE(dup2(ends[0], 0) == 0);
  Input input = Input::FromDescriptor(kStandardInput, "standard input");
  int asked = 0;
  const WaitCheck check([&] {
    if (++asked == 3) throw Error(ErrorCode::kAborted, "enough");
  });
  char buffer[8];
  CHECK(ErrorOf([&] { input.Read(buffer); }).code() == ErrorCode::kAborted);
  CHECK(asked == 3);
  dup2(before, 0);
  for (const int fd : {ends[0], ends[1], before}) close(fd);
}

}  // namespace release
