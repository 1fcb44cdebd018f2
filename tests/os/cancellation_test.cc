#include "os/cancellation.h"

#include <doctest/doctest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "os/input.h"
#include "support/expect_error.h"
#include "support/mem_fs.h"
#include "support/root_files.h"

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
    const CancellationShield outer;
    const CancellationShield inner;
    CHECK(InterruptSignal() == 0);
    CHECK_FALSE(Readable());
  }
  CHECK(InterruptSignal() == SIGINT);
  CHECK(Readable());
  SetInterruptSignal(0);
}

TEST_CASE("a second request passes a shield that listens to it") {
  const CancellationShield shield;
  SetInterruptSignal(SIGTERM);
  {
    const InsistentSignals second;
    CHECK(InterruptSignal() == 0);
    CHECK_FALSE(Readable());
    ThrowIfCancelled();
    // timeout(1) sends a signal twice at once.
    SetInterruptSignal(SIGTERM);
    CHECK(InterruptSignal() == 0);
    SetInterruptSignal(SIGINT, std::chrono::seconds(2));
    CHECK(InterruptSignal() == SIGINT);
    CHECK(Readable());
    CHECK(ErrorOf(ThrowIfCancelled).code() == ErrorCode::kInterrupted);
  }
  CHECK(InterruptSignal() == 0);
  CHECK_FALSE(Readable());
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
  // Counter-check: without the handlers each of these signals kills. The tests
  // may have been started with this one ignored, as nohup does.
  CHECK(InChild([] {
          signal(SIGHUP, SIG_DFL);
          return raise(SIGHUP);
        }) == 128 + SIGHUP);
}

TEST_CASE("an abort request throws while it is watched for") {
  MemFs disk;
  PutFile(&disk, "abort", "");
  CHECK(CancellationPollTime() == -1);
  ThrowIfCancelled();
  {
    const AbortWatch watch(&disk, "abort", "asked to abort");
    CHECK(CancellationPollTime() > 0);
    CHECK(ErrorOf(ThrowIfCancelled).code() == ErrorCode::kAborted);
    PutFile(&disk, "abort", "bob");
    CHECK(Says(ErrorOf(ThrowIfCancelled), "asked to abort by bob"));
    const CancellationShield shield;
    CHECK(CancellationPollTime() == -1);
    ThrowIfCancelled();
  }
  ThrowIfCancelled();
}

TEST_CASE("an abort request ends a wait for input") {
  MemFs disk;
  const AbortWatch watch(&disk, "abort", "asked to abort");
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const int before = dup(0);
  REQUIRE(dup2(ends[0], 0) == 0);
  Input input = Input::FromDescriptor(kStandardInput, "standard input");
  std::thread aborter([&] { PutFile(&disk, "abort", ""); });
  char buffer[8];
  CHECK(ErrorOf([&] { input.Read(buffer); }).code() == ErrorCode::kAborted);
  aborter.join();
  dup2(before, 0);
  for (const int fd : {ends[0], ends[1], before}) close(fd);
}

}  // namespace release
