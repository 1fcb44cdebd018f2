#include "inspect/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/text.h"
#include "base/units.h"
#include "deploy/deployment_state.h"
#include "inspect/file_system_trial.h"
#include "inspect/instance_check.h"
#include "inspect/unit_drop_ins.h"
#include "inspect/watch_check.h"
#include "os/as_user.h"
#include "os/host_facts.h"
#include "os/identity.h"
#include "os/input.h"
#include "os/safe_command.h"
#include "service/instance.h"
#include "service/pidfile.h"
#include "service/unit.h"
#include "store/layout.h"
#include "store/releases.h"
#include "store/root_safety.h"

namespace release {
namespace {

using Level = Finding::Level;

constexpr std::size_t kKeysLimit = 1024 * 1024;
// With less than this, not even the records of a few transactions have space.
constexpr std::uint64_t kLeastBytes = 1024 * 1024;
constexpr std::uint64_t kLeastInodes = 100;

// All of these must be on one file system, because one sync of that file
// system must make the changes in several of them durable.
constexpr const char* kOfOneFileSystem[] = {kReleases, kOwn, kTransactions,
                                            kManifests, kOutbox};

// The input of the checks, and what they have found so far.
struct Findings {
  explicit Findings(DeployContext* c) : context(c), config(*c->config) {}

  void Add(Level level, const std::string& what, std::string words) {
    all.push_back({level, what, std::move(words)});
  }
  void TakeAll(std::vector<Finding> more) {
    std::move(more.begin(), more.end(), std::back_inserter(all));
  }
  // Reports an error as a failure, so that the other checks still run.
  template <typename Body>
  void Try(const std::string& what, Body body) {
    try {
      body();
    } catch (const Error& error) {
      Add(Level::kFailure, what, error.what());
    }
  }
  std::string Absolute(const std::string& path) const {
    return (config.root / path).string();
  }
  // Empty if no release is live.
  std::string LiveDirectory() const {
    return live ? fmt::format("{}/{}", Absolute(kReleases), live->name()) : "";
  }
  bool IsDirectory(const std::string& path) const {
    const auto info = context->fs->Stat(Fs::kRoot, path);
    return info && info->type == FileType::kDirectory;
  }

  DeployContext* context;
  const Config& config;
  std::optional<Version> live;  // set by CheckCurrent, for the checks after it
  std::vector<Finding> all;
};

// A directory of the layout must exist, and the caller must be able to write in
// it. A directory in which everybody can write is a failure: any user could
// replace a release there.
void CheckDirectory(Findings* found, const std::string& path) {
  const std::string name = found->Absolute(path);
  if (!found->IsDirectory(path)) {
    found->Add(
        Level::kFailure, "layout",
        fmt::format("there is no directory {}: `release init` makes it", name));
    return;
  }
  if (const Reason why_not = WhyNotWritable(name)) {
    found->Add(Level::kFailure, "permissions",
               fmt::format("cannot write in {}: {}", name, *why_not));
    return;
  }
  const unsigned mode = found->context->fs->Stat(Fs::kRoot, path)->mode;
  const bool by_all = (mode & 0002) != 0;
  found->Add(by_all ? Level::kFailure : Level::kOk, "permissions",
             by_all ? fmt::format("everybody can write in {} (mode {:04o})",
                                  name, mode)
                    : fmt::format("{} can be written in", name));
}

// Warns if what is made in releases/ inherits rights from it. A release gets
// the modes of its archive nevertheless, so the admin should know what stays.
void CheckInheritance(Findings* found) {
  if (!found->IsDirectory(kReleases)) return;
  Fs* fs = found->context->fs;
  const ScopedHandle releases(fs, fs->OpenDirectory(Fs::kRoot, kReleases));
  const std::string name = found->Absolute(kReleases);
  if ((fs->StatHandle(releases.get()).mode & 02000) != 0) {
    found->Add(Level::kWarning, "permissions",
               fmt::format("{} has the set-group-id bit: releases get its "
                           "group, and their directories lose the bit",
                           name));
  }
  if (fs->HasAttributes(releases.get())) {
    found->Add(Level::kWarning, "permissions",
               fmt::format("{} has an access list or other attributes: a "
                           "release inherits them, and gets the modes of its "
                           "archive nevertheless",
                           name));
  }
}

// Root does not deploy where another user can change what it made.
void CheckSafety(Findings* found) {
  const auto unsafe = FindUnsafeRoot(found->config.root);
  if (unsafe) found->Add(Level::kFailure, "permissions", unsafe->words);
}

void CheckDirectories(Findings* found) {
  for (const char* path :
       {"", kReleases, kShared, kOwn, kTransactions, kManifests, kOutbox}) {
    found->Try("permissions", [&] { CheckDirectory(found, path); });
  }
  CheckSafety(found);
  found->Try("permissions", [&] { CheckInheritance(found); });
}

// Fails if the root spans several file systems. Warns of a bind mount, which
// has the device number of its source, so only the mount table shows it.
void CheckMounts(Findings* found) {
  const auto root = found->context->fs->Stat(Fs::kRoot, "");
  bool one = true;
  for (const char* path : kOfOneFileSystem) {
    const auto info = found->context->fs->Stat(Fs::kRoot, path);
    if (!info) continue;
    if (info->device != root->device) {
      one = false;
      found->Add(
          Level::kFailure, "mount",
          fmt::format("{} is on another file system than {}: a sync of the "
                      "one is none of the other",
                      found->Absolute(path), found->config.root));
    } else if (MountOf(found->Absolute(path)) != MountOf(found->config.root)) {
      found->Add(Level::kWarning, "mount",
                 fmt::format("{} is a mount of its own: nothing can be renamed "
                             "between it and {}",
                             found->Absolute(path), found->config.root));
    }
  }
  // The type of the root says nothing about the other file systems.
  if (!one) return;
  const std::string type = FileSystemOf(found->config.root);
  const bool known = type == "ext4" || type == "xfs" || type == "btrfs";
  found->Add(
      known ? Level::kOk : Level::kWarning, "mount",
      fmt::format("{} is one file system, {}{}", found->config.root, type,
                  known ? ""
                        : ": what survives a power cut is proved on ext4, "
                          "xfs and btrfs only"));
}

// Publishing needs RENAME_NOREPLACE, and an exchange RENAME_EXCHANGE. Without
// openat2 the tool still works: it opens a path one component at a time.
void CheckKernel(Findings* found) {
  found->Add(HasRenameFlags() ? Level::kOk : Level::kFailure, "kernel",
             HasRenameFlags()
                 ? "the kernel knows RENAME_NOREPLACE and RENAME_EXCHANGE"
                 : "the kernel lacks RENAME_NOREPLACE or RENAME_EXCHANGE");
  found->Add(Level::kOk, "kernel",
             HasOpenat2() ? "the kernel has openat2"
                          : "openat2 is not to be had here; paths are walked");
}

void CheckFileSystem(Findings* found) {
  if (!found->IsDirectory(kReleases)) return;
  found->Try("file system", [&] {
    const auto results = TryFileSystem(found->context->fs, found->config);
    for (const TrialResult& result : results) {
      const bool other_way = result.level == TrialResult::Level::kWarning;
      found->Add(other_way ? Level::kWarning : Level::kFailure, "file system",
                 result.words);
    }
    if (!results.empty()) return;
    found->Add(Level::kOk, "file system",
               "renames, links, modes, times and syncs work in " +
                   found->Absolute(kReleases));
  });
}

void CheckCurrent(Findings* found) {
  const auto info = found->context->fs->Stat(Fs::kRoot, kCurrent);
  if (!info) {
    found->Add(Level::kOk, "current", "no release is live yet");
  } else if (info->type != FileType::kSymlink) {
    found->Add(
        Level::kFailure, "current",
        fmt::format("{} is not a symbolic link", found->Absolute(kCurrent)));
  } else {
    const std::string target =
        *found->context->fs->ReadLink(Fs::kRoot, kCurrent);
    found->live = VersionOfTarget(target);
    const bool there =
        found->live && found->IsDirectory(ReleasePath(*found->live));
    // The link may name a release that is gone; then no release is live.
    if (!there) found->live.reset();
    found->Add(
        there ? Level::kOk : Level::kFailure, "current",
        fmt::format("{} says {}{}", found->Absolute(kCurrent), Quoted(target),
                    there ? "" : ", which is no release here"));
  }
}

// Warns if less than `wanted` is free, fails if less than `least` is.
void AddSpace(Findings* found, std::uint64_t free, std::uint64_t wanted,
              std::uint64_t least, const std::string& words) {
  const bool enough = free >= wanted;
  found->Add(enough         ? Level::kOk
             : free < least ? Level::kFailure
                            : Level::kWarning,
             "space",
             fmt::format("{} free{}", words,
                         enough ? "" : ", too few for one more release"));
}

// Checks whether another release of the live one's size has space. Without a
// manifest of the live release its size is unknown, and the minimum applies.
void CheckSpace(Findings* found) {
  found->Try("space", [&] {
    const SpaceInfo space = found->context->fs->Space();
    std::uint64_t bytes = kLeastBytes, inodes = kLeastInodes;
    if (found->live && HasManifest(found->context->fs, *found->live)) {
      const Manifest manifest = LoadManifest(found->context->fs, *found->live);
      bytes = std::max(bytes, manifest.TotalBytes());
      inodes = std::max<std::uint64_t>(inodes, manifest.entries.size());
    }
    AddSpace(found, space.free_bytes, bytes, kLeastBytes,
             FormatSize(space.free_bytes) + " are");
    // Some file systems, such as btrfs, have no fixed number of inodes.
    if (space.total_inodes == 0) return;
    AddSpace(found, space.free_inodes, inodes, kLeastInodes,
             fmt::format("{} inodes are", space.free_inodes));
  });
}

// A release needs each shared file. Init makes it, empty, and a person must
// fill it in.
void CheckShared(Findings* found) {
  for (const std::string& path : found->config.shared_files) {
    const std::string full = SharedPath(path);
    const auto info = found->context->fs->Stat(Fs::kRoot, full);
    const std::string name = found->Absolute(full);
    if (!info) {
      found->Add(Level::kFailure, "shared",
                 fmt::format("there is no {}: `release init` makes it", name));
    } else if (info->type == FileType::kFile && info->size == 0) {
      found->Add(Level::kWarning, "shared",
                 fmt::format("{} is empty: fill it in", name));
    } else {
      found->Add(Level::kOk, "shared", name + " is there");
    }
  }
}

// If somebody else could write in the file of trusted keys, a signature would
// prove nothing.
void CheckOwnerAndKeys(Findings* found) {
  if (!found->config.unpack.owner.empty()) {
    found->Try("owner", [&] {
      ResolveOwner(found->config.unpack.owner);
      found->Add(Level::kOk, "owner", found->config.unpack.owner + " exists");
    });
  }
  const HostPath& keys = found->config.verify.keys;
  if (keys.empty()) return;
  found->Try("keys", [&] {
    const Reason danger = WhyOthersCanWrite(keys);
    if (!ReadRegularFile(keys, kKeysLimit)) {
      found->Add(Level::kFailure, "keys", fmt::format("there is no {}", keys));
    } else if (danger) {
      found->Add(Level::kFailure, "keys",
                 fmt::format("{} is not to be trusted: {}", keys, *danger));
    } else {
      found->Add(Level::kOk, "keys", fmt::format("{} can be read", keys));
    }
  });
}

// A command of the configuration.
struct ConfiguredCommand {
  std::string key;
  const Argv& argv;
  std::string directory;  // in which it runs
  std::string user;       // empty: the caller
};

// Says whether the command's program exists and root may run it.
void CheckProgram(Findings* found, const ConfiguredCommand& command) {
  if (command.argv.empty()) return;
  const auto unsafe =
      FindUnsafeFile({.argv = command.argv, .directory = command.directory},
                     found->Absolute(kReleases));
  if (unsafe && command.user.empty()) {
    found->Add(Level::kFailure, command.key,
               fmt::format("root does not run it, because of {}: {}",
                           unsafe->path, unsafe->reason));
    return;
  }
  const bool runnable = !FindProgram(command.argv[0]).empty();
  found->Add(
      runnable ? Level::kOk : Level::kFailure, command.key,
      fmt::format("{} {}", command.argv[0],
                  runnable ? "can be run" : "is no program that can be run"));
}

// Warns if root runs hooks in a directory of somebody else: FindUnsafeFile sees
// what a hook names, not what it finds there, such as a Makefile.
void CheckHooksUser(Findings* found) {
  const HooksConfig& hooks = found->config.hooks;
  if (!hooks.user.empty()) {
    found->Try("hooks", [&] {
      RequireUser(hooks.user);
      const bool can = !FindProgram("setpriv").empty();
      found->Add(can ? Level::kOk : Level::kFailure, "hooks",
                 can ? "run as " + hooks.user
                     : "[hooks] user needs the program setpriv of util-linux");
    });
    return;
  }
  const bool any = !hooks.preflight.empty() || !hooks.pre_activate.empty() ||
                   !hooks.post_activate.empty() || !hooks.post_rollback.empty();
  if (!any || !found->live) return;
  const Reason danger =
      WhyOthersCanWrite(found->Absolute(kReleases) + "/" + found->live->name());
  if (!danger) return;
  found->Add(Level::kWarning, "hooks",
             fmt::format("root runs them in the release's directory, and {}; "
                         "set [hooks] user if they need not be root's",
                         *danger));
}

// Hooks run in the new release's directory, which is likely to be as the live
// one's.
void CheckPrograms(Findings* found) {
  const Config& config = found->config;
  const HooksConfig& hooks = config.hooks;
  const std::string release = found->LiveDirectory();
  CheckHooksUser(found);
  for (const ConfiguredCommand& command :
       {ConfiguredCommand{"preflight", hooks.preflight, release, hooks.user},
        {"pre_activate", hooks.pre_activate, release, hooks.user},
        {"post_activate", hooks.post_activate, release, hooks.user},
        {"post_rollback", hooks.post_rollback, release, hooks.user},
        {"service", config.service.command, release, ""},
        {"healthcheck", config.health.command, "/", ""},
        {"notify", config.notify.command, "/", ""}}) {
    CheckProgram(found, command);
  }
}

// Asks systemd for the unit's state, and says what a deploy will do with it.
void CheckUnit(Findings* found) {
  const ServiceConfig& service = found->config.service;
  Waiter waiter(found->context->system.clock);
  const UnitState state = Unit(service.unit, service.timeout,
                               found->context->system.runner, &waiter)
                              .Show();
  if (service.action == ServiceAction::kReload && !state.can_reload) {
    found->Add(
        Level::kFailure, "service",
        fmt::format("{} cannot reload, and action says it must", service.unit));
    return;
  }
  const bool reloads = state.can_reload &&
                       service.action != ServiceAction::kRestart &&
                       service.action != ServiceAction::kNone;
  const bool left = service.action == ServiceAction::kNone;
  found->Add(
      state.running() ? Level::kOk : Level::kWarning, "service",
      fmt::format("{} is {} and will be {}", service.unit, state.Describe(),
                  left      ? "left alone"
                  : reloads ? "reloaded"
                            : "restarted"));
  if (!state.starts_at_boot()) {
    found->Add(Level::kWarning, "service", NotEnabled(service.unit));
  }
}

void CheckService(Findings* found) {
  const ServiceConfig& service = found->config.service;
  if (found->config.instances.configured) {
    found->Try("instances", [&] {
      found->TakeAll(CheckInstances(found->context, found->live));
    });
    return;
  }
  if (!service.unit.empty()) found->Try("service", [&] { CheckUnit(found); });
  if (service.pidfile.empty()) return;
  found->Try("service", [&] {
    Runner* runner = found->context->system.runner;
    const int pid =
        Pidfile{service.pidfile.string(), found->config.root, runner}.ReadPid();
    const bool alive = pid != 0 && runner->Signal(pid, 0);
    found->Add(alive ? Level::kOk : Level::kWarning, "service",
               alive ? fmt::format("process {} is there to be signalled", pid)
                     : fmt::format("{} names no process", service.pidfile));
    if (SignalNumber(service.signal)) return;
    found->Add(Level::kFailure, "service",
               fmt::format("there is no signal {}", Quoted(service.signal)));
  });
}

// Warns if systemd starts units of `release` for this app that do not fit it.
void CheckReleaseUnits(Findings* found) {
  found->Try("units", [&] {
    if (MissingDropIns(NeededDropIns(found->config)).empty()) return;
    const auto enabled = [&](const std::string& unit) {
      Command command;
      command.argv = {"systemctl", "is-enabled", "--quiet", unit};
      command.timeout = found->config.service.timeout;
      return found->context->system.runner->Run(command).ok();
    };
    const std::string& app = found->config.app;
    for (const std::string& unit :
         {fmt::format("release-intake@{}.path", app),
          fmt::format("release-recover@{}.service", app)}) {
      if (!enabled(unit)) continue;
      found->Add(Level::kWarning, "units",
                 fmt::format("{} is enabled and does not fit this root and "
                             "unit: `release --app {} check --units | sh` "
                             "mends it",
                             unit, app));
    }
  });
}

void CheckWatched(Findings* found) {
  found->Try("watch", [&] { found->TakeAll(CheckWatch(found->context)); });
}

// Returns the release that the live one is a restart of; empty: none.
std::string OriginOfLive(const Findings& found) {
  if (!found.live) return "";
  return ReadDeploymentState(found.context->fs).RestartOf(*found.live);
}

void SendProbe(Findings* found) {
  const HookContext hook_context{
      .app = found->config.app,
      .version = found->live ? found->live->name() : "",
      .restart_of = OriginOfLive(*found),
      .root = found->config.root,
      .step = "check"};
  const Reason wrong =
      ProbeLive(found->config, found->context->system, hook_context);
  // Before the first release, a service that does not answer is normal.
  const Level bad = found->live ? Level::kFailure : Level::kWarning;
  found->Add(wrong ? bad : Level::kOk, "healthcheck",
             wrong.value_or("the probe is answered well"));
}

void CheckProbe(Findings* found) {
  if (found->config.health.configured()) {
    found->Try("healthcheck", [&] { SendProbe(found); });
    return;
  }
  found->Add(Level::kWarning, "healthcheck",
             "no [healthcheck]: a release that starts and does not work stays");
}

// The order matters: each check relies on what the checks before it examined.
// CheckCurrent finds the live release, which CheckSpace and CheckProbe use.
constexpr void (*kChecks[])(Findings*) = {
    CheckDirectories, CheckMounts,  CheckKernel,       CheckFileSystem,
    CheckCurrent,     CheckSpace,   CheckShared,       CheckOwnerAndKeys,
    CheckPrograms,    CheckService, CheckReleaseUnits, CheckWatched,
    CheckProbe};

}  // namespace

std::vector<Finding> CheckHost(DeployContext* context) {
  Findings found(context);
  for (const auto check : kChecks) check(&found);
  return std::move(found.all);
}

}  // namespace release
