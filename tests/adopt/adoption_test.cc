#include "adopt/adoption.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cerrno>
#include <functional>

#include "store/layout.h"
#include "store/verify.h"
#include "support/expect_error.h"
#include "support/fault_fs.h"
#include "support/foreign_tree.h"
#include "support/root_files.h"
#include "support/world.h"

namespace release {
namespace {

Version V(const std::string& name) { return Version::ParseOrThrow(name); }

// An app on a disk that this tool has not touched yet.
struct Foreign {
  explicit Foreign(MemFs disk) : base(), world(base, std::move(disk)) {
    options.machine = &machine;
  }

  Outcome Adopt() {
    InitializeLayout(&world.disk);
    return release::Adopt(&world.context, options);
  }
  Error Refusal() {
    return ErrorOf([&] {
      PlanAdoption(&world.context, ReadForeignStanding(&world.disk), options);
    });
  }
  DeploymentState Now() { return ReadDeploymentState(&world.disk); }
  // Returns the state of each release, sorted by name: "1 good, 2 good".
  std::string States() {
    const DeploymentState now = Now();
    std::string text;
    for (const LedgerEntry& entry : now.ledger.entries()) {
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ",
                          entry.version.name(), StateName(entry.state));
    }
    return text;
  }

  World base;
  World world;
  ShopMachine machine{&world.disk};
  AdoptOptions options;
};

bool Warns(const Outcome& outcome, const std::string& part) {
  for (const std::string& warning : outcome.warnings) {
    if (warning.find(part) != std::string::npos) return true;
  }
  return false;
}

struct OddRoot {
  const char* what;
  std::function<void(MemFs*)> change;
  const char* says;
};

std::function<void(MemFs*)> Point(const char* target) {
  return [target](MemFs* disk) { PutLink(disk, kCurrent, target); };
}

void MakeFileOfCurrent(MemFs* disk) {
  disk->RemoveFile(Fs::kRoot, kCurrent);
  PutFile(disk, kCurrent, "");
}

void LockAsDeployer(MemFs* disk) {
  disk->MakeDirectory(Fs::kRoot, ".dep", 0755);
  PutFile(disk, ".dep/deploy.lock", "");
}

std::vector<OddRoot> OddRoots() {
  return {
      {"no current", [](MemFs* disk) { disk->RemoveFile(Fs::kRoot, kCurrent); },
       "init --adopt --from /srv/shop"},
      {"a dangling one", Point("/srv/shop/releases/9"), "which is not there"},
      {"one to elsewhere", Point("/srv/shop/shared"),
       "cp -a /srv/shop/shared /srv/shop/releases/1"},
      {"one into a release", Point("/srv/shop/releases/3/sub"),
       "which is no release"},
      {"a file", MakeFileOfCurrent, "neither a directory nor a link"},
      {"Deployer at work", LockAsDeployer, "dep deploy:unlock"},
  };
}

}  // namespace

TEST_CASE("a Capistrano root is adopted, and rollback reaches its releases") {
  Foreign it(CapistranoTree());
  const auto before = it.world.disk.Stat(Fs::kRoot, "releases/3");
  const Outcome outcome = it.Adopt();
  CHECK(outcome.exit == Exit::kDone);
  CHECK(outcome.command == CommandId::kInit);
  CHECK(outcome.current == "3");
  CHECK(outcome.warnings.empty());
  CHECK(it.world.Current() == "releases/3");
  CHECK(it.States() == "1 good, 2 good, 3 good");
  CHECK(it.Now().ledger.activation_order() ==
        std::vector{V("1"), V("2"), V("3")});
  CHECK(it.Now().problems.empty());
  CHECK(it.Now().ledger.Find(V("3"))->bytes == 9);
  CHECK(VerifyRelease(&it.world.disk, V("1")).empty());
  // Modes and links into shared/ are unchanged. The service was neither
  // reloaded nor probed.
  CHECK(it.world.disk.Stat(Fs::kRoot, "releases/3")->mode == before->mode);
  CHECK(it.world.disk.ReadLink(Fs::kRoot, "releases/3/log") ==
        "/srv/shop/shared/log");
  CHECK(it.world.runner.Count("reload") == 0);
  CHECK(it.world.runner.Count("probe") == 0);
  REQUIRE(it.world.Deploy("4").exit == Exit::kDone);
  CHECK(it.world.Rollback().current == "3");
  CHECK(ServedIndex(&it.world.disk) == "version 3");
  CHECK(it.world.Rollback().current == "2");
  CHECK(it.world.Rollback().current == "1");
  CHECK(it.world.Rollback().exit == Exit::kNoSuchRelease);
}

TEST_CASE("a plain directory becomes a release, and a link takes its place") {
  Foreign it(PlainTree());
  it.options.version = V("2024");
  const auto before = it.world.disk.Stat(Fs::kRoot, kCurrent);
  const Outcome outcome = it.Adopt();
  CHECK(outcome.exit == Exit::kDone);
  CHECK(outcome.warnings.empty());
  CHECK(it.world.Current() == "releases/2024");
  const auto after = it.world.disk.Stat(Fs::kRoot, "releases/2024");
  CHECK(after->inode == before->inode);
  CHECK(after->mode == before->mode);
  CHECK(it.States() == "2024 good");
  CHECK(it.Now().problems.empty());
  CHECK(VerifyRelease(&it.world.disk, V("2024")).empty());
  REQUIRE(it.world.Deploy("2").exit == Exit::kDone);
  CHECK(it.world.Rollback().current == "2024");
  CHECK(ServedIndex(&it.world.disk) == "plain");
}

TEST_CASE("without --version a plain directory is named after the time") {
  Foreign it(PlainTree());
  it.Adopt();
  CHECK(it.Now().live->name().size() == 14);
}

TEST_CASE("a second adoption changes nothing, with the same name too") {
  for (const bool plain : {true, false}) {
    Foreign it(plain ? PlainTree() : CapistranoTree());
    it.options.version = V("3");
    if (!plain) it.options.version.reset();
    REQUIRE(it.Adopt().result == Result::kCommitted);
    const std::string states = it.States();
    const Outcome again = it.Adopt();
    CHECK(again.exit == Exit::kDone);
    CHECK(again.result == Result::kUnchanged);
    CHECK(again.current == "3");
    CHECK(it.States() == states);
    CHECK(it.world.Current() == "releases/3");
  }
}

TEST_CASE("a Deployer root is adopted by its log and its marks") {
  Foreign it(CapistranoTree());
  PutLink(&it.world.disk, kCurrent, "releases/2");
  it.world.disk.RemoveFile(Fs::kRoot, "revisions.log");
  it.world.disk.MakeDirectory(Fs::kRoot, ".dep", 0755);
  PutFile(&it.world.disk, ".dep/releases_log",
          "{\"release_name\":\"1\"}\n{\"release_name\":\"2\"}\n"
          "{\"release_name\":\"3\"}\n");
  PutFile(&it.world.disk, "releases/3/BAD_RELEASE", "");
  CHECK(it.Adopt().exit == Exit::kDone);
  CHECK(it.States() == "1 good, 2 good, 3 withdrawn");
  CHECK(it.Now().ledger.activation_order() == std::vector{V("1"), V("2")});
  CHECK(it.Now().last->end->facts.at("order_told_by") == ".dep/releases_log");
}

TEST_CASE("a release that Deployer has not finished is not good") {
  Foreign it(CapistranoTree());
  it.world.disk.RemoveFile(Fs::kRoot, "revisions.log");
  it.world.disk.MakeSymlink("releases/2", Fs::kRoot, "release");
  it.Adopt();
  CHECK(it.States() == "1 good, 2 failed, 3 good");
}

TEST_CASE("releases that are left out stay unknown, as do other entries") {
  Foreign it(CapistranoTree());
  it.options.leave_out = {V("2")};
  PutFile(&it.world.disk, "releases/notes", "");
  it.world.disk.MakeDirectory(Fs::kRoot, "releases/_old", 0755);
  const Outcome outcome = it.Adopt();
  CHECK(outcome.exit == Exit::kDone);
  CHECK(it.States() == "1 good, 2 unknown, 3 good");
  CHECK(Warns(outcome, "releases/2 is left alone: so it was asked"));
  CHECK(Warns(outcome, "releases/notes is left alone"));
  CHECK(Warns(outcome, "releases/_old is left alone"));
  CHECK(!HasManifest(&it.world.disk, V("2")));
}

TEST_CASE("this tool's own ledger takes precedence over another's log") {
  Foreign it(CapistranoTree());
  it.Adopt();
  REQUIRE(it.world.Deploy("4").exit == Exit::kDone);
  MakeForeignRelease(&it.world.disk, "releases/0", "by hand");
  MakeForeignRelease(&it.world.disk, "releases/5", "by hand");
  PutLink(&it.world.disk, kCurrent, "/srv/shop/releases/5");
  const Outcome outcome = it.Adopt();
  CHECK(outcome.exit == Exit::kDone);
  CHECK(it.States() == "0 unknown, 1 good, 2 good, 3 good, 4 good, 5 good");
  CHECK(Warns(outcome, "releases/0 is left alone: nothing tells"));
  CHECK(it.world.Rollback().current == "4");
}

TEST_CASE("a dry run says what would be done and changes nothing") {
  Foreign it(CapistranoTree());
  const std::string before = it.world.disk.Tree();
  const Plan plan = DescribeAdoption(&it.world.context, it.options);
  CHECK(it.world.disk.Tree() == before);
  CHECK(plan == Plan{"hash releases/1 and record it as good",
                     "hash releases/2 and record it as good",
                     "hash releases/3 and record it as good",
                     "take their order from revisions.log",
                     "point current at releases/3 (now: "
                     "/srv/shop/releases/3)",
                     "leave the service alone: it uses the same files as "
                     "before"});
  it.Adopt();
  CHECK(DescribeAdoption(&it.world.context, it.options) ==
        Plan{"nothing: it is taken over already"});
  Foreign plain(PlainTree());
  plain.options.version = V("1");
  CHECK(DescribeAdoption(&plain.world.context, plain.options).at(1) ==
        "let current become releases/1 and put a link to that in its place, "
        "in one step");
}

TEST_CASE("a root that cannot be adopted is refused with advice") {
  for (const OddRoot& odd : OddRoots()) {
    CAPTURE(odd.what);
    Foreign it(CapistranoTree());
    it.world.disk.MakeDirectory(Fs::kRoot, "releases/3/sub", 0755);
    odd.change(&it.world.disk);
    const std::string before = it.world.disk.Tree();
    const Error error = it.Refusal();
    CAPTURE(error.what());
    CHECK(error.code() == ErrorCode::kNotAdoptable);
    CHECK(Says(error, odd.says));
    CHECK(it.world.disk.Tree() == before);
    // In a root with the layout, the refusal is recorded too.
    const Outcome outcome = it.Adopt();
    CHECK(outcome.exit == Exit::kRefused);
    CHECK(it.Now().last->end->result == Result::kRefused);
  }
}

TEST_CASE("a link in the place of the root's directories is refused") {
  Foreign it(CapistranoTree());
  it.world.disk.RemoveDirectory(Fs::kRoot, "shared/log");
  it.world.disk.RemoveDirectory(Fs::kRoot, kShared);
  it.world.disk.MakeSymlink("/mnt", Fs::kRoot, kShared);
  CHECK(it.Refusal().code() == ErrorCode::kNotAdoptable);
  CHECK(Says(it.Refusal(), "shared must be a directory"));
}

TEST_CASE("options that do not fit are refused") {
  Foreign it(CapistranoTree());
  it.options.version = V("4");
  CHECK(it.Refusal().code() == ErrorCode::kUsage);
  it.options.version = V("3");
  it.options.leave_out = {V("3")};
  CHECK(it.Refusal().code() == ErrorCode::kUsage);
  it.options.leave_out = {V("7")};
  CHECK(it.Refusal().code() == ErrorCode::kNoSuchRelease);
  Foreign plain(PlainTree());
  InitializeLayout(&plain.world.disk);
  plain.options.version = V("1");
  MakeForeignRelease(&plain.world.disk, "releases/1", "taken");
  CHECK(plain.Refusal().code() == ErrorCode::kVersionConflict);
}

TEST_CASE("a failed call leaves the served files, and the next try works") {
  for (const bool plain : {true, false}) {
    for (std::uint64_t n = 1;; ++n) {
      CAPTURE(plain);
      CAPTURE(n);
      Foreign it(plain ? PlainTree() : CapistranoTree());
      if (plain) it.options.version = V("3");
      InitializeLayout(&it.world.disk);
      const std::string served = ServedIndex(&it.world.disk);
      FaultFs faulty(&it.world.disk);
      it.world.context.fs = &faulty;
      faulty.FailAt(n, EIO);
      Exit exit = Exit::kFailed;
      try {
        exit = release::Adopt(&it.world.context, it.options).exit;
      } catch (const Error&) {
      }
      it.world.context.fs = &it.world.disk;
      CAPTURE(faulty.failure());
      REQUIRE(ServedIndex(&it.world.disk) == served);
      const bool recorded = it.Now().LiveIsRecorded();
      REQUIRE(recorded == (exit == Exit::kDone));
      REQUIRE(it.Adopt().exit == Exit::kDone);
      REQUIRE(ServedIndex(&it.world.disk) == served);
      REQUIRE(it.Now().LiveIsRecorded());
      REQUIRE(it.Now().problems.empty());
      if (!faulty.failed()) break;
    }
  }
}

}  // namespace release
