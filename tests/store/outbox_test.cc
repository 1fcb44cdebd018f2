#include "store/outbox.h"

#include <doctest/doctest.h>

#include <cerrno>

#include "deploy/operations.h"
#include "store/durable.h"
#include "store/layout.h"
#include "support/fake_clock.h"
#include "support/fault_fs.h"
#include "support/mem_fs.h"
#include "support/root_files.h"

namespace release {
namespace {

struct Root {
  Root() {
    InitializeLayout(&disk);
    disk.SyncTree(Fs::kRoot);
  }
  std::string Names() {
    std::string names;
    for (const OutboxEntry& entry : ListOutbox(&disk)) {
      names += entry.Name() + " ";
    }
    return names;
  }
  MemFs disk;
  FakeClock clock;
};

}  // namespace

TEST_CASE("an entry has one name, and only that name is parsed") {
  const OutboxEntry entry{42, "webhook"};
  CHECK(entry.Path() == ".release/outbox/000042-webhook.json");
  CHECK(ParseOutboxName("000042-webhook.json") == entry);
  for (const char* bad :
       {"42-webhook.json", "000042.json", "000042-webhook", ".tries",
        ".new-000042-webhook.json", "x-webhook.json", "-.json", ""}) {
    CAPTURE(bad);
    CHECK(!ParseOutboxName(bad));
  }
}

TEST_CASE("waiting entries are listed, oldest first") {
  Root root;
  CHECK(ListOutbox(&root.disk).empty());
  PutNotice(&root.disk, 1'000'000, {"webhook"}, "c");
  PutNotice(&root.disk, 3, {"webhook", "command"}, "b");
  PutNotice(&root.disk, 2, {"command"}, "a");
  CHECK(root.Names() ==
        "000002-command.json 000003-command.json 000003-webhook.json "
        "1000000-webhook.json ");
}

TEST_CASE("a notice replaces that of its transaction, on all channels") {
  Root root;
  PutNotice(&root.disk, 2, {"webhook", "command"}, "success");
  PutNotice(&root.disk, 3, {"webhook"}, "other");
  PutNotice(&root.disk, 2, {"command"}, "failure");
  CHECK(root.Names() == "000002-command.json 000003-webhook.json ");
  CHECK(ReadFile(&root.disk, ".release/outbox/000002-command.json") ==
        "failure");
  PutNotice(&root.disk, 2, {}, "");
  CHECK(root.Names() == "000003-webhook.json ");
}

TEST_CASE("a notice is durable when it is put") {
  Root root;
  PutNotice(&root.disk, 2, {"webhook"}, "text");
  CHECK(root.disk.pending() == 0);
  MemFs without;
  InitializeLayout(&without);
  without.SyncTree(Fs::kRoot);
  without.RemoveDirectory(Fs::kRoot, kOutbox);
  without.SyncTree(Fs::kRoot);
  PutNotice(&without, 2, {"webhook"}, "text");
  CHECK(without.pending() == 0);
  CHECK(ListOutbox(&without).size() == 1);
}

TEST_CASE("a file that a crash left half written is removed by the next put") {
  Root root;
  PutFile(&root.disk, ".release/outbox/.new-000001-webhook.json", "{\"te");
  CHECK(ListOutbox(&root.disk).empty());
  PutNotice(&root.disk, 2, {"webhook"}, "text");
  CHECK(!Exists(&root.disk, ".release/outbox/.new-000001-webhook.json"));
}

TEST_CASE("waits double from half a minute to an hour, whatever the clock") {
  Tries tries;
  CHECK(tries.Due(0));
  tries = {.count = 1, .last = 1000, .reason = ""};
  CHECK(!tries.Due(1029));
  CHECK(tries.Due(1030));
  tries.count = 2;
  CHECK(!tries.Due(1059));
  CHECK(tries.Due(1060));
  for (const unsigned many : {8u, 100u, 4'000'000'000u}) {
    tries.count = many;
    CHECK(!tries.Due(1000 + 3599));
    CHECK(tries.Due(1000 + 3600));
  }
  CHECK(tries.Due(999));
}

TEST_CASE("one process delivers at a time; removals and tries are kept") {
  Root root;
  PutNotice(&root.disk, 2, {"webhook", "command"}, "text");
  {
    auto lock = OutboxLock::Take(&root.disk, &root.clock, Nanoseconds(0));
    REQUIRE(lock);
    const Nanoseconds start = root.clock.SinceBoot();
    CHECK(!OutboxLock::Take(&root.disk, &root.clock, std::chrono::seconds(1)));
    CHECK(root.clock.SinceBoot() - start >= std::chrono::seconds(1));
    lock->Remove({2, "command"});
    lock->tries["000002-webhook.json"] = {
        .count = 2, .last = 77, .reason = "status 500"};
    lock->Finish();
  }
  CHECK(root.Names() == "000002-webhook.json ");
  root.disk = root.disk.Killed();
  auto lock = OutboxLock::Take(&root.disk, &root.clock, Nanoseconds(0));
  REQUIRE(lock);
  CHECK(lock->tries.at("000002-webhook.json").count == 2);
  CHECK(ReadTries(&root.disk).at("000002-webhook.json").reason == "status 500");
  lock->Remove({2, "webhook"});
  lock->Finish();
  CHECK(ReadTries(&root.disk).empty());
}

TEST_CASE("tries that cannot be read or written are forgotten") {
  Root root;
  PutFile(&root.disk, ".release/outbox/.tries", "{\"a\":{\"coun");
  CHECK(ReadTries(&root.disk).empty());
  PutFile(&root.disk, ".release/outbox/.tries", "{\"a\":{\"count\":\"x\"}}");
  CHECK(ReadTries(&root.disk).size() <= 1);
  FaultFs full(&root.disk);
  auto lock = OutboxLock::Take(&full, &root.clock, Nanoseconds(0));
  REQUIRE(lock);
  lock->tries["b"] = {.count = 1, .last = 1, .reason = ""};
  full.FailFrom(1, ENOSPC, FsCall::kWrite);
  CHECK_NOTHROW(lock->Finish());
  CHECK(full.failed());
}

}  // namespace release
