#include "cli/adopt_command.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "adopt/adoption.h"
#include "cli/change_commands.h"
#include "cli/output.h"
#include "cli/session.h"
#include "deploy/operations.h"
#include "os/host_facts.h"
#include "os/input.h"
#include "os/path_rules.h"
#include "os/posix_fs.h"
#include "os/relocate.h"
#include "os/startup.h"
#include "store/layout.h"
#include "store/verify.h"

namespace release {
namespace {

AdoptOptions MakeOptions(const InitOptions& options) {
  AdoptOptions adopt;
  if (!options.version.empty()) {
    adopt.version = Version::ParseOrThrow(options.version);
  }
  for (const std::string& name : options.leave_out) {
    adopt.leave_out.insert(Version::ParseOrThrow(name));
  }
  return adopt;
}

[[noreturn]] void Refuse(const std::string& from, const std::string& why) {
  throw Error(ErrorCode::kNotAdoptable,
              fmt::format("cannot take over {}: {}", from, why), from);
}

// Of an absolute path.
std::string HolderOf(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string LeafOf(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

// The path through no link, of what may not be there yet.
std::string RealPlace(const std::string& path) {
  const std::string real = RealPath(path);
  if (real != path || path == "/") return real;
  return JoinPath(RealPlace(HolderOf(path)), LeafOf(path));
}

// The directory of --from, which is to become ROOT/current.
class ForeignDirectory {
 public:
  ForeignDirectory(const std::string& from, const std::string& root)
      : root_(RealPlace(root)),
        name_(AbsolutePath(from)),
        // Its own name is not followed: it may be a link already.
        path_(JoinPath(RealPath(HolderOf(name_)), LeafOf(name_))) {}

  // Throws Error kNotAdoptable where it cannot move there; true where it has.
  bool Examine() const {
    PosixFs beside(HolderOf(path_));
    const auto info = beside.Stat(Fs::kRoot, LeafOf(path_));
    if (!info) Refuse(name_, "there is no such directory");
    if (info->type == FileType::kSymlink) return ExamineLink();
    if (info->type != FileType::kDirectory) {
      Refuse(name_, "it is no directory");
    }
    RequireRootElsewhere();
    RequireNoCurrent();
    RequireOneMount();
    RequireOneFileSystem(&beside, LeafOf(path_));
    RequireOnlyRootMoves();
    return false;
  }

  void Move() const { MoveLeavingLink(path_, Current()); }

  // In words, for --dry-run.
  std::string Describe() const {
    return fmt::format(
        "let {} become {} and put a link to that in its place, "
        "in one step",
        name_, Current());
  }

 private:
  std::string Current() const { return root_ + "/" + kCurrent; }

  bool ExamineLink() const {
    const std::string leads_to = RealPath(path_);
    if (leads_to != path_ && leads_to == RealPath(Current())) return true;
    Refuse(name_, "it is a symbolic link; name the directory that it leads to");
  }

  void RequireRootElsewhere() const {
    if (!(root_ + "/").starts_with(path_ + "/")) return;
    Refuse(name_, fmt::format("the root {} is in it; choose one beside it, "
                              "such as --root {}.d",
                              root_, path_));
  }

  void RequireNoCurrent() const {
    if (MountOf(root_) == 0) return;
    PosixFs fs(root_);
    const auto current = fs.Stat(Fs::kRoot, kCurrent);
    if (!current) return;
    // One that says where it stands itself is from somebody who was killed.
    if (current->type == FileType::kSymlink &&
        fs.ReadLink(Fs::kRoot, kCurrent) == Current()) {
      return;
    }
    Refuse(name_, fmt::format("there is a {} already; choose another root",
                              Current()));
  }

  void RequireOneMount() const {
    std::string above = root_;
    while (above != "/" && MountOf(above) == 0) above = HolderOf(above);
    if (MountOf(path_) != MountOf(HolderOf(path_))) {
      Refuse(name_, "something is mounted there, and a mount cannot move");
    }
    if (MountOf(path_) == MountOf(above)) return;
    Refuse(name_, fmt::format("{} is on another file system; choose a root on "
                              "the same one, such as --root {}.d",
                              above, path_));
  }

  void RequireOnlyRootMoves() const {
    const Reason danger = WhyOthersCanWrite(HolderOf(path_));
    if (!danger) return;
    throw Error(ErrorCode::kRootUnsafe,
                fmt::format("cannot move {} as root: {}; run this as its "
                            "owner, or make it root's",
                            name_, *danger),
                name_);
  }

  const std::string root_;
  const std::string name_;
  const std::string path_;
};

bool HasLayout(Fs* fs) {
  try {
    RequireLayout(fs);
    return true;
  } catch (const Error&) {
    return false;
  }
}

int PlanFromOutside(const GlobalOptions& global, const Config& config,
                    const ForeignDirectory& outsider,
                    const AdoptOptions& adopt) {
  return PrintPlan(
      global, "init",
      {fmt::format("make the layout in {}", config.root), outsider.Describe(),
       fmt::format("hash {} and record it as good, as {}", kCurrent,
                   adopt.version ? ReleasePath(*adopt.version)
                                 : fmt::format("{}/TIME", kReleases)),
       fmt::format("let {0} become that release and put a link to it in its "
                   "place, in one step",
                   kCurrent),
       "leave the service alone: it uses the same files as before"});
}

// What is found wrong before the layout is made leaves no trace.
int AdoptInRoot(const GlobalOptions& global, const AdoptOptions& adopt) {
  Session session(global);
  DeployContext* context = Speaking(&session);
  if (global.dry_run) {
    return PrintPlan(global, "init", DescribeAdoption(context, adopt));
  }
  if (!HasLayout(context->fs)) {
    PlanAdoption(context, ReadForeignStanding(context->fs), adopt);
    InitializeLayout(context->fs);
  }
  return PrintOutcome(global, Adopt(context, adopt));
}

}  // namespace

int RunAdopt(const GlobalOptions& global, const InitOptions& options) {
  const AdoptOptions adopt = MakeOptions(options);
  if (options.from.empty()) return AdoptInRoot(global, adopt);
  const Config config = LoadConfig(global);
  const ForeignDirectory outsider(options.from, config.root);
  const bool moved = outsider.Examine();
  if (global.dry_run && !moved) {
    return PlanFromOutside(global, config, outsider, adopt);
  }
  if (!moved) {
    MakeRoot(config.root);
    Session session(global);
    DeployContext* context = Speaking(&session);
    InitializeLayout(context->fs);
    outsider.Move();
  }
  return AdoptInRoot(global, adopt);
}

}  // namespace release
