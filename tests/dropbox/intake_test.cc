#include "dropbox/intake.h"

#include <doctest/doctest.h>

#include <cerrno>

#include "dropbox/upload.h"
#include "dropbox/upload_try.h"
#include "os/cancellation.h"
#include "store/durable.h"
#include "store/journal.h"
#include "store/layout.h"
#include "support/drop_box.h"
#include "support/fault_fs.h"
#include "support/root_files.h"

namespace release {

TEST_CASE("an upload with its checksum beside it goes live and is removed") {
  DropBox box;
  box.UploadVersion("1.0");
  const UploadResult& last = box.Take();
  CHECK(last.outcome.exit == Exit::kDone);
  CHECK(box.world.Current() == "releases/1.0");
  CHECK(!box.There("shop-1.0.tar"));
  CHECK(!box.There("shop-1.0.tar.sha256"));
  CHECK(!box.There("rejected"));
}

TEST_CASE("an upload without its checksum is not ready") {
  DropBox box;
  box.Put("shop-1.0.tar", World::ArchiveOf("1.0"));
  box.Put(".hidden.sha256", "");
  CHECK(ReadyUploads(&box.world.disk).empty());
}

TEST_CASE("uploads are deployed in the order of arrival, each recorded") {
  DropBox box;
  for (const char* version : {"1.10", "1.9", "1.2"}) box.UploadVersion(version);
  box.Take();
  CHECK(box.taken.size() == 3);
  CHECK(box.world.Current() == "releases/1.2");
  CHECK(box.taken.back().outcome.transaction == 3);
  CHECK(GravestExit(box.taken) == Exit::kDone);
}

TEST_CASE("an upload that comes again changes nothing and is removed") {
  DropBox box;
  box.UploadVersion("1.0");
  box.Take();
  box.UploadVersion("1.0");
  CHECK(box.Take().outcome.result == Result::kUnchanged);
  CHECK(ReadyUploads(&box.world.disk).empty());
}

TEST_CASE("an upload with another checksum is rejected") {
  DropBox box;
  box.UploadVersion("1.0");
  box.Put("shop-1.0.tar.sha256", std::string(64, 'a'));
  box.CheckRejected("shop-1.0.tar", ErrorCode::kChecksumMismatch);
  CHECK(box.There("rejected/shop-1.0.tar"));
  CHECK(GravestExit(box.taken) == Exit::kRefused);
}

TEST_CASE("a checksum file that stays empty is waited for, then rejected") {
  DropBox box;
  box.UploadVersion("1.0");
  box.Put("shop-1.0.tar.sha256", "");
  box.world.clock.wall_seconds = 0;  // the file is new
  const Nanoseconds before = box.world.clock.SinceBoot();
  box.CheckRejected("shop-1.0.tar", ErrorCode::kChecksumUnreadable);
  CHECK(box.world.clock.SinceBoot() - before >= std::chrono::seconds(5));
}

TEST_CASE("a checksum file that is filled in time is used") {
  DropBox box;
  box.UploadVersion("1.0");
  box.Put("shop-1.0.tar.sha256", "");
  box.world.clock.wall_seconds = 0;  // the file is new
  box.world.clock.At(box.world.clock.SinceBoot() + std::chrono::seconds(1),
                     [&] { box.UploadVersion("1.0"); });
  CHECK(box.Take().outcome.exit == Exit::kDone);
}

TEST_CASE("a checksum without an archive is rejected") {
  DropBox box;
  box.Put("shop-1.0.tar.sha256", std::string(64, 'a'));
  box.CheckRejected("shop-1.0.tar", ErrorCode::kArchiveUnreadable);
}

TEST_CASE("a directory in an archive's place is rejected") {
  DropBox box;
  box.Put("shop-1.0.tar.sha256", std::string(64, 'a'));
  box.world.disk.MakeDirectory(Fs::kRoot, "incoming/shop-1.0.tar", 0755);
  box.Put("shop-1.0.tar/inside", "x");
  box.CheckRejected("shop-1.0.tar", ErrorCode::kArchiveUnreadable);
  CHECK(box.There("rejected/shop-1.0.tar/inside"));
}

TEST_CASE("a link in an archive's place is not followed") {
  DropBox box;
  PutFile(&box.world.disk, "outside", World::ArchiveOf("1.0"));
  box.Put("shop-1.0.tar.sha256", Sha256Hex(World::ArchiveOf("1.0")));
  box.world.disk.MakeSymlink("../outside", Fs::kRoot, "incoming/shop-1.0.tar");
  box.CheckRejected("shop-1.0.tar", ErrorCode::kArchiveUnreadable);
}

TEST_CASE("a link or a directory in a checksum's place is rejected") {
  for (const bool link : {true, false}) {
    DropBox box;
    box.Put("shop-1.0.tar", World::ArchiveOf("1.0"));
    PutFile(&box.world.disk, "sum", Sha256Hex(World::ArchiveOf("1.0")));
    const std::string path = "incoming/shop-1.0.tar.sha256";
    if (link) {
      box.world.disk.MakeSymlink("../sum", Fs::kRoot, path);
    } else {
      box.world.disk.MakeDirectory(Fs::kRoot, path, 0755);
    }
    box.CheckRejected("shop-1.0.tar", ErrorCode::kChecksumUnreadable);
  }
}

TEST_CASE("a release that fails after the switch is rejected with its reason") {
  DropBox box;
  box.UploadVersion("1.0");
  box.Take();
  box.world.broken.insert("1.1");
  box.UploadVersion("1.1");
  CHECK(box.Take().outcome.exit == Exit::kUndone);
  CHECK(box.world.Current() == "releases/1.0");
  CHECK(ReadFile(&box.world.disk,
                 "incoming/rejected/shop-1.1.tar.reason.json") == "why");
  CHECK(GravestExit(box.taken) == Exit::kUndone);
}

TEST_CASE("an upload that fails does not stop the next one") {
  DropBox box;
  box.Upload("shop-1.0.tar", "no archive at all");
  box.UploadVersion("1.1");
  box.Take();
  CHECK(box.taken.size() == 2);
  CHECK(box.world.Current() == "releases/1.1");
  CHECK(GravestExit(box.taken) == Exit::kRefused);
}

TEST_CASE("an upload that cannot be rejected stops neither itself nor others") {
  DropBox box;
  box.Put("bad.tar.sha256", Sha256Hex("") + "  bad.tar\n");
  box.UploadVersion("1.0");
  FaultFs fault(&box.world.disk);
  box.world.context.fs = &fault;
  fault.FailAt(1, EPERM, FsCall::kMakeDirectory);
  box.Take();
  REQUIRE(box.taken.size() == 2);
  CHECK(box.taken[0].upload == "bad.tar");
  REQUIRE(!box.taken[0].outcome.warnings.empty());
  CHECK(box.taken[0].outcome.warnings[0].starts_with(
      "cannot take \"incoming/bad.tar\" out of the drop box: "));
  CHECK(box.There("bad.tar.sha256"));
  CHECK(box.world.Current() == "releases/1.0");
}

TEST_CASE("an upload called as rejected/ is refused and does not stay") {
  DropBox box;
  box.Put("rejected.sha256", Sha256Hex("") + "  rejected\n");
  box.UploadVersion("1.0");
  box.Take();
  REQUIRE(box.taken.size() == 2);
  CHECK(box.taken[0].outcome.error->code == ErrorCode::kArchiveUnreadable);
  CHECK(box.There("rejected/rejected.sha256"));
  CHECK(!box.There("rejected.sha256"));
  CHECK(box.world.Current() == "releases/1.0");
}

TEST_CASE("uploads stay while an earlier transaction needs a person") {
  DropBox box;
  box.world.Deploy("1");
  box.world.Deploy("2");
  Journal open(&box.world.disk, 3, Journal::RecordSpace::kNewFile);
  open.Begin({.command = CommandId::kDeploy,
              .from_target = "releases/1",
              .to = Version::Parse("2")});
  open.Switching();
  box.UploadVersion("3");
  FaultFs fault(&box.world.disk);
  box.world.context.fs = &fault;
  fault.FailFrom(1, EIO, FsCall::kRename);
  CHECK(box.Take().outcome.exit == Exit::kNeedsPerson);
  CHECK(box.taken.size() == 1);
  CHECK(box.There("shop-3.tar"));
  CHECK(box.There("shop-3.tar.sha256"));
}

TEST_CASE("the latest rejected upload replaces the one before") {
  DropBox box;
  box.world.disk.MakeDirectory(Fs::kRoot, "incoming/rejected", 0755);
  box.world.disk.MakeDirectory(Fs::kRoot, "incoming/rejected/shop-1.0.tar",
                               0755);
  box.Put("rejected/shop-1.0.tar/old", "x");
  box.Upload("shop-1.0.tar", "no archive at all");
  box.Take();
  CHECK(ReadFile(&box.world.disk, "incoming/rejected/shop-1.0.tar") ==
        "no archive at all");
}

TEST_CASE("a rejected/ that is not ours is not used, and stops no other") {
  for (const bool link : {false, true}) {
    CAPTURE(link);
    DropBox box;
    MemFs* disk = &box.world.disk;
    disk->MakeDirectory(Fs::kRoot, "elsewhere", 0755);
    if (link) {
      disk->MakeSymlink("../elsewhere", Fs::kRoot, "incoming/rejected");
    } else {
      disk->MakeDirectory(Fs::kRoot, "incoming/rejected", 0777);
      disk->SetOwner(Fs::kRoot, "incoming/rejected", 1000, 1000);
    }
    box.Upload("bad.tar", "no archive at all");
    box.UploadVersion("1.0");
    box.Take();
    REQUIRE(box.taken.size() == 2);
    CHECK(box.taken[0].outcome.exit == Exit::kRefused);
    REQUIRE(!box.taken[0].outcome.warnings.empty());
    CHECK(box.taken[0].outcome.warnings[0].find(
              "not a directory that this tool made") != std::string::npos);
    CHECK(box.There("bad.tar"));
    CHECK(disk->List(Fs::kRoot, "elsewhere").empty());
    if (!link) CHECK(disk->List(Fs::kRoot, "incoming/rejected").empty());
    CHECK(box.world.Current() == "releases/1.0");
    // With the name free again the next run rejects it, without another try.
    const auto records = ListRecords(disk).size();
    RemoveAny(disk, kRejected);
    CHECK(box.TakeMore() == 0);
    CHECK(box.There("rejected/bad.tar"));
    CHECK(ListRecords(disk).size() == records);
  }
}

TEST_CASE("an upload that replaces the one being deployed is kept") {
  DropBox box;
  box.UploadVersion("1.0");
  // The health probe runs after the whole upload has been read.
  bool put = false;
  box.world.runner.On("probe", [&](const Command&) {
    if (!put) box.Upload("shop-1.0.tar", "the next one, of another size");
    put = true;
    return Exited(0);
  });
  box.Take();
  REQUIRE(box.taken.size() == 2);
  CHECK(box.taken[0].outcome.exit == Exit::kDone);
  CHECK(box.taken[1].outcome.exit == Exit::kRefused);
  CHECK(box.There("rejected/shop-1.0.tar"));
}

TEST_CASE("an upload whose deploy is interrupted stays, to be tried again") {
  DropBox box;
  box.UploadVersion("1.0");
  box.UploadVersion("1.1");
  box.world.runner.On("probe", [](const Command&) {
    SetInterruptSignal(15);
    return Exited(0);
  });
  box.Take();
  SetInterruptSignal(0);
  CHECK(box.taken.size() == 1);
  CHECK(box.There("shop-1.0.tar"));
  CHECK(ReadyUploads(&box.world.disk).size() == 2);
  CHECK(!box.There("rejected"));
  box.world.runner.On("probe", [](const Command&) { return Exited(0); });
  box.Take();
  CHECK(box.world.Current() == "releases/1.1");
}

TEST_CASE("rejected uploads are removed if space is short") {
  DropBox box;
  for (const char* name : {"a.tar", "b.tar", "c.tar"}) {
    box.Upload(name, "no archive at all");
  }
  box.world.disk.SetSpace({.free_bytes = 100});
  box.Take();
  CHECK(!box.There("rejected/a.tar"));
  CHECK(!box.There("rejected/b.tar"));
  CHECK(box.There("rejected/c.tar"));
  for (const char* name : {"a.tar", "b.tar", "c.tar"}) {
    CHECK(box.There(std::string("rejected/") + name + ".reason.json"));
  }
}

TEST_CASE("an upload that kills whoever takes it in is given up") {
  DropBox box;
  box.UploadVersion("1.0");
  box.UploadVersion("1.1");
  for (unsigned i = 0; i < 3; ++i) {
    CAPTURE(i);
    World dies(box.world, box.world.disk);
    dies.runner.On("probe", [&](const Command&) {
      dies.disk.CrashAfter(0);
      return Exited(0);
    });
    CHECK_THROWS_AS(TakeUploads(&dies.context, {}), CrashNow);
    box.world.disk = dies.disk.Killed();
  }
  box.Take();
  REQUIRE(box.taken.size() == 2);
  CHECK(box.taken[0].upload == "shop-1.0.tar");
  CHECK(box.taken[0].outcome.exit == Exit::kFailed);
  CHECK(box.taken[0].outcome.error->message.find("died 3 times in a row") !=
        std::string::npos);
  CHECK(box.There("rejected/shop-1.0.tar"));
  CHECK(box.world.Current() == "releases/1.1");
  // The same upload put there again counts as a new one.
  box.UploadVersion("1.0");
  CHECK(box.Take().outcome.exit == Exit::kDone);
}

TEST_CASE("an upload that cannot be removed is taken in once only") {
  DropBox box;
  box.world.Deploy("0.9");
  box.UploadVersion("1.0");
  FaultFs fault(&box.world.disk);
  box.world.context.fs = &fault;
  // The first removal is the one of the checksum file.
  box.world.runner.On("probe", [&](const Command&) {
    fault.FailFrom(1, EPERM, FsCall::kRemoveFile);
    return Exited(0);
  });
  CHECK(box.Take().outcome.exit == Exit::kDone);
  REQUIRE(!box.taken[0].outcome.warnings.empty());
  CHECK(box.There("shop-1.0.tar.sha256"));
  box.world.context.fs = &box.world.disk;
  REQUIRE(box.world.Rollback().exit == Exit::kDone);
  box.world.context.fs = &fault;
  const auto records = ListRecords(&box.world.disk).size();
  for (int i = 0; i < 5; ++i) {
    CHECK(box.Take().outcome.exit == Exit::kFailed);
    CHECK(box.taken.size() == 1);
    CHECK(box.taken[0].outcome.current == "0.9");
    CHECK(box.taken[0].outcome.error->message.find(
              "transaction 2 took it in") != std::string::npos);
  }
  CHECK(box.world.Current() == "releases/0.9");
  CHECK(ListRecords(&box.world.disk).size() == records);
  // Once the files can be removed, the next run does so.
  box.world.context.fs = &box.world.disk;
  CHECK(box.TakeMore() == 0);
  CHECK(!box.There("shop-1.0.tar"));
  CHECK(!box.There("shop-1.0.tar.sha256"));
  CHECK(box.world.Current() == "releases/0.9");
  // The same upload put there again is a new one.
  box.UploadVersion("1.0");
  CHECK(box.Take().outcome.exit == Exit::kDone);
  CHECK(box.world.Current() == "releases/1.0");
}

TEST_CASE("a rejected upload that stays is not tried again, others are") {
  DropBox box;
  box.world.Deploy("0.9");
  box.world.broken.insert("1.0");
  box.UploadVersion("1.0");
  FaultFs fault(&box.world.disk);
  box.world.context.fs = &fault;
  // By the time of the probe the deploy has made its own directories.
  box.world.runner.On("probe", [&](const Command&) {
    fault.FailFrom(1, EPERM, FsCall::kMakeDirectory);
    return Exited(box.world.service == "releases/1.0" ? 1 : 0);
  });
  CHECK(box.Take().outcome.exit == Exit::kUndone);
  CHECK(box.There("shop-1.0.tar.sha256"));
  const auto records = ListRecords(&box.world.disk).size();
  CHECK(box.Take().outcome.exit == Exit::kFailed);
  CHECK(ListRecords(&box.world.disk).size() == records);
  box.world.context.fs = &box.world.disk;
  CHECK(box.TakeMore() == 0);
  CHECK(box.There("rejected/shop-1.0.tar"));
  CHECK(!box.There("shop-1.0.tar.sha256"));
}

TEST_CASE("a process killed anywhere takes an upload in once and leaves none") {
  for (std::uint64_t calls = 0;; ++calls) {
    CAPTURE(calls);
    DropBox box;
    box.world.Deploy("0.9");
    box.UploadVersion("1.0");
    box.world.Settle();
    World dies(box.world, box.world.disk);
    dies.service = "releases/0.9";
    dies.disk.CrashAfter(calls);
    bool died = false;
    try {
      TakeUploads(&dies.context, {});
    } catch (const CrashNow&) {
      died = true;
    }
    box.world.disk = dies.disk.Killed();
    box.world.service = dies.service;
    const bool committed = [&] {
      const DeploymentState state = ReadDeploymentState(&box.world.disk);
      return state.last && state.last->number == 2 &&
             state.last->end->committed;
    }();
    // An admin goes back; the next run must not take that back.
    if (committed) REQUIRE(box.world.Rollback().exit == Exit::kDone);
    box.TakeMore();
    CHECK(box.world.Current() == (committed ? "releases/0.9" : "releases/1.0"));
    CHECK(box.world.disk.List(Fs::kRoot, kIncoming).empty());
    CHECK(ReadUploadNotes(&box.world.disk).empty());
    if (!died) break;
    REQUIRE(calls < 500);
  }
}

TEST_CASE("evidence is checked and moves together with its upload") {
  DropBox box;
  box.UploadVersion("1.0");
  box.Put("shop-1.0.tar.intoto.json", "{}");
  box.Put("shop-1.0.tar.sig", "no signature");
  // The host has no keys to check the evidence with, but must not ignore it.
  CHECK(box.Take().outcome.exit == Exit::kUsage);
  CHECK(box.world.Current() == "");
  for (const char* part : {"", ".sha256", ".intoto.json", ".sig"}) {
    CHECK(!box.There(std::string("shop-1.0.tar") + part));
    CHECK(box.There(std::string("rejected/shop-1.0.tar") + part));
  }
}

TEST_CASE("an upload with the longest possible name gets a reason") {
  DropBox box;
  const std::string name(248, 'x');
  box.Upload(name, "no archive at all");
  box.Take();
  CHECK(box.There("rejected/" + name));
  CHECK(box.There("rejected/" + name.substr(0, 238) + ".reason.json"));
}

}  // namespace release
