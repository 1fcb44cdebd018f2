#include "adopt/adoption.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "adopt/foreign_root.h"
#include "adopt/real_path.h"
#include "base/text.h"
#include "base/units.h"
#include "deploy/locked_root.h"
#include "store/layout.h"
#include "store/verify.h"

namespace release {
namespace {

// Returns one sentence for each entry of releases/ that the plan does not
// contain.
std::vector<std::string> LeftAlone(const AdoptionPlan& plan,
                                   const DeploymentState& state,
                                   const AdoptOptions& options) {
  std::vector<std::string> texts;
  for (const std::string& name : state.listing.unknown_entries) {
    // This is the link of an interrupted exchange; see PlanDirectory.
    if (plan.moves && name == plan.live.name()) continue;
    texts.push_back(fmt::format(
        "{}/{} is left alone: it is no directory that a version's name "
        "could be",
        kReleases, Printable(name)));
  }
  for (const LedgerEntry& entry : state.ledger.entries()) {
    const auto same = [&](const ForeignRelease& release) {
      return release.version == entry.version;
    };
    if (entry.state != ReleaseState::kUnknown ||
        std::any_of(plan.releases.begin(), plan.releases.end(), same)) {
      continue;
    }
    texts.push_back(fmt::format("{} is left alone: {}",
                                ReleasePath(entry.version),
                                options.leave_out.contains(entry.version)
                                    ? "so it was asked"
                                    : "nothing tells when it was live"));
  }
  return texts;
}

// Finds out what would be adopted, and changes nothing. If `current` is a link,
// the releases and their order come from the other tool's files; if it is a
// directory, it is the only release.
class AdoptionPlanner {
 public:
  AdoptionPlanner(DeployContext* context, const DeploymentState& state,
                  const AdoptOptions& options)
      : fs_(context->fs),
        root_(context->fs, context->config->root),
        now_(context->system.clock->WallSeconds()),
        state_(state),
        options_(options) {}

  AdoptionPlan Make() {
    root_.RequireAdoptable();
    AdoptionPlan plan = state_.current_is_link ? PlanLinked() : PlanDirectory();
    RequireLeaveOut(plan);
    if (!plan.done) plan.left_alone = LeftAlone(plan, state_, options_);
    return plan;
  }

 private:
  AdoptionPlan PlanDirectory() const {
    const auto info = fs_->Stat(Fs::kRoot, kCurrent);
    if (info->type != FileType::kDirectory) {
      root_.Refuse(kCurrent, fmt::format("{} is neither a directory nor a link",
                                         kCurrent));
    }
    root_.RequireSameMount(kCurrent, *info);
    AdoptionPlan plan(options_.version
                          ? *options_.version
                          : Version::ParseOrThrow(CompactTime(now_)));
    plan.moves = true;
    const std::string path = ReleasePath(plan.live);
    const auto taken = fs_->Stat(Fs::kRoot, path);
    // A symlink that points at itself is left over from our own interrupted
    // exchange; the switch replaces it.
    if (taken && (taken->type != FileType::kSymlink ||
                  fs_->ReadLink(Fs::kRoot, path) != path)) {
      throw Error(ErrorCode::kVersionConflict,
                  fmt::format("cannot call {} {}: {} is there already; give "
                              "another --version",
                              kCurrent, plan.live.name(), path),
                  path);
    }
    plan.releases.push_back({plan.live, ReleaseState::kGood, ""});
    return plan;
  }

  AdoptionPlan PlanLinked() const {
    AdoptionPlan plan(FindLive());
    if (options_.version && options_.version != plan.live) {
      throw Error(ErrorCode::kUsage,
                  fmt::format("cannot use --version {}: {} leads to {}, which "
                              "has its name already",
                              options_.version->name(), kCurrent,
                              ReleasePath(plan.live)));
    }
    plan.done = state_.live == plan.live && state_.LiveIsRecorded();
    if (plan.done) return plan;
    if (!state_.ledger.activation_order().empty()) {
      // This tool has activated releases here before, so its own ledger has the
      // order. Add only the live release, which somebody else switched to.
      plan.releases.push_back({plan.live, ReleaseState::kGood, ""});
      return plan;
    }
    ForeignHistory history =
        ReadForeignHistory(root_.FactsAbout(Wanted(), plan.live));
    plan.releases = std::move(history.releases);
    plan.order_source = plan.releases.size() > 1 ? history.order_source : "";
    return plan;
  }

  // Returns the release that `current` leads to. The link may be absolute or
  // relative and lead through other links, but it must end at a release itself,
  // not at a directory inside one.
  Version FindLive() const {
    const HostPath& root = root_.path();
    if (!state_.current_target) {
      root_.Refuse(
          kCurrent,
          fmt::format(
              "there is no {0} in it. If {1} is itself the directory that "
              "is served, choose a root beside it, such as {1}.d, and use "
              "release --root {1}.d init --adopt --from {1}",
              kCurrent, root));
    }
    const std::string says = Quoted(*state_.current_target);
    const HostPath path = root / kCurrent;
    // RealPath returns the path itself if it leads nowhere.
    const HostPath real = RealPath(options_.machine, path);
    if (real == path) {
      root_.Refuse(kCurrent, fmt::format("{} says {}, which is not there",
                                         kCurrent, says));
    }
    const HostPath releases = root / kReleases;
    const auto version = VersionOfPath(releases, real.native());
    if (version && real == releases / version->name() &&
        state_.listing.versions.contains(*version)) {
      return *version;
    }
    root_.Refuse(
        kCurrent,
        fmt::format("{0} leads to {1}, which is no release, that is no "
                    "directory in {2} named by letters, digits and "
                    "\"._+~-\". Copy what it leads to there (cp -a {1} "
                    "{2}/1), lead {0} there in one step (ln -s {4}/1 "
                    "{3}/{0}.new && mv -T {3}/{0}.new {3}/{0}), and try "
                    "again",
                    kCurrent, real, releases, root, kReleases));
  }

  // Returns the releases that the user did not leave out.
  std::set<Version> Wanted() const {
    std::set<Version> wanted;
    for (const Version& version : state_.listing.versions) {
      if (!options_.leave_out.contains(version)) wanted.insert(version);
    }
    return wanted;
  }

  void RequireLeaveOut(const AdoptionPlan& plan) const {
    for (const Version& version : options_.leave_out) {
      RequireRelease(state_, version);
      if (version != plan.live) continue;
      throw Error(
          ErrorCode::kUsage,
          fmt::format("cannot leave out {}: it is live", version.name()));
    }
  }

  Fs* fs_;
  const ForeignRoot root_;
  const std::int64_t now_;
  const DeploymentState& state_;
  const AdoptOptions& options_;
};

// Keeps the order of the plan, with the live release last: the ledger makes
// each good release the newest one in turn.
AdoptionSpec MakeAdoptionSpec(AdoptionPlan plan) {
  AdoptionSpec adoption{.order_source = std::move(plan.order_source),
                        .warnings = std::move(plan.left_alone)};
  for (ForeignRelease& release : plan.releases) {
    const bool moves = plan.moves && release.version == plan.live;
    adoption.releases.push_back(
        {.version = release.version,
         .path = moves ? kCurrent : ReleasePath(release.version),
         .state = release.state,
         .reason = std::move(release.reason)});
  }
  return adoption;
}

}  // namespace

AdoptionPlan PlanAdoption(DeployContext* context, const DeploymentState& state,
                          const AdoptOptions& options) {
  return AdoptionPlanner(context, state, options).Make();
}

Plan DescribeAdoption(DeployContext* context, const AdoptOptions& options) {
  const DeploymentState state = ReadForeignStanding(context->fs);
  const AdoptionPlan adoption = PlanAdoption(context, state, options);
  if (adoption.done) return {"nothing: it is taken over already"};
  Plan plan;
  for (const ForeignRelease& release : adoption.releases) {
    const bool moved = adoption.moves && release.version == adoption.live;
    plan.push_back(
        fmt::format("hash {} and record it as {}{}",
                    moved ? kCurrent : ReleasePath(release.version),
                    StateName(release.state),
                    release.reason.empty() ? "" : ": " + release.reason));
  }
  if (!adoption.order_source.empty()) {
    plan.push_back(
        fmt::format("take their order from {}", adoption.order_source));
  }
  for (const std::string& text : adoption.left_alone) plan.push_back(text);
  plan.push_back(
      adoption.moves
          ? fmt::format("let {0} become {1} and put a link to that in its "
                        "place, in one step",
                        kCurrent, ReleasePath(adoption.live))
          : fmt::format("point {} at {} (now: {})", kCurrent,
                        ReleasePath(adoption.live), *state.current_target));
  plan.emplace_back(
      "leave the service alone: it uses the same files as before");
  return plan;
}

Outcome Adopt(DeployContext* context, const AdoptOptions& options) {
  LockedRoot root(context);
  TransactionSpec spec{.kind = TransactionKind::kAdopt};
  // Plan with the lock held, so that the plan still holds when it is carried
  // out. A refusal must be recorded as well, so hand it to the engine.
  try {
    AdoptionPlan plan = PlanAdoption(context, root.state(), options);
    spec.version = plan.live;
    if (!plan.done) spec.adoption = MakeAdoptionSpec(std::move(plan));
  } catch (const Error& error) {
    spec.refusal = FailureOf(error);
  }
  return root.Run(spec);
}

}  // namespace release
