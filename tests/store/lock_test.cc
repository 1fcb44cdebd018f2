#include "store/lock.h"

#include <doctest/doctest.h>

#include <csignal>

#include "deploy/operations.h"
#include "os/cancellation.h"
#include "store/layout.h"
#include "support/expect_error.h"
#include "support/fake_clock.h"
#include "support/fault_fs.h"
#include "support/mem_fs.h"
#include "support/root_files.h"

namespace release {
namespace {

const Identity kAlice{.user = "alice",
                      .host = "web1",
                      .ssh_client = "10.0.0.7",
                      .pid = 4711,
                      .command = "release deploy x.tar"};
const Identity kBob{.user = "bob", .pid = 1};

struct Root {
  Root() { InitializeLayout(&disk); }
  MemFs disk;
  FakeClock clock;
};

TEST_CASE("one process holds the lock, until the object is destroyed") {
  Root root;
  CHECK(!FindLockHolder(&root.disk));
  {
    const Lock lock(&root.disk, &root.clock, kAlice, Nanoseconds(0));
    const auto holder = FindLockHolder(&root.disk);
    REQUIRE(holder);
    CHECK(holder->caller.user == "alice");
    CHECK(holder->caller.pid == 4711);
    CHECK(holder->caller.command == "release deploy x.tar");
    CHECK(holder->since == root.clock.wall_seconds);
  }
  CHECK(!FindLockHolder(&root.disk));
  const Lock lock(&root.disk, &root.clock, kBob, Nanoseconds(0));
  CHECK(FindLockHolder(&root.disk)->caller.user == "bob");
}

TEST_CASE("a holder's command line begins no line of a message") {
  Root root;
  Identity caller = kAlice;
  caller.command = "release deploy \"x\n1.4.3 is live\"";
  const Lock lock(&root.disk, &root.clock, caller, Nanoseconds(0));
  const Error error = ErrorOf([&] {
    const Lock second(&root.disk, &root.clock, kBob, Nanoseconds(0));
  });
  CHECK(error.code() == ErrorCode::kBusy);
  CHECK(Says(error, "running: release deploy \"x\\n1.4.3 is live\""));
}

TEST_CASE("taking the lock removes the abort requests of earlier holders") {
  Root root;
  PutFile(&root.disk, AbortPath(4), "");
  PutFile(&root.disk, ConfirmPath(4), "");
  const Lock lock(&root.disk, &root.clock, kAlice, Nanoseconds(0));
  CHECK(!Exists(&root.disk, AbortPath(4)));
  CHECK(Exists(&root.disk, ConfirmPath(4)));
}

// Leaves an abort request the moment the lock is taken, as an `abort` does that
// just saw it taken.
class AbortAtOnceFs final : public MemFs {
 public:
  bool TryLock(Handle file) override {
    const bool taken = MemFs::TryLock(file);
    if (taken) PutFile(this, AbortPath(1), "");
    return taken;
  }
};

TEST_CASE("taking the lock keeps an abort request that is meant for it") {
  AbortAtOnceFs disk;
  InitializeLayout(&disk);
  FakeClock clock;
  const Lock lock(&disk, &clock, kAlice, Nanoseconds(0));
  CHECK(Exists(&disk, AbortPath(1)));
}

TEST_CASE("busy names who holds the lock, since when and in which step") {
  Root root;
  const Lock lock(&root.disk, &root.clock, kAlice, Nanoseconds(0));
  Journal journal(&root.disk, 1, Journal::RecordSpace::kNewFile);
  journal.Begin(BeginRecord());
  journal.StepBegun("unpack");
  const Error error = ErrorOf(
      [&] { Lock(&root.disk, &root.clock, kBob, std::chrono::seconds(0)); });
  CHECK(error.code() == ErrorCode::kBusy);
  CHECK(ExitBeforeSwitch(error.code()) == Exit::kBusy);
  CHECK(Says(error, "alice@10.0.0.7"));
  CHECK(Says(error, "4711"));
  CHECK(Says(error, "step unpack of transaction 1"));
  CHECK(Says(error, "release deploy x.tar"));
}

TEST_CASE("the lock is waited for as long as was asked") {
  Root root;
  std::optional<Lock> held(std::in_place, &root.disk, &root.clock, kAlice,
                           Nanoseconds(0));
  const Nanoseconds start = root.clock.SinceBoot();
  CHECK_THROWS_AS(Lock(&root.disk, &root.clock, kBob, std::chrono::seconds(10)),
                  Error);
  CHECK(root.clock.SinceBoot() - start >= std::chrono::seconds(10));
  CHECK(root.clock.SinceBoot() - start < std::chrono::seconds(11));
  root.clock.At(root.clock.SinceBoot() + std::chrono::seconds(3),
                [&] { held.reset(); });
  const Lock lock(&root.disk, &root.clock, kBob, std::chrono::seconds(10));
  CHECK(FindLockHolder(&root.disk)->caller.user == "bob");
}

TEST_CASE("somebody who looks at the lock for an instant makes nobody busy") {
  Root root;
  std::optional<Lock> looker(std::in_place, &root.disk, &root.clock, kAlice,
                             Nanoseconds(0));
  root.clock.At(root.clock.SinceBoot() + std::chrono::milliseconds(100),
                [&] { looker.reset(); });
  const Lock lock(&root.disk, &root.clock, kBob, Nanoseconds(0));
  CHECK(FindLockHolder(&root.disk)->caller.user == "bob");
}

TEST_CASE("a signal ends the wait for the lock") {
  Root root;
  const Lock lock(&root.disk, &root.clock, kAlice, Nanoseconds(0));
  root.clock.At(root.clock.SinceBoot() + std::chrono::seconds(1),
                [] { SetInterruptSignal(SIGTERM); });
  const Error error = ErrorOf(
      [&] { Lock(&root.disk, &root.clock, kBob, std::chrono::hours(1)); });
  SetInterruptSignal(0);
  CHECK(error.code() == ErrorCode::kInterrupted);
}

TEST_CASE("the lock of a process that died is free") {
  Root root;
  const Lock lock(&root.disk, &root.clock, kAlice, Nanoseconds(0));
  MemFs after = root.disk.Killed();
  CHECK(!FindLockHolder(&after));
  const Lock next(&after, &root.clock, kBob, Nanoseconds(0));
  CHECK(FindLockHolder(&after)->caller.user == "bob");
}

TEST_CASE("a damaged display text does not prevent locking") {
  Root root;
  for (const char* text : {"", "{", "[]", "{\"pid\":\"x\",\"user\":7}"}) {
    PutFile(&root.disk, kLock, text);
    const Lock lock(&root.disk, &root.clock, kAlice, Nanoseconds(0));
    CHECK(FindLockHolder(&root.disk)->caller.user == "alice");
  }
}

TEST_CASE("a full disk does not prevent locking") {
  Root root;
  FaultFs full(&root.disk);
  { const Lock lock(&root.disk, &root.clock, kBob, Nanoseconds(0)); }
  full.FailFrom(1, ENOSPC, FsCall::kWrite);
  const Lock lock(&full, &root.clock, kAlice, Nanoseconds(0));
  CHECK(full.failed());
  // The text is empty; the name of the holder before would be wrong.
  CHECK(FindLockHolder(&root.disk)->caller.user == "");
}

TEST_CASE("a display text overwrites the one before, longer or shorter") {
  Root root;
  Identity caller = kAlice;
  for (const std::size_t length : {5, 500, 50}) {
    caller.command = std::string(length, 'x');
    FaultFs fs(&root.disk);
    const Lock lock(&fs, &root.clock, caller, Nanoseconds(0));
    CHECK(FindLockHolder(&root.disk)->caller.command == caller.command);
    // The file is never emptied first: on a full disk its block could be gone
    // before the new text is written.
    CHECK(root.disk.Stat(Fs::kRoot, kLock)->size > length);
  }
}

TEST_CASE("the lock file is never unlinked") {
  Root root;
  { const Lock lock(&root.disk, &root.clock, kAlice, Nanoseconds(0)); }
  const auto inode = root.disk.Stat(Fs::kRoot, kLock)->inode;
  { const Lock lock(&root.disk, &root.clock, kBob, Nanoseconds(0)); }
  CHECK(root.disk.Stat(Fs::kRoot, kLock)->inode == inode);
}

}  // namespace
}  // namespace release
