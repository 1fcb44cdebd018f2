#include "adopt/real_path.h"

#include <optional>
#include <utility>
#include <vector>

namespace release {
namespace {

constexpr int kMostLinks = 40;  // the kernel's own limit

// Walks the path component by component, as the kernel does; `real` never
// contains a link. A link's target replaces the link on the stack of components
// that remain: an absolute target starts again at "/", a relative one continues
// in `real`. Returns nullopt if a component is missing or after too many links.
std::optional<HostPath> Resolve(Fs* machine, const HostPath& path) {
  std::vector<HostPath> ahead;
  WalkFirst(path, &ahead);
  HostPath real = "/";
  for (int links = 0; !ahead.empty();) {
    const HostPath part = std::move(ahead.back());
    ahead.pop_back();
    if (part == "." || part == "/") continue;
    if (part == "..") {
      if (real.has_relative_path()) real = real.parent_path();
      continue;
    }
    const HostPath next = real / part;
    const auto info = machine->Stat(Fs::kRoot, FromTop(next));
    if (!info) return std::nullopt;
    if (info->type != FileType::kSymlink) {
      real = next;
      continue;
    }
    if (++links > kMostLinks) return std::nullopt;
    const auto target = machine->ReadLink(Fs::kRoot, FromTop(next));
    if (!target) return std::nullopt;
    const HostPath to = *target;
    if (to.is_absolute()) real = "/";
    WalkFirst(to, &ahead);
  }
  return real;
}

}  // namespace

HostPath RealPath(Fs* machine, const HostPath& path) {
  return Resolve(machine, path).value_or(path);
}

HostPath RealPlace(Fs* machine, const HostPath& path) {
  if (const auto real = Resolve(machine, path)) return *real;
  return RealPlace(machine, path.parent_path()) / path.filename();
}

std::string FromTop(const HostPath& path) {
  return path.relative_path().string();
}

}  // namespace release
