#include "inspect/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/text.h"
#include "base/units.h"
#include "deploy/deployment_state.h"
#include "os/host_facts.h"
#include "os/identity.h"
#include "os/input.h"
#include "service/pidfile.h"
#include "service/unit.h"
#include "store/layout.h"
#include "store/releases.h"

namespace release {
namespace {

using Level = Finding::Level;

constexpr std::size_t kKeysLimit = 1024 * 1024;
// Below this not even the records of a few transactions have room.
constexpr std::uint64_t kLeastBytes = 1024 * 1024;
constexpr std::uint64_t kLeastInodes = 100;

// One sync must do for all of these.
constexpr const char* kOfOneFileSystem[] = {kReleases, kOwn, kTransactions,
                                            kManifests, kOutbox};

class HostChecker {
 public:
  explicit HostChecker(DeployContext* context)
      : context_(context), config_(*context->config) {}

  std::vector<Finding> Run() {
    CheckDirectories();
    CheckMounts();
    CheckKernel();
    CheckCurrent();
    CheckSpace();
    CheckOwnerAndKeys();
    CheckPrograms();
    CheckService();
    CheckProbe();
    return std::move(findings_);
  }

 private:
  void Add(Level level, const std::string& what, std::string words) {
    findings_.push_back({level, what, std::move(words)});
  }
  // What throws is a failure with the error's words.
  template <typename Body>
  void Try(const std::string& what, Body body) {
    try {
      body();
    } catch (const Error& error) {
      Add(Level::kFailure, what, error.what());
    }
  }
  std::string Absolute(const std::string& path) const {
    return path.empty() ? config_.root : config_.root + "/" + path;
  }
  bool IsDirectory(const std::string& path) const {
    const auto info = context_->fs->Stat(Fs::kRoot, path);
    return info && info->type == FileType::kDirectory;
  }

  void CheckDirectories() {
    for (const char* path :
         {"", kReleases, kShared, kOwn, kTransactions, kManifests, kOutbox}) {
      Try("permissions", [&] { CheckDirectory(path); });
    }
  }

  void CheckDirectory(const std::string& path) {
    const std::string name = Absolute(path);
    if (!IsDirectory(path)) {
      Add(Level::kFailure, "layout",
          fmt::format("there is no directory {}: `release init` makes it",
                      name));
      return;
    }
    if (const Reason why_not = WhyNotWritable(name)) {
      Add(Level::kFailure, "permissions",
          fmt::format("cannot write in {}: {}", name, *why_not));
      return;
    }
    const unsigned mode = context_->fs->Stat(Fs::kRoot, path)->mode;
    const bool by_all = (mode & 0002) != 0;
    Add(by_all ? Level::kFailure : Level::kOk, "permissions",
        by_all
            ? fmt::format("everybody can write in {} (mode {:04o})", name, mode)
            : fmt::format("{} can be written in", name));
  }

  void CheckMounts() {
    const auto root = context_->fs->Stat(Fs::kRoot, "");
    bool one = true;
    for (const char* path : kOfOneFileSystem) {
      const auto info = context_->fs->Stat(Fs::kRoot, path);
      if (!info) continue;
      if (info->device != root->device) {
        one = false;
        Add(Level::kFailure, "mount",
            fmt::format("{} is on another file system than {}: a sync of the "
                        "one is none of the other",
                        Absolute(path), config_.root));
      } else if (MountOf(Absolute(path)) != MountOf(config_.root)) {
        Add(Level::kWarning, "mount",
            fmt::format("{} is a mount of its own: nothing can be renamed "
                        "between it and {}",
                        Absolute(path), config_.root));
      }
    }
    if (!one) return;
    const std::string type = FileSystemOf(config_.root);
    const bool known = type == "ext4" || type == "xfs" || type == "btrfs";
    Add(known ? Level::kOk : Level::kWarning, "mount",
        fmt::format("{} is one file system, {}{}", config_.root, type,
                    known ? ""
                          : ": what survives a power cut is proved on ext4, "
                            "xfs and btrfs only"));
  }

  void CheckKernel() {
    Add(HasRenameFlags() ? Level::kOk : Level::kFailure, "kernel",
        HasRenameFlags()
            ? "the kernel knows RENAME_NOREPLACE and RENAME_EXCHANGE"
            : "the kernel lacks RENAME_NOREPLACE or RENAME_EXCHANGE");
    Add(Level::kOk, "kernel",
        HasOpenat2() ? "the kernel has openat2"
                     : "openat2 is not to be had here; paths are walked");
  }

  void CheckCurrent() {
    const auto info = context_->fs->Stat(Fs::kRoot, kCurrent);
    if (!info) {
      Add(Level::kOk, "current", "no release is live yet");
    } else if (info->type != FileType::kSymlink) {
      Add(Level::kFailure, "current",
          fmt::format("{} is not a symbolic link", Absolute(kCurrent)));
    } else {
      const std::string target = *context_->fs->ReadLink(Fs::kRoot, kCurrent);
      live_ = VersionOfTarget(target);
      const bool there = live_ && IsDirectory(ReleasePath(*live_));
      if (!there) live_.reset();
      Add(there ? Level::kOk : Level::kFailure, "current",
          fmt::format("{} says {}{}", Absolute(kCurrent), Quoted(target),
                      there ? "" : ", which is no release here"));
    }
  }

  // Whether a release of the live one's size still has room.
  void CheckSpace() {
    Try("space", [&] {
      const SpaceInfo space = context_->fs->Space();
      std::uint64_t bytes = kLeastBytes, inodes = kLeastInodes;
      if (live_ && HasManifest(context_->fs, *live_)) {
        const Manifest manifest = LoadManifest(context_->fs, *live_);
        bytes = std::max(bytes, manifest.TotalBytes());
        inodes = std::max<std::uint64_t>(inodes, manifest.entries.size());
      }
      AddSpace(space.free_bytes, bytes, kLeastBytes,
               FormatSize(space.free_bytes) + " are");
      if (space.total_inodes == 0) return;
      AddSpace(space.free_inodes, inodes, kLeastInodes,
               fmt::format("{} inodes are", space.free_inodes));
    });
  }
  void AddSpace(std::uint64_t free, std::uint64_t wanted, std::uint64_t least,
                const std::string& words) {
    const bool enough = free >= wanted;
    Add(enough         ? Level::kOk
        : free < least ? Level::kFailure
                       : Level::kWarning,
        "space",
        fmt::format("{} free{}", words,
                    enough ? "" : ", too few for one more release"));
  }

  void CheckOwnerAndKeys() {
    if (!config_.unpack.owner.empty()) {
      Try("owner", [&] {
        ResolveOwner(config_.unpack.owner);
        Add(Level::kOk, "owner", config_.unpack.owner + " exists");
      });
    }
    const std::string& keys = config_.verify.keys;
    if (keys.empty()) return;
    Try("keys", [&] {
      const Reason danger = WhyOthersCanWrite(keys);
      if (!ReadSmallFile(keys, kKeysLimit)) {
        Add(Level::kFailure, "keys", fmt::format("there is no {}", keys));
      } else if (danger) {
        Add(Level::kFailure, "keys",
            fmt::format("{} is not to be trusted: {}", keys, *danger));
      } else {
        Add(Level::kOk, "keys", fmt::format("{} can be read", keys));
      }
    });
  }

  void CheckPrograms() {
    const HooksConfig& hooks = config_.hooks;
    for (const auto& [name, argv] : {std::pair("preflight", hooks.preflight),
                                     {"pre_activate", hooks.pre_activate},
                                     {"post_activate", hooks.post_activate},
                                     {"post_rollback", hooks.post_rollback},
                                     {"service", config_.service.command},
                                     {"healthcheck", config_.health.command},
                                     {"notify", config_.notify.command}}) {
      if (argv.empty()) continue;
      const bool found = !FindProgram(argv[0]).empty();
      Add(found ? Level::kOk : Level::kFailure, name,
          fmt::format("{} {}", argv[0],
                      found ? "can be run" : "is no program that can be run"));
    }
  }

  void CheckService() {
    const ServiceConfig& service = config_.service;
    if (!service.unit.empty()) Try("service", [&] { CheckUnit(); });
    if (service.pidfile.empty()) return;
    Try("service", [&] {
      const int pid = ReadPidfile(service.pidfile);
      const bool alive = pid != 0 && context_->system.runner->Signal(pid, 0);
      Add(alive ? Level::kOk : Level::kWarning, "service",
          alive ? fmt::format("process {} is there to be signalled", pid)
                : fmt::format("{} names no process", service.pidfile));
      if (SignalNumber(service.signal)) return;
      Add(Level::kFailure, "service",
          fmt::format("there is no signal {}", Quoted(service.signal)));
    });
  }

  void CheckUnit() {
    const ServiceConfig& service = config_.service;
    Waiter waiter(context_->system.clock);
    const UnitState state =
        Unit(service.unit, service.timeout, context_->system.runner, &waiter)
            .Show();
    if (service.action == ServiceAction::kReload && !state.can_reload) {
      Add(Level::kFailure, "service",
          fmt::format("{} cannot reload, and action says it must",
                      service.unit));
      return;
    }
    const bool reloads = state.can_reload &&
                         service.action != ServiceAction::kRestart &&
                         service.action != ServiceAction::kNone;
    const bool left = service.action == ServiceAction::kNone;
    Add(state.running() ? Level::kOk : Level::kWarning, "service",
        fmt::format("{} is {} and will be {}", service.unit, state.Describe(),
                    left      ? "left alone"
                    : reloads ? "reloaded"
                              : "restarted"));
  }

  void CheckProbe() {
    if (!config_.health.configured()) {
      Add(Level::kWarning, "healthcheck",
          "no [healthcheck]: a release that starts and does not work stays");
      return;
    }
    const Reason wrong = Service(&config_, context_->system)
                             .ProbeOnce({.app = config_.app,
                                         .version = live_ ? live_->name() : "",
                                         .root = config_.root,
                                         .step = "check"});
    // Before the first release nobody need answer.
    const Level bad = live_ ? Level::kFailure : Level::kWarning;
    Add(wrong ? bad : Level::kOk, "healthcheck",
        wrong.value_or("the probe is answered well"));
  }

  DeployContext* context_;
  const Config& config_;
  std::optional<Version> live_;
  std::vector<Finding> findings_;
};

}  // namespace

std::vector<Finding> CheckHost(DeployContext* context) {
  return HostChecker(context).Run();
}

}  // namespace release
