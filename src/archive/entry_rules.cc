#include "archive/entry_rules.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "os/path_rules.h"
#include "trust/digest.h"

namespace release {
namespace {

using Kind = ArchiveEntry::Kind;

constexpr std::size_t kShown = 256;  // bytes of a name in a message

// A name out of an archive may be as long as it likes.
std::string Shown(std::string_view name) {
  return Quoted(name.substr(0, kShown)) + (name.size() > kShown ? "..." : "");
}

[[noreturn]] void Refuse(const ArchiveEntry& entry, const std::string& reason) {
  throw Error(ErrorCode::kUnsafeEntry,
              "cannot unpack " + Shown(entry.path) + ": " + reason,
              entry.path.substr(0, kMaxPath));
}

bool HasControlCharacter(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x20 || byte == 0x7F) return true;
    // U+0080 to U+009F
    if (byte == 0xC2 && i + 1 < text.size() &&
        static_cast<unsigned char>(text[i + 1]) < 0xA0) {
      return true;
    }
  }
  return false;
}

// Throws unless the bytes are fit for a name or a link's target.
void CheckText(const ArchiveEntry& entry, std::string_view text,
               const std::string& what) {
  if (text.empty()) Refuse(entry, what + " is empty");
  if (text.size() > kMaxPath) Refuse(entry, what + " is too long");
  if (!IsUtf8(text)) Refuse(entry, what + " is not UTF-8");
  if (HasControlCharacter(text)) {
    Refuse(entry, what + " holds a control character");
  }
}

// The components, without "." and empty ones; ".." is kept.
template <typename Visit>
void ForEachComponent(std::string_view path, Visit visit) {
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/'), path.size());
    const std::string_view component = path.substr(0, end);
    if (!component.empty() && component != ".") visit(component);
    path.remove_prefix(std::min(end + 1, path.size()));
  }
}

bool HasNoComponent(std::string_view path) {
  bool none = true;
  ForEachComponent(path, [&](std::string_view) { none = false; });
  return none;
}

// The path normalised and stripped; empty if no component is left.
std::string Normalised(const ArchiveEntry& entry, std::string_view path,
                       unsigned strip, const std::string& what) {
  CheckText(entry, path, what);
  if (path.front() == '/') Refuse(entry, what + " is absolute");
  std::string out;
  out.reserve(path.size());
  std::size_t depth = 0;
  ForEachComponent(path, [&](std::string_view component) {
    if (component == "..") Refuse(entry, what + " leads upwards");
    if (component.size() > kMaxComponent) {
      Refuse(entry, what + " has a part longer than 255 bytes");
    }
    if (++depth <= strip) return;
    if (!out.empty()) out += '/';
    out += component;
  });
  if (depth > strip + kMaxDepth) {
    Refuse(entry, what + " is nested too deeply");
  }
  return out;
}

// A link may lead up to the top of the release and not beyond. ".." after a
// name is refused, since its meaning would depend on what that name is.
void CheckRelative(const ArchiveEntry& entry, std::string_view path) {
  const auto depth = std::count(path.begin(), path.end(), '/');
  std::ptrdiff_t ups = 0;
  bool below = false;
  ForEachComponent(entry.target, [&](std::string_view component) {
    if (component.size() > kMaxComponent) {
      Refuse(entry, "the link's target has a part longer than 255 bytes");
    }
    if (component != "..") {
      below = true;
    } else if (below) {
      Refuse(entry, "the link's target leads upwards after a name");
    } else if (++ups > depth) {
      Refuse(entry, "the link leads out of the release");
    }
  });
}

bool Allows(std::string_view pattern, std::string_view target) {
  if (!pattern.ends_with("/*")) return pattern == target;
  pattern.remove_suffix(1);
  return target.starts_with(pattern) && target != pattern;
}

void CheckAbsolute(const ArchiveEntry& entry,
                   const std::vector<std::string>& allowed) {
  std::string target;
  ForEachComponent(entry.target, [&](std::string_view component) {
    if (component == "..") Refuse(entry, "the link's target leads upwards");
    target += '/';
    target += component;
  });
  const auto allows = [&](const auto& each) { return Allows(each, target); };
  if (std::any_of(allowed.begin(), allowed.end(), allows)) return;
  Refuse(entry, "the link's target " + Shown(entry.target) +
                    " is absolute; absolute_links in [unpack] of the "
                    "configuration can allow it");
}

}  // namespace

bool IsAtOrBelow(std::string_view path, const std::vector<std::string>& tops) {
  return std::any_of(tops.begin(), tops.end(), [&](const std::string& top) {
    return path.starts_with(top) &&
           (path.size() == top.size() || path[top.size()] == '/');
  });
}

unsigned AcceptedMode(Kind kind, unsigned mode, unsigned umask) {
  const unsigned kept = mode & 0775U & ~umask;
  if (kind != Kind::kDirectory) return kept | 0400U;
  return kept | (kept & 0444U) >> 2 | 0700U;
}

std::size_t EntryRules::KeyHash::operator()(const ContentHash& key) const {
  std::size_t out = 0;
  std::memcpy(&out, key.data(), sizeof out);
  return out;
}

std::optional<AcceptedEntry> EntryRules::Accept(const ArchiveEntry& entry) {
  std::string path =
      Normalised(entry, entry.path, options_.strip_components, "its name");
  if (entry.kind == Kind::kOther) {
    Refuse(entry, "it is neither file, directory nor link");
  }
  if (path.empty()) {
    const bool own_root =
        entry.kind != Kind::kDirectory && HasNoComponent(entry.path);
    if (own_root) Refuse(entry, "its name is the directory itself");
    return std::nullopt;
  }
  CheckParents(entry, path);
  if (entry.kind == Kind::kHardLink) {
    return AcceptHardLink(entry, std::move(path));
  }
  AcceptedEntry out{entry.kind, std::move(path), "", 0};
  if (entry.kind == Kind::kSymlink) {
    if (IsRepeated(link_targets_, out.path, entry.target)) return std::nullopt;
    CheckLink(entry, out.path);
    out.target = entry.target;
  } else {
    out.mode = AcceptedMode(entry.kind, entry.mode, options_.umask);
  }
  Remember(entry, out.path);
  return out;
}

bool EntryRules::IsRepeated(const Targets& targets, std::string_view path,
                            std::string_view target) {
  const auto before = targets.find(HashContent(path));
  return before != targets.end() && before->second == target;
}

void EntryRules::CheckLink(const ArchiveEntry& entry,
                           std::string_view path) const {
  if (IsAtOrBelow(path, options_.reserved)) return;
  CheckText(entry, entry.target, "the link's target");
  if (entry.target.front() == '/') {
    CheckAbsolute(entry, options_.absolute_links);
  } else {
    CheckRelative(entry, path);
  }
}

void EntryRules::CheckParents(const ArchiveEntry& entry,
                              std::string_view path) {
  const std::string_view parent = SplitPath(path).parent;
  if (parent.empty() || parent == checked_parent_) return;
  for (std::size_t end = parent.find('/');; end = parent.find('/', end + 1)) {
    const std::string_view above = parent.substr(0, end);
    const auto [it, added] =
        seen_.try_emplace(HashContent(above), Seen::kParent);
    if (!added && it->second == Seen::kSymlink) {
      Refuse(entry, "it lies behind the link " + Shown(above));
    }
    if (!added && it->second == Seen::kFile) {
      Refuse(entry, "it lies below the file " + Shown(above));
    }
    if (end == parent.npos) break;
  }
  checked_parent_ = parent;
}

void EntryRules::Remember(const ArchiveEntry& entry, std::string_view path) {
  const Seen now = entry.kind == Kind::kDirectory ? Seen::kDirectory
                   : entry.kind == Kind::kSymlink ? Seen::kSymlink
                                                  : Seen::kFile;
  const ContentHash key = HashContent(path);
  const auto [it, added] = seen_.try_emplace(key, now);
  if (added && now == Seen::kSymlink) link_targets_[key] = entry.target;
  if (added) return;
  const bool was_directory =
      it->second == Seen::kParent || it->second == Seen::kDirectory;
  if (now != Seen::kDirectory || !was_directory) {
    Refuse(entry, was_directory || now == Seen::kDirectory
                      ? "its name is taken by an entry of another kind"
                      : "its name occurs twice");
  }
  it->second = Seen::kDirectory;
}

std::optional<AcceptedEntry> EntryRules::AcceptHardLink(
    const ArchiveEntry& entry, std::string path) {
  const std::string target = Normalised(
      entry, entry.target, options_.strip_components, "the link's target");
  const auto it = seen_.find(HashContent(target));
  if (target.empty() || it == seen_.end()) {
    Refuse(entry, "it is a hard link to " + Shown(entry.target) +
                      ", which does not come before it");
  }
  if (it->second != Seen::kFile && it->second != Seen::kSymlink) {
    Refuse(entry, "it is a hard link to " + Shown(entry.target) +
                      ", which is no file");
  }
  // GNU tar writes a file that it was given twice as a hard link to itself.
  if (target == path) return std::nullopt;
  AcceptedEntry out{Kind::kHardLink, std::move(path), target, 0};
  if (it->second == Seen::kFile) {
    if (IsRepeated(hard_link_targets_, out.path, target)) return std::nullopt;
    Remember(entry, out.path);
    hard_link_targets_[HashContent(out.path)] = target;
    return out;
  }
  // The same target may lead out of the release from another directory.
  ArchiveEntry link = entry;
  link.kind = out.kind = Kind::kSymlink;
  link.target = out.target = link_targets_.at(it->first);
  if (IsRepeated(link_targets_, out.path, out.target)) return std::nullopt;
  CheckLink(link, out.path);
  Remember(link, out.path);
  return out;
}

}  // namespace release
