// Makes each call to the disk fail in turn, once or from then on. The reported
// outcome must be true about which release is live, and the next command must
// work.
#include <doctest/doctest.h>

#include <functional>

#include "store/layout.h"
#include "store/releases.h"
#include "store/verify.h"
#include "support/fault_fs.h"
#include "support/root_files.h"
#include "support/torture.h"
#include "support/world.h"

namespace release {
namespace {

struct Case {
  std::string name;
  std::function<void(World*)> prepare;
  std::function<Outcome(World*)> run;
  std::string before;  // the target of `current` at the start
  std::string after;   // its target if the command succeeds
};

void DeployThree(World* world) {
  for (const char* version : {"1", "2", "3"}) {
    REQUIRE(world->Deploy(version).exit == Exit::kDone);
  }
}

// Leaves a deploy of 4 whose process died after the switch.
void DieInDeploy(World* world) {
  DeployThree(world);
  REQUIRE(Stage(&world->context, world->RequestFor("4")).exit == Exit::kDone);
  Journal journal(&world->disk, 5, Journal::RecordSpace::kNewFile);
  BeginRecord begin;
  begin.command = CommandId::kDeploy;
  begin.from_target = "releases/3";
  begin.to = Version::ParseOrThrow("4");
  begin.creates = true;
  journal.Begin(begin);
  journal.Tree(world->disk.Stat(Fs::kRoot, "releases/4")->inode);
  journal.Switching();
  PutLink(&world->disk, "current", "releases/4");
  world->service = "releases/4";
}

std::vector<Case> Cases() {
  return {
      {"deploy", DeployThree, [](World* w) { return w->Deploy("4"); },
       "releases/3", "releases/4"},
      {"deploy that links",
       [](World* w) {
         w->config.unpack.dedup = Dedup::kHardLink;
         w->common = "the same in all";
         DeployThree(w);
       },
       [](World* w) { return w->Deploy("4"); }, "releases/3", "releases/4"},
      {"first deploy", [](World*) {}, [](World* w) { return w->Deploy("4"); },
       "", "releases/4"},
      {"rollback", DeployThree, [](World* w) { return w->Rollback(); },
       "releases/3", "releases/2"},
      {"prune",
       [](World* w) {
         DeployThree(w);
         w->config.keep_releases = 0;
       },
       [](World* w) { return Prune(&w->context); }, "releases/3", "releases/3"},
      {"recover", DieInDeploy, [](World* w) { return w->RecoverNow(); },
       "releases/4", "releases/3"},
  };
}

enum class Lasting { kOnce, kFromThenOn };

class Run {
 public:
  Run(const Case& c, std::uint64_t n, int error_number, Lasting lasting,
      unsigned threads)
      : case_(c), lasting_(lasting == Lasting::kFromThenOn), fs_(&world_.disk) {
    case_.prepare(&world_);
    world_.Settle();
    world_.context.fs = &fs_;
    world_.context.threads = threads;
    if (lasting == Lasting::kOnce) {
      fs_.FailAt(n, error_number);
    } else {
      fs_.FailFrom(n, error_number);
    }
    try {
      outcome_ = case_.run(&world_);
    } catch (const Error& error) {
      thrown_ = ExitBeforeSwitch(error.code());
    }
    world_.context.fs = &world_.disk;
  }

  bool failed() const { return fs_.failed(); }

  void Check() {
    CAPTURE(fs_.failure());
    const Exit exit = outcome_ ? outcome_->exit : *thrown_;
    const std::string current = world_.Current();
    CheckExit(exit, current);
    if (!lasting_ && outcome_ && case_.name != "recover") {
      // A single failed call must not keep the undo from working.
      CHECK(exit != Exit::kNeedsPerson);
    }
    CheckLive(current);
    CheckNext();
  }

  // A power cut after the command must not change what it reported.
  void CheckPower() {
    CAPTURE(fs_.failure());
    if (!outcome_ || outcome_->exit == Exit::kNeedsPerson) return;
    const std::string current = world_.Current();
    world_.disk.ForEachPowerCut([&](MemFs left) {
      World after(world_, std::move(left));
      after.service = after.Current();
      after.RecoverNow();
      CHECK(after.Current() == current);
    });
  }

 private:
  void CheckExit(Exit exit, const std::string& current) {
    switch (exit) {
      case Exit::kDone:
        CHECK(current == case_.after);
        break;
      case Exit::kNeedsPerson:
        CHECK(outcome_);
        break;
      case Exit::kUndone:
        CHECK(current == case_.before);
        // After a first deploy there is no release to reload the service with.
        if (!case_.before.empty()) CHECK(world_.service == case_.before);
        break;
      default:
        CHECK(exit == Exit::kFailed);
        CHECK(current == case_.before);
    }
    if (!outcome_) return;
    CHECK(outcome_->error.has_value() ==
          (exit != Exit::kDone || outcome_->result == Result::kUndone));
    const auto version = VersionOfTarget(current);
    // If not even the link can be read, the outcome leaves `current` empty.
    const bool blind = lasting_ && exit == Exit::kNeedsPerson;
    if (blind && outcome_->current.empty()) return;
    CHECK(outcome_->current == (version ? version->name() : ""));
  }

  void CheckLive(const std::string& current) {
    if (current.empty()) return;
    const auto version = VersionOfTarget(current);
    REQUIRE(version);
    CHECK(VerifyRelease(&world_.disk, *version).empty());
  }

  // Once the fault is gone, a deploy must work and leave every release whole.
  void CheckNext() {
    const Outcome next = world_.Deploy("9");
    CHECK(next.exit == Exit::kDone);
    CHECK(world_.Current() == "releases/9");
    CHECK(world_.service == "releases/9");
    const DeploymentState state = ReadDeploymentState(&world_.disk);
    CHECK(state.listing.garbage.empty());
    CHECK(state.problems.empty());
    for (const Version& version : state.listing.versions) {
      CHECK(VerifyRelease(&world_.disk, version).empty());
    }
    CHECK(world_.disk.open_handles() == 0);
  }

  const Case& case_;
  const bool lasting_;
  World world_;
  FaultFs fs_;
  std::optional<Outcome> outcome_;
  std::optional<Exit> thrown_;
};

// Fails every `stride`-th call; scripts/torture every one. Returns the number
// of calls.
std::uint64_t Sweep(const Case& c, int error_number, Lasting lasting,
                    unsigned threads = 1, std::uint64_t stride = 1) {
  if (Torture()) stride = 1;
  CAPTURE(c.name);
  CAPTURE(error_number);
  CAPTURE(threads);
  for (std::uint64_t n = 1;; n += stride) {
    CAPTURE(n);
    Run run(c, n, error_number, lasting, threads);
    run.CheckPower();
    run.Check();
    if (!run.failed()) return n - 1;
  }
}

TEST_CASE("after any one failed call the report is true") {
  for (const Case& c : Cases()) {
    CHECK(Sweep(c, EIO, Lasting::kOnce) > 20);
    CHECK(Sweep(c, ENOSPC, Lasting::kOnce, /*threads=*/1, /*stride=*/4) > 20);
  }
}

TEST_CASE("after any one failed call the report is true, with threads too") {
  for (const Case& c : Cases()) {
    CHECK(Sweep(c, EIO, Lasting::kOnce, /*threads=*/4, /*stride=*/4) > 20);
  }
}

TEST_CASE("the report is true if the disk fails from any call on") {
  for (const Case& c : Cases()) {
    CHECK(Sweep(c, EROFS, Lasting::kFromThenOn) > 20);
  }
}

TEST_CASE("on a full disk a deploy is refused, but a rollback works") {
  // Creating and extending files fails; the record's space is preallocated.
  for (const FsCall call : {FsCall::kMakeDirectory, FsCall::kReserve}) {
    World world;
    DeployThree(&world);
    FaultFs fs(&world.disk);
    world.context.fs = &fs;
    fs.FailFrom(1, ENOSPC, call);
    if (call == FsCall::kMakeDirectory) {
      const Outcome outcome = world.Deploy("4");
      CHECK(outcome.exit == Exit::kFailed);
      CHECK(outcome.error->code == ErrorCode::kNoSpace);
      CHECK(outcome.current == "3");
    }
    CHECK(world.Rollback().exit == Exit::kDone);
    CHECK(world.Current() == "releases/2");
  }
}

}  // namespace
}  // namespace release
