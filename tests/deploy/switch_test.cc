#include "deploy/switch.h"

#include <doctest/doctest.h>

#include "support/expect_error.h"
#include "support/mem_fs.h"
#include "support/root_files.h"

namespace release {
namespace {

const Version kTwo = Version::ParseOrThrow("2");

struct Root : MemFs {
  Root() {
    MakeDirectory(kRoot, ".release", 0750);
    MakeDirectory(kRoot, "releases", 0755);
    MakeDirectory(kRoot, "releases/2", 0755);
    record.number = 7;
    record.begin = BeginRecord{.to = kTwo};
  }
  TransactionRecord record;
};

TEST_CASE("a switch points current at the release, durably") {
  Root fs;
  PutLink(&fs, "current", "releases/1");
  fs.SyncTree(Fs::kRoot);
  CHECK(!SwitchCurrent(&fs, fs.record, CurrentBefore::kLink,
                       LinkChange::kForward));
  RequireLive(&fs, kTwo);
  fs.ForEachPowerCut([](MemFs left) { RequireLive(&left, kTwo); });
}

TEST_CASE("a directory in the place of current is set aside and named") {
  Root fs;
  fs.MakeDirectory(Fs::kRoot, "current", 0755);
  const auto remark =
      SwitchCurrent(&fs, fs.record, CurrentBefore::kOther, LinkChange::kBack);
  REQUIRE(remark);
  CHECK(remark->ends_with("its previous content is now current-before-000007"));
  RequireLive(&fs, kTwo);
}

TEST_CASE("a link that moved is noticed before and after the switch") {
  Root fs;
  BeginRecord begin;
  CHECK(IsUnmoved(&fs, begin, CurrentBefore::kLink));
  CHECK(!IsUnmoved(&fs, begin, CurrentBefore::kOther));
  begin.from_target = "releases/1";
  CHECK(!IsUnmoved(&fs, begin, CurrentBefore::kLink));
  PutLink(&fs, "current", "releases/1");
  CHECK(IsUnmoved(&fs, begin, CurrentBefore::kLink));
  RequireUnmoved(&fs, begin, CurrentBefore::kLink);
  PutLink(&fs, "current", "releases/3");
  CHECK(ErrorOf([&] {
          RequireUnmoved(&fs, begin, CurrentBefore::kLink);
        }).code() == ErrorCode::kLinkMoved);
  CHECK(ErrorOf([&] { RequireLive(&fs, kTwo); }).code() ==
        ErrorCode::kLinkMoved);
  fs.RemoveFile(Fs::kRoot, "current");
  fs.MakeDirectory(Fs::kRoot, "current", 0755);
  CHECK(!IsUnmoved(&fs, begin, CurrentBefore::kLink));
  CHECK(IsUnmoved(&fs, begin, CurrentBefore::kOther));
}

TEST_CASE("undoing a switch restores, removes or leaves current") {
  using Link = RecoveryPlan::Link;
  Root fs;
  fs.record.begin->from_target = "releases/1";
  PutLink(&fs, "current", "releases/2");
  fs.SyncTree(Fs::kRoot);
  UndoSwitch(&fs, fs.record, Link::kLeave);
  CHECK(fs.ReadLink(Fs::kRoot, "current") == "releases/2");
  UndoSwitch(&fs, fs.record, Link::kRestore);
  fs.ForEachPowerCut([](MemFs left) {
    CHECK(left.ReadLink(Fs::kRoot, "current") == "releases/1");
  });
  UndoSwitch(&fs, fs.record, Link::kRemove);
  fs.ForEachPowerCut(
      [](MemFs left) { CHECK(!left.Stat(Fs::kRoot, "current")); });
}

TEST_CASE("a switch that is back already is synced when it is undone") {
  Root fs;
  fs.SyncTree(Fs::kRoot);
  PutLink(&fs, "current", "releases/1");
  UndoSwitch(&fs, fs.record, RecoveryPlan::Link::kSync);
  fs.ForEachPowerCut([](MemFs left) {
    CHECK(left.ReadLink(Fs::kRoot, "current") == "releases/1");
  });
}

}  // namespace
}  // namespace release
