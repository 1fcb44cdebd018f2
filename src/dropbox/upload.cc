#include "dropbox/upload.h"

#include <fmt/format.h>

#include <algorithm>

#include "store/durable.h"
#include "store/layout.h"

namespace release {

std::string InBox(const std::string& name) {
  return fmt::format("{}/{}", kIncoming, name);
}

std::string ChecksumName(const std::string& upload) {
  return upload + std::string(kChecksumSuffix);
}

std::vector<std::string> NamesOf(const std::string& upload) {
  std::vector<std::string> names;
  for (const std::string_view part : {std::string_view(), kStatementSuffix,
                                      kSignatureSuffix, kChecksumSuffix}) {
    // The file system would refuse to look up a longer name.
    if (upload.size() + part.size() > kLongestName) continue;
    names.push_back(upload + std::string(part));
  }
  return names;
}

std::optional<Stamp> StampOf(Fs* fs, const std::string& path) {
  const auto info = fs->Stat(Fs::kRoot, path);
  if (!info) return std::nullopt;
  return Stamp{info->inode, info->size, info->modified};
}

Stamps StampsOf(Fs* fs, const std::string& upload) {
  Stamps stamps;
  for (const std::string& name : NamesOf(upload)) {
    const std::string path = InBox(name);
    if (const auto stamp = StampOf(fs, path)) stamps.emplace_back(path, *stamp);
  }
  std::reverse(stamps.begin(), stamps.end());
  return stamps;
}

void RemoveIfSame(Fs* fs, const Stamps& stamps) {
  for (const auto& [path, stamp] : stamps) {
    if (StampOf(fs, path) == stamp) fs->RemoveFile(Fs::kRoot, path);
  }
}

void RemoveAny(Fs* fs, const std::string& path) {
  const auto info = fs->Stat(Fs::kRoot, path);
  if (!info) return;
  if (info->type == FileType::kDirectory) {
    RemoveTree(fs, Fs::kRoot, path);
  } else {
    fs->RemoveFile(Fs::kRoot, path);
  }
}

}  // namespace release
