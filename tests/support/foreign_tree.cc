#include "support/foreign_tree.h"

#include <fmt/format.h>

#include <optional>

#include "store/durable.h"
#include "store/layout.h"
#include "support/root_files.h"

namespace release {
namespace {

constexpr std::string_view kPrefix = "/srv/shop/";

// Returns the path, relative to the root, of the directory that `current` is or
// leads to; nullopt if it leads nowhere. It understands the links that an
// adoption can meet: absolute ones into the root, and relative ones at the top
// of it.
std::optional<std::string> FollowCurrent(Fs* fs) {
  std::string path = kCurrent;
  // A link that points at itself ends after eight steps.
  for (int i = 0; i < 8; ++i) {
    const auto info = fs->Stat(Fs::kRoot, path);
    if (!info) return std::nullopt;
    if (info->type == FileType::kDirectory) return path;
    if (info->type != FileType::kSymlink) return std::nullopt;
    std::string target = *fs->ReadLink(Fs::kRoot, path);
    if (target.starts_with(kPrefix)) {
      path = target.substr(kPrefix.size());
    } else if (path.find('/') == std::string::npos && target.front() != '/') {
      path = target;
    } else {
      return std::nullopt;
    }
  }
  return std::nullopt;
}

// Returns the part of a machine path below /srv/shop, or nullopt if the path is
// elsewhere.
std::optional<std::string> InShop(const std::string& path) {
  const std::string absolute = "/" + path;
  if (!absolute.starts_with(kPrefix)) return std::nullopt;
  return absolute.substr(kPrefix.size());
}

}  // namespace

void MakeForeignRelease(Fs* fs, const std::string& path,
                        const std::string& text) {
  fs->MakeDirectory(Fs::kRoot, path, 0775);
  PutFile(fs, path + "/index", text);
  fs->MakeSymlink("/srv/shop/shared/log", Fs::kRoot, path + "/log");
}

MemFs CapistranoTree() {
  MemFs fs;
  fs.MakeDirectory(Fs::kRoot, kReleases, 0755);
  fs.MakeDirectory(Fs::kRoot, kShared, 0755);
  fs.MakeDirectory(Fs::kRoot, "shared/log", 0755);
  fs.MakeDirectory(Fs::kRoot, "repo", 0755);
  std::string log;
  for (const char* name : {"1", "2", "3"}) {
    MakeForeignRelease(&fs, fmt::format("{}/{}", kReleases, name),
                       fmt::format("version {}", name));
    log +=
        fmt::format("Branch main (at 1a) deployed as release {} by al\n", name);
  }
  PutFile(&fs, "revisions.log", log);
  fs.MakeSymlink("/srv/shop/releases/3", Fs::kRoot, kCurrent);
  fs.SyncTree(Fs::kRoot);
  return fs;
}

MemFs PlainTree() {
  MemFs fs;
  MakeForeignRelease(&fs, kCurrent, "plain");
  fs.SyncTree(Fs::kRoot);
  return fs;
}

std::string ServedIndex(Fs* fs) {
  const auto directory = FollowCurrent(fs);
  if (!directory) return "";
  const std::string path = *directory + "/index";
  return fs->Stat(Fs::kRoot, path) ? ReadFile(fs, path) : "";
}

ShopMachine::ShopMachine(Fs* root) : root_(root) {
  MakeDirectory(kRoot, "srv", 0755);
  MakeDirectory(kRoot, "srv/shop", 0755);
}

std::optional<FileInfo> ShopMachine::Stat(Handle dir, const std::string& path) {
  const auto inside = InShop(path);
  return inside ? root_->Stat(dir, *inside) : MemFs::Stat(dir, path);
}

std::optional<std::string> ShopMachine::ReadLink(Handle dir,
                                                 const std::string& path) {
  const auto inside = InShop(path);
  return inside ? root_->ReadLink(dir, *inside) : MemFs::ReadLink(dir, path);
}

}  // namespace release
