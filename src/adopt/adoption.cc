#include "adopt/adoption.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "adopt/real_path.h"
#include "base/text.h"
#include "base/units.h"
#include "deploy/transaction.h"
#include "os/host_facts.h"
#include "store/durable.h"
#include "store/layout.h"
#include "store/verify.h"

namespace release {
namespace {

// The names that Capistrano and Deployer use in a root and in a release.
constexpr char kRevisionsLog[] = "revisions.log";
constexpr char kReleasesLog[] = ".dep/releases_log";
constexpr char kDeployLock[] = ".dep/deploy.lock";
constexpr char kUnfinished[] = "release";  // a link to the one being made
constexpr char kBadMark[] = "BAD_RELEASE";

[[noreturn]] void Refuse(const std::string& path, const std::string& what,
                         const std::string& why) {
  throw Error(ErrorCode::kNotAdoptable,
              fmt::format("cannot take over {}: {}", what, why), path);
}

// Finds out what would be adopted, and changes nothing. If `current` is a link,
// the releases and their order come from the other tool's files; if it is a
// directory, it is the only release.
class AdoptionPlanner {
 public:
  AdoptionPlanner(DeployContext* context, const DeploymentState& state,
                  const AdoptOptions& options)
      : fs_(context->fs),
        root_(context->config->root),
        now_(context->system.clock->WallSeconds()),
        state_(state),
        options_(options) {}

  AdoptionPlan Make() {
    RefuseOddRoot();
    AdoptionPlan plan = state_.current_is_link ? PlanLinked() : PlanDirectory();
    RequireLeaveOut(plan);
    AddLeftAlone(&plan);
    return plan;
  }

 private:
  bool IsFile(const std::string& path) const {
    const auto info = fs_->Stat(Fs::kRoot, path);
    return info && info->type == FileType::kFile;
  }

  std::string TextOf(const std::string& path) const {
    return IsFile(path) ? ReadFile(fs_, path) : "";
  }

  // Refuses a root in which releases/ is a mount or a directory of the layout
  // is a link, and one in which Deployer may be running.
  void RefuseOddRoot() const {
    for (const char* path : {kReleases, kShared, kIncoming}) {
      const auto info = fs_->Stat(Fs::kRoot, path);
      if (!info) continue;
      if (info->type != FileType::kDirectory) {
        Refuse(path, root_,
               fmt::format("{} must be a directory of its own, and no link",
                           path));
      }
      if (std::string_view(path) == kReleases) RequireSameDevice(path, *info);
    }
    if (fs_->Stat(Fs::kRoot, kDeployLock)) {
      Refuse(kDeployLock, root_,
             fmt::format("{} is there: Deployer is at work, or died; `dep "
                         "deploy:unlock` removes it",
                         kDeployLock));
    }
  }

  // A bind mount has the device number of its source, so compare mounts too.
  void RequireSameDevice(const std::string& path, const FileInfo& info) const {
    if (info.device == fs_->Stat(Fs::kRoot, "")->device &&
        MountOf(root_ + "/" + path) == MountOf(root_)) {
      return;
    }
    Refuse(path, root_,
           fmt::format("{} is mounted there; the root must be one file system "
                       "without a mount below",
                       path));
  }

  AdoptionPlan PlanDirectory() const {
    const auto info = fs_->Stat(Fs::kRoot, kCurrent);
    if (info->type != FileType::kDirectory) {
      Refuse(kCurrent, root_,
             fmt::format("{} is neither a directory nor a link", kCurrent));
    }
    RequireSameDevice(kCurrent, *info);
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
    ForeignHistory history = ReadForeignHistory(LookAtTrees(plan.live));
    plan.releases = std::move(history.releases);
    plan.told_by = plan.releases.size() > 1 ? history.told_by : "";
    return plan;
  }

  // Returns the release that `current` leads to. The link may be absolute or
  // relative and lead through other links, but it must end at a release itself,
  // not at a directory inside one.
  Version FindLive() const {
    if (!state_.current_target) {
      Refuse(kCurrent, root_,
             fmt::format(
                 "there is no {0} in it. If {1} is itself the directory that "
                 "is served, choose a root beside it, such as {1}.d, and use "
                 "release --root {1}.d init --adopt --from {1}",
                 kCurrent, root_));
    }
    const std::string says = Quoted(*state_.current_target);
    const std::string path = root_ + "/" + kCurrent;
    // RealPath returns the path itself if it leads nowhere.
    const std::string real = RealPath(options_.machine, path);
    if (real == path) {
      Refuse(kCurrent, root_,
             fmt::format("{} says {}, which is not there", kCurrent, says));
    }
    const std::string releases = root_ + "/" + kReleases;
    const auto version = VersionOfPath(releases, real);
    if (version && real == releases + "/" + version->name() &&
        state_.listing.versions.contains(*version)) {
      return *version;
    }
    Refuse(kCurrent, root_,
           fmt::format("{0} leads to {1}, which is no release, that is no "
                       "directory in {2} named by letters, digits and "
                       "\"._+~-\". Copy what it leads to there (cp -a {1} "
                       "{2}/1), lead {0} there in one step (ln -s {4}/1 "
                       "{3}/{0}.new && mv -T {3}/{0}.new {3}/{0}), and try "
                       "again",
                       kCurrent, real, releases, root_, kReleases));
  }

  ForeignFacts LookAtTrees(const Version& live) const {
    ForeignFacts facts{.live = live,
                       .trees = {},
                       .revisions_log = TextOf(kRevisionsLog),
                       .releases_log = TextOf(kReleasesLog)};
    const auto unfinished = UnfinishedByDeployer();
    for (const Version& version : state_.listing.versions) {
      if (options_.leave_out.contains(version)) continue;
      const std::string path = ReleasePath(version);
      facts.trees[version] = {.modified = fs_->Stat(Fs::kRoot, path)->modified,
                              .marked_bad = IsFile(path + "/" + kBadMark),
                              .unfinished = unfinished == version};
    }
    return facts;
  }

  // Deployer points the link `release` at the release that it is making, and
  // renames the link to `current` to make that release live.
  std::optional<Version> UnfinishedByDeployer() const {
    const auto info = fs_->Stat(Fs::kRoot, kUnfinished);
    if (!info || info->type != FileType::kSymlink) return std::nullopt;
    const std::string target = *fs_->ReadLink(Fs::kRoot, kUnfinished);
    return Version::Parse(target.substr(target.rfind('/') + 1));
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

  // Explains each entry of releases/ that the plan does not contain.
  void AddLeftAlone(AdoptionPlan* plan) const {
    if (plan->done) return;
    for (const std::string& name : state_.listing.unknown_entries) {
      // This is the link of an interrupted exchange; see PlanDirectory.
      if (plan->moves && name == plan->live.name()) continue;
      plan->left_alone.push_back(fmt::format(
          "{}/{} is left alone: it is no directory that a version's name "
          "could be",
          kReleases, Printable(name)));
    }
    for (const LedgerEntry& entry : state_.ledger.entries()) {
      const auto same = [&](const ForeignRelease& release) {
        return release.version == entry.version;
      };
      if (entry.state != ReleaseState::kUnknown ||
          std::any_of(plan->releases.begin(), plan->releases.end(), same)) {
        continue;
      }
      plan->left_alone.push_back(
          fmt::format("{} is left alone: {}", ReleasePath(entry.version),
                      options_.leave_out.contains(entry.version)
                          ? "so it was asked"
                          : "nothing tells when it was live"));
    }
  }

  Fs* fs_;
  const std::string& root_;
  const std::int64_t now_;
  const DeploymentState& state_;
  const AdoptOptions& options_;
};

// Keeps the order of the plan, with the live release last: the ledger makes
// each good release the newest one in turn.
AdoptionSpec MakeAdoptionSpec(AdoptionPlan plan) {
  AdoptionSpec adoption{.order_source = std::move(plan.told_by),
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
  if (!adoption.told_by.empty()) {
    plan.push_back(fmt::format("take their order from {}", adoption.told_by));
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
