#include "store/current.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <vector>

#include "store/layout.h"

namespace release {
namespace {

struct Link {
  std::string path;
  std::string target;
};

std::optional<std::string> ReadIfItCan(Fs* fs, const std::string& path) {
  try {
    return fs->ReadLink(Fs::kRoot, path);
  } catch (const FsError&) {
    return std::nullopt;
  }
}

// In the order of their names, so that the same state is treated the same. One
// that cannot be read is none.
std::vector<Link> ReadyLinks(Fs* fs) {
  std::vector<Link> links;
  for (const DirEntry& entry : fs->List(Fs::kRoot, kOwn)) {
    if (!entry.name.starts_with(kLinkPrefix)) continue;
    const std::string path = fmt::format("{}/{}", kOwn, entry.name);
    if (const auto target = ReadIfItCan(fs, path)) {
      links.push_back({path, *target});
    }
  }
  std::sort(links.begin(), links.end(),
            [](const Link& a, const Link& b) { return a.path < b.path; });
  return links;
}

std::optional<std::string> Find(const std::vector<Link>& links,
                                const std::string& target) {
  for (const Link& link : links) {
    if (link.target == target) return link.path;
  }
  return std::nullopt;
}

std::string Make(Fs* fs, const std::string& target) {
  unsigned number = 1;
  while (fs->Stat(Fs::kRoot, LinkPath(number))) ++number;
  fs->MakeSymlink(target, Fs::kRoot, LinkPath(number));
  return LinkPath(number);
}

// In the root, where it is garbage afterwards.
std::string MakeBeside(Fs* fs, const std::string& target) {
  const std::string path = std::string(kTempLinkPrefix) + "new";
  fs->RemoveFile(Fs::kRoot, path);
  fs->MakeSymlink(target, Fs::kRoot, path);
  return path;
}

std::string LinkThatSays(Fs* fs, const std::string& target) {
  try {
    const auto ready = Find(ReadyLinks(fs), target);
    return ready ? *ready : Make(fs, target);
  } catch (const FsError&) {
    // Where .release/ cannot be used an undo must go on all the same.
    return MakeBeside(fs, target);
  }
}

void ExchangeLinks(Fs* fs, const std::string& link) {
  const auto current = fs->Stat(Fs::kRoot, kCurrent);
  if (current && current->type == FileType::kSymlink) {
    try {
      fs->Rename(Fs::kRoot, link, Fs::kRoot, kCurrent, RenameMode::kExchange);
      return;
    } catch (const FsError& error) {
      // Some file systems cannot; they lose the link that was `current`.
      if (error.error_number() != EINVAL) throw;
    }
  }
  fs->Rename(Fs::kRoot, link, Fs::kRoot, kCurrent, RenameMode::kReplace);
}

}  // namespace

void SwapCurrent(Fs* fs, const std::string& target) {
  if (fs->ReadLink(Fs::kRoot, kCurrent) != target) {
    ExchangeLinks(fs, LinkThatSays(fs, target));
  }
  // The switch before the record that says it is done.
  fs->Sync(Fs::kRoot);
}

void PrepareLinks(Fs* fs, const std::set<Version>& versions) {
  const std::vector<Link> links = ReadyLinks(fs);
  const auto current = fs->ReadLink(Fs::kRoot, kCurrent);
  for (const Version& version : versions) {
    const std::string target = ReleasePath(version);
    if (target != current && !Find(links, target)) Make(fs, target);
  }
}

void RemoveSpentLinks(Fs* fs, const std::set<Version>& versions) {
  std::set<std::string> wanted;
  for (const Version& version : versions) wanted.insert(ReleasePath(version));
  if (const auto current = fs->ReadLink(Fs::kRoot, kCurrent)) {
    wanted.erase(*current);
  }
  for (const Link& link : ReadyLinks(fs)) {
    if (wanted.erase(link.target) == 0) fs->RemoveFile(Fs::kRoot, link.path);
  }
}

}  // namespace release
