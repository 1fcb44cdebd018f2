#include "os/interrupt.h"

#include <doctest/doctest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

namespace release {
namespace {

bool Readable() {
  pollfd descriptor = {InterruptDescriptor(), POLLIN, 0};
  return poll(&descriptor, 1, 0) == 1;
}

// Runs `body` in a child process, so that its signal handlers affect no other
// test.
template <typename Body>
int InChild(Body body) {
  const pid_t child = fork();
  if (child == 0) _exit(body());
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

TEST_CASE("a request is visible until it is cleared") {
  CHECK(InterruptSignal() == 0);
  CHECK_FALSE(Readable());
  SetInterruptSignal(SIGTERM);
  CHECK(InterruptSignal() == SIGTERM);
  CHECK(Readable());
  SetInterruptSignal(0);
  CHECK(InterruptSignal() == 0);
  CHECK_FALSE(Readable());
}

TEST_CASE("the first signal counts, later ones change nothing") {
  SetInterruptSignal(SIGINT);
  SetInterruptSignal(SIGTERM);
  CHECK(InterruptSignal() == SIGINT);
  SetInterruptSignal(0);
  CHECK_FALSE(Readable());
}

TEST_CASE("a held request is kept but not visible") {
  SetInterruptSignal(SIGINT);
  {
    const HoldInterrupts outer;
    const HoldInterrupts inner;
    CHECK(InterruptSignal() == 0);
    CHECK_FALSE(Readable());
  }
  CHECK(InterruptSignal() == SIGINT);
  CHECK(Readable());
  SetInterruptSignal(0);
}

TEST_CASE("SIGINT and SIGTERM ask to stop; the others are ignored") {
  CHECK(InChild([] {
          if (CatchInterrupts()) return 4;
          raise(SIGHUP);
          raise(SIGPIPE);
          raise(SIGXFSZ);
          if (InterruptSignal() != 0) return 1;
          raise(SIGTERM);
          if (InterruptSignal() != SIGTERM || !Readable()) return 2;
          raise(SIGINT);
          return InterruptSignal() == SIGTERM ? 0 : 3;
        }) == 0);
  // Counter-check: without the handlers each of these signals kills.
  CHECK(InChild([] { return raise(SIGHUP); }) == 128 + SIGHUP);
}

}  // namespace release
