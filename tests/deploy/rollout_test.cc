// A host's part in a rollout over several hosts.
#include <doctest/doctest.h>

#include "deploy/kept_manifest.h"
#include "deploy/operations.h"
#include "deploy/plan.h"
#include "deploy/preempt.h"
#include "support/expect_error.h"
#include "support/root_files.h"
#include "support/world.h"

namespace release {
namespace {

constexpr char kBlue[] = "blue";
const RolloutTerms kBlueTerms{.id = kBlue, .expect_live = std::nullopt};

Version V(const std::string& name) { return Version::ParseOrThrow(name); }

RolloutTerms Expecting(const std::string& live) {
  return {.id = kBlue, .expect_live = live};
}

// Release 1 is live, deployed by no rollout.
struct Host : World {
  Host() { DeployAll(this, {"1"}); }

  Outcome Take(const std::string& version, const RolloutTerms& rollout) {
    return release::Deploy(&context, RequestFor(version), {.rollout = rollout});
  }
  Outcome Undo(const RolloutTerms& rollout = kBlueTerms) {
    return release::Rollback(&context, std::nullopt, "not taken elsewhere",
                             RollbackProof::kRequired,
                             PastIrreversible::kRefused, rollout);
  }
  Plan PlanOfUndo() {
    return PlanRollback(&context, std::nullopt, PastIrreversible::kRefused,
                        kBlueTerms);
  }
};

TEST_CASE("a rollout is undone where it is live") {
  Host host;
  REQUIRE(host.Take("2", kBlueTerms).exit == Exit::kDone);
  const DeploymentState state = ReadDeploymentState(&host.disk);
  CHECK(state.last->begin->rollout == kBlue);
  CHECK(state.ledger.Find(V("2"))->rollout == kBlue);
  CHECK(host.PlanOfUndo().size() > 1);
  const Outcome undone = host.Undo();
  CHECK(undone.exit == Exit::kDone);
  CHECK(undone.result == Result::kCommitted);
  CHECK(host.Current() == "releases/1");
}

TEST_CASE("two releases of one rollout are undone at once") {
  Host host;
  host.Take("2", kBlueTerms);
  host.Take("3", kBlueTerms);
  CHECK(host.Undo().current == "1");
}

TEST_CASE("a rollout that is not live here is left alone") {
  Host host;
  const auto check_left = [&](const std::string& live) {
    CHECK(host.PlanOfUndo().front().starts_with("nothing: rollout blue"));
    const Outcome outcome = host.Undo();
    CHECK(outcome.exit == Exit::kDone);
    CHECK(outcome.result == Result::kUnchanged);
    CHECK(host.Current() == "releases/" + live);
  };
  SUBCASE("it has not come here") { check_left("1"); }
  SUBCASE("it was undone") {
    host.Take("2", kBlueTerms);
    host.Undo();
    check_left("1");
  }
  SUBCASE("it brought what was live already") {
    host.Take("1", kBlueTerms);
    check_left("1");
  }
  SUBCASE("its release failed") {
    host.broken.insert("2");
    host.Take("2", kBlueTerms);
    check_left("1");
  }
  SUBCASE("a later deploy came after it") {
    host.Take("2", kBlueTerms);
    DeployAll(&host, {"3"});
    check_left("3");
  }
  SUBCASE("another rollout came after it") {
    host.Take("2", kBlueTerms);
    host.Take("3", {.id = "green", .expect_live = std::nullopt});
    check_left("3");
  }
  SUBCASE("a person moved the link to another release and back") {
    host.Take("2", kBlueTerms);
    DeployAll(&host, {"3"});
    PutLink(&host.disk, "current", "releases/2");
    check_left("2");
  }
}

TEST_CASE("where nothing is live a rollout has nothing to undo") {
  World world;
  const Outcome outcome =
      Rollback(&world.context, std::nullopt, "", RollbackProof::kRequired,
               PastIrreversible::kRefused, kBlueTerms);
  CHECK(outcome.exit == Exit::kDone);
  CHECK(outcome.result == Result::kUnchanged);
  CHECK(!outcome.version);
}

TEST_CASE("a rollout that came first cannot be undone, and says so") {
  World world;
  REQUIRE(Deploy(&world.context, world.RequestFor("1"), {.rollout = kBlueTerms})
              .exit == Exit::kDone);
  const Outcome outcome =
      Rollback(&world.context, std::nullopt, "", RollbackProof::kRequired,
               PastIrreversible::kRefused, kBlueTerms);
  CHECK(outcome.error->code == ErrorCode::kNothingToRollBackTo);
  CHECK(outcome.error->message.find("rollout blue") != std::string::npos);
  CHECK(world.Current() == "releases/1");
}

TEST_CASE("a change is refused where another release is live than expected") {
  Host host;
  DeployAll(&host, {"2"});
  const std::string tree = host.disk.Tree();
  const auto check_refused = [&](const Outcome& outcome) {
    CHECK(outcome.exit == Exit::kRefused);
    CHECK(outcome.result == Result::kRefused);
    REQUIRE(outcome.error);
    CHECK(outcome.error->code == ErrorCode::kLiveDiffers);
    CHECK(outcome.error->found == "2");
    CHECK(host.Current() == "releases/2");
    CHECK(!Exists(&host.disk, "releases/3"));
  };
  for (const std::string expected : {"1", "", "3"}) {
    CAPTURE(expected);
    const RolloutTerms terms = Expecting(expected);
    check_refused(host.Take("3", terms));
    check_refused(Activate(&host.context, V("1"), {.rollout = terms}));
    check_refused(host.Undo(terms));
    const auto code = [&](const auto& plan) { return ErrorOf(plan).code(); };
    CHECK(code([&] {
            PlanDeploy(&host.context, host.RequestFor("3"), terms);
          }) == ErrorCode::kLiveDiffers);
    CHECK(code([&] {
            PlanActivate(&host.context, V("1"), {.rollout = terms});
          }) == ErrorCode::kLiveDiffers);
    CHECK(code([&] {
            PlanRollback(&host.context, std::nullopt,
                         PastIrreversible::kRefused, terms);
          }) == ErrorCode::kLiveDiffers);
  }
  CHECK(host.Take("3", Expecting("2")).exit == Exit::kDone);
}

TEST_CASE("nothing may be expected to be live") {
  World world;
  CHECK(
      Deploy(&world.context, world.RequestFor("1"), {.rollout = Expecting("1")})
          .error->code == ErrorCode::kLiveDiffers);
  CHECK(
      Deploy(&world.context, world.RequestFor("1"), {.rollout = Expecting("")})
          .exit == Exit::kDone);
}

TEST_CASE("a staged release is activated by the digest of its manifest") {
  Host host;
  REQUIRE(Stage(&host.context, host.RequestFor("2"), kBlueTerms).exit ==
          Exit::kDone);
  const Outcome refused = Activate(&host.context, V("2"),
                                   {.manifest_sha256 = std::string(64, '0')});
  CHECK(refused.exit == Exit::kRefused);
  CHECK(refused.error->code == ErrorCode::kManifestMismatch);
  CHECK(host.Current() == "releases/1");
  const std::string digest = refused.error->found;
  RequireManifest(host.context, V("2"), digest);
  CHECK(
      PlanActivate(&host.context, V("2"), {.manifest_sha256 = digest}).size() >
      1);
  CHECK(Activate(&host.context, V("2"),
                 {.rollout = kBlueTerms, .manifest_sha256 = digest})
            .exit == Exit::kDone);
  CHECK(host.Undo().current == "1");
}

TEST_CASE("an undo preempts a deploy of its rollout, and no other") {
  Host host;
  host.config.health.deadline = std::chrono::hours(1);
  host.broken.insert("2");
  DeployContext other = host.context;
  bool asked = false;
  host.clock.At(host.clock.SinceBoot() + std::chrono::seconds(3), [&] {
    CHECK(!Preempt(&other, "green"));
    asked = Preempt(&other, kBlue).has_value();
  });
  CHECK(host.Take("2", kBlueTerms).error->code == ErrorCode::kAborted);
  CHECK(asked);
}

}  // namespace
}  // namespace release
