#include "adopt/foreign_root.h"

#include <fmt/format.h>

#include <string_view>

#include "base/error.h"
#include "os/host_facts.h"
#include "store/durable.h"
#include "store/layout.h"

namespace release {
namespace {

// The names that Deployer uses in a root and in a release.
constexpr char kDeployLock[] = ".dep/deploy.lock";
constexpr char kUnfinished[] = "release";  // a link to the one being made
constexpr char kBadMark[] = "BAD_RELEASE";

}  // namespace

void ForeignRoot::RequireAdoptable() const {
  for (const char* name : {kReleases, kShared, kIncoming}) {
    const auto info = fs_->Stat(Fs::kRoot, name);
    if (!info) continue;
    if (info->type != FileType::kDirectory) {
      Refuse(name, fmt::format("{} must be a directory of its own, and no link",
                               name));
    }
    if (std::string_view(name) == kReleases) RequireSameMount(name, *info);
  }
  if (fs_->Stat(Fs::kRoot, kDeployLock)) {
    Refuse(kDeployLock,
           fmt::format("{} is there: Deployer is at work, or died; `dep "
                       "deploy:unlock` removes it",
                       kDeployLock));
  }
}

// A bind mount has the device number of its source, so compare mounts too.
void ForeignRoot::RequireSameMount(const std::string& name,
                                   const FileInfo& info) const {
  if (info.device == fs_->Stat(Fs::kRoot, "")->device &&
      MountOf(path_ / name) == MountOf(path_)) {
    return;
  }
  Refuse(name,
         fmt::format("{} is mounted there; the root must be one file system "
                     "without a mount below",
                     name));
}

ForeignFacts ForeignRoot::FactsAbout(const std::set<Version>& releases,
                                     const Version& live) const {
  ForeignFacts facts{.live = live,
                     .trees = {},
                     .revisions_log = TextOf(kRevisionsLog),
                     .releases_log = TextOf(kReleasesLog)};
  const auto unfinished = UnfinishedByDeployer();
  for (const Version& version : releases) {
    const std::string path = ReleasePath(version);
    facts.trees[version] = {.modified = fs_->Stat(Fs::kRoot, path)->modified,
                            .marked_bad = IsFile(path + "/" + kBadMark),
                            .unfinished = unfinished == version};
  }
  return facts;
}

void ForeignRoot::Refuse(const std::string& name,
                         const std::string& why) const {
  throw Error(ErrorCode::kNotAdoptable,
              fmt::format("cannot take over {}: {}", path_, why), name);
}

bool ForeignRoot::IsFile(const std::string& name) const {
  const auto info = fs_->Stat(Fs::kRoot, name);
  return info && info->type == FileType::kFile;
}

std::string ForeignRoot::TextOf(const std::string& name) const {
  return IsFile(name) ? ReadFile(fs_, name) : "";
}

// Deployer points the link `release` at the release that it is making, and
// renames the link to `current` to make that release live.
std::optional<Version> ForeignRoot::UnfinishedByDeployer() const {
  const auto info = fs_->Stat(Fs::kRoot, kUnfinished);
  if (!info || info->type != FileType::kSymlink) return std::nullopt;
  const std::string target = *fs_->ReadLink(Fs::kRoot, kUnfinished);
  return Version::Parse(HostPath(target).filename().string());
}

}  // namespace release
