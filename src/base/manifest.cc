#include "base/manifest.h"

#include <fmt/format.h>

#include "base/hex.h"

namespace release {
namespace {

std::string_view KindName(EntryKind kind) {
  switch (kind) {
    case EntryKind::kFile:
      return "file";
    case EntryKind::kDirectory:
      return "directory";
    case EntryKind::kSymlink:
      return "link";
  }
  return "";
}

// Returns the size of a file, or the kind of any other entry.
std::string SizeText(const ManifestEntry& entry) {
  return entry.kind == EntryKind::kFile ? fmt::format("{} bytes", entry.size)
                                        : std::string(KindName(entry.kind));
}

// Appends the differences between two entries of the same path.
void CompareEntries(const ManifestEntry& before, const ManifestEntry& after,
                    std::vector<ManifestDifference>* out) {
  using What = ManifestDifference::What;
  const auto add = [&](What what, std::string was, std::string is) {
    out->push_back({what, after.path, std::move(was), std::move(is)});
  };
  if (before.kind != after.kind) {
    add(What::kKind, std::string(KindName(before.kind)),
        std::string(KindName(after.kind)));
    return;
  }
  if (before.size != after.size || before.hash != after.hash) {
    // A file of another size need not have been read for its hash.
    const auto content = [same = before.size ==
                                 after.size](const ManifestEntry& entry) {
      return fmt::format("{} bytes{}{}", entry.size, same ? ", " : "",
                         same ? HexText(entry.hash) : "");
    };
    add(What::kChanged, content(before), content(after));
  }
  if (before.mode != after.mode) {
    add(What::kMode, fmt::format("{:04o}", before.mode),
        fmt::format("{:04o}", after.mode));
  }
  if (before.target != after.target) {
    add(What::kTarget, before.target, after.target);
  }
}

}  // namespace

std::uint64_t Manifest::TotalBytes() const {
  std::uint64_t total = 0;
  for (const ManifestEntry& entry : entries) total += entry.size;
  return total;
}

std::string_view DifferenceName(ManifestDifference::What what) {
  switch (what) {
    case ManifestDifference::What::kAdded:
      return "added";
    case ManifestDifference::What::kRemoved:
      return "removed";
    case ManifestDifference::What::kChanged:
      return "changed";
    case ManifestDifference::What::kMode:
      return "mode";
    case ManifestDifference::What::kTarget:
      return "target";
    case ManifestDifference::What::kKind:
      return "kind";
  }
  return "";
}

std::vector<ManifestDifference> Compare(const Manifest& before,
                                        const Manifest& after) {
  using What = ManifestDifference::What;
  std::vector<ManifestDifference> out;
  // Merges the two lists, which are sorted by path.
  auto b = before.entries.begin();
  auto a = after.entries.begin();
  while (b != before.entries.end() || a != after.entries.end()) {
    const bool only_before = a == after.entries.end() ||
                             (b != before.entries.end() && b->path < a->path);
    if (only_before) {
      out.push_back({What::kRemoved, b->path, SizeText(*b), ""});
      ++b;
    } else if (b == before.entries.end() || a->path < b->path) {
      out.push_back({What::kAdded, a->path, "", SizeText(*a)});
      ++a;
    } else {
      CompareEntries(*b++, *a++, &out);
    }
  }
  return out;
}

}  // namespace release
