#include "adopt/real_path.h"

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "os/path_rules.h"

namespace release {
namespace {

constexpr int kMostLinks = 40;  // the kernel's own limit

// Pushes the components of `path` onto the stack `ahead`, the last one first,
// so that they are walked before the components already there.
void WalkFirst(std::string_view path, std::vector<std::string>* ahead) {
  while (!path.empty()) {
    const PathParts parts = SplitPath(path);
    if (!parts.leaf.empty()) ahead->emplace_back(parts.leaf);
    path = parts.parent;
  }
}

// Walks the path component by component, as the kernel does; `real` never
// contains a link. A link's target replaces the link on the stack of components
// that remain: an absolute target starts again at "/", a relative one continues
// in `real`. Returns nullopt if a component is missing or after too many links.
std::optional<std::string> Resolve(Fs* machine, const std::string& path) {
  std::vector<std::string> ahead;
  WalkFirst(path, &ahead);
  std::string real = "/";
  for (int links = 0; !ahead.empty();) {
    const std::string part = std::move(ahead.back());
    ahead.pop_back();
    if (part == ".") continue;
    if (part == "..") {
      real = HolderOf(real);
      continue;
    }
    const std::string next = JoinPath(real, part);
    const auto info = machine->Stat(Fs::kRoot, FromTop(next));
    if (!info) return std::nullopt;
    if (info->type != FileType::kSymlink) {
      real = next;
      continue;
    }
    if (++links > kMostLinks) return std::nullopt;
    const auto target = machine->ReadLink(Fs::kRoot, FromTop(next));
    if (!target) return std::nullopt;
    if (target->starts_with('/')) real.resize(1);  // back to "/"
    WalkFirst(*target, &ahead);
  }
  return real;
}

}  // namespace

std::string RealPath(Fs* machine, const std::string& path) {
  return Resolve(machine, path).value_or(path);
}

std::string RealPlace(Fs* machine, const std::string& path) {
  if (const auto real = Resolve(machine, path)) return *real;
  return JoinPath(RealPlace(machine, HolderOf(path)), LeafOf(path));
}

std::string HolderOf(const std::string& path) {
  const std::string parent = ParentOf(path);
  return parent.empty() ? "/" : parent;
}

std::string FromTop(const std::string& path) { return path.substr(1); }

}  // namespace release
