#include "store/current.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <vector>

#include "store/layout.h"

namespace release {
namespace {

// A link in .release/.
struct Link {
  std::string path;
  std::string target;
};

std::optional<std::string> ReadIfItCan(Fs* fs, Fs::Handle dir,
                                       const std::string& name) {
  try {
    return fs->ReadLink(dir, name);
  } catch (const FsError&) {
    return std::nullopt;
  }
}

// The links in .release/, sorted by name, so that the same state on disk always
// leads to the same choice. Leaves out a link that cannot be read.
std::vector<Link> ReadyLinks(Fs* fs) {
  std::vector<Link> links;
  // Opened once: there is a link for each release that is kept.
  const ScopedHandle own(fs, fs->OpenDirectory(Fs::kRoot, kOwn));
  for (const DirEntry& entry : fs->List(Fs::kRoot, kOwn)) {
    if (!entry.name.starts_with(kLinkPrefix)) continue;
    if (const auto target = ReadIfItCan(fs, own.get(), entry.name)) {
      links.push_back({fmt::format("{}/{}", kOwn, entry.name), *target});
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

// Makes a link under the first free name in .release/, which has these links;
// returns its path.
std::string Make(Fs* fs, const std::string& target,
                 const std::vector<Link>& links) {
  const auto is_known = [&](const std::string& path) {
    return std::binary_search(
        links.begin(), links.end(), Link{path, ""},
        [](const Link& a, const Link& b) { return a.path < b.path; });
  };
  unsigned number = 1;
  while (is_known(LinkPath(number)) || fs->Stat(Fs::kRoot, LinkPath(number))) {
    ++number;
  }
  fs->MakeSymlink(target, Fs::kRoot, LinkPath(number));
  return LinkPath(number);
}

// Makes the link in the root instead. After an exchange the name holds the old
// link, which is garbage and which CollectGarbage removes.
std::string MakeBeside(Fs* fs, const std::string& target) {
  const std::string path = std::string(kTempLinkPrefix) + "new";
  fs->RemoveFile(Fs::kRoot, path);
  fs->MakeSymlink(target, Fs::kRoot, path);
  return path;
}

// The path of a link with this target: one made in advance, or else a new one.
std::string LinkThatSays(Fs* fs, const std::string& target) {
  try {
    const std::vector<Link> links = ReadyLinks(fs);
    const auto ready = Find(links, target);
    return ready ? *ready : Make(fs, target, links);
  } catch (const FsError&) {
    // An undo must go on even if .release/ cannot be read or written.
    return MakeBeside(fs, target);
  }
}

// Gives `link` the name `current`. An exchange keeps the old link for the way
// back. If `current` is missing there is nothing to exchange with. If it is a
// directory, an exchange would move it into .release/, whereas the plain rename
// fails; the caller must use ExchangeForSymlink then.
void ExchangeLinks(Fs* fs, const std::string& link) {
  const auto current = fs->Stat(Fs::kRoot, kCurrent);
  if (current && current->type == FileType::kSymlink) {
    try {
      fs->Rename(Fs::kRoot, link, Fs::kRoot, kCurrent, RenameMode::kExchange);
      return;
    } catch (const FsError& error) {
      // EINVAL: this file system cannot exchange names. Replacing `current` is
      // as atomic, but loses the old link, so the way back must make a new one.
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
  // Make the switch durable before a record says that it happened. This holds
  // also if the link was right: an earlier swap may not have been synced.
  fs->Sync(Fs::kRoot);
}

void PrepareLinks(Fs* fs, const std::set<Version>& versions) {
  const std::vector<Link> links = ReadyLinks(fs);
  const auto current = fs->ReadLink(Fs::kRoot, kCurrent);
  for (const Version& version : versions) {
    const std::string target = ReleasePath(version);
    if (target != current && !Find(links, target)) Make(fs, target, links);
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
