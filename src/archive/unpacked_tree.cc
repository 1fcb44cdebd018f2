#include "archive/unpacked_tree.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "archive/entry_rules.h"
#include "os/path_rules.h"

namespace release {
namespace {

std::string_view View(std::span<const char> bytes) {
  return {bytes.data(), bytes.size()};
}

}  // namespace

UnpackedTree::UnpackedTree(Fs* fs, Fs::Handle directory,
                           const TreeWriter::Options& options,
                           UnpackLimits* limits)
    : limits_(limits) {
  if (fs != nullptr) writer_.emplace(fs, directory, options);
}

void UnpackedTree::AddParents(const std::string& path, unsigned umask) {
  const std::string_view parent = SplitPath(path).parent;
  if (parent.empty() || parent == last_parent_) return;
  for (std::size_t end = parent.find('/');; end = parent.find('/', end + 1)) {
    const std::string above(parent.substr(0, end));
    if (!directories_.contains(above)) {
      limits_->CountEntry();
      AddDirectory(above, {ImpliedMode(umask)});
    }
    if (end == parent.npos) break;
  }
  last_parent_ = parent;
}

void UnpackedTree::AddDirectory(const std::string& path,
                                const TreeWriter::Attributes& attributes) {
  const auto [known, added] = directories_.try_emplace(path, entries().size());
  if (!added) {
    entries()[known->second].mode = attributes.mode;
    if (writer_) writer_->SetDirectory(path, attributes);
    return;
  }
  if (writer_) writer_->AddDirectory(path, attributes);
  entries().push_back(
      {EntryKind::kDirectory, path, attributes.mode, 0, {}, ""});
}

void UnpackedTree::SetTopTime(std::optional<std::int64_t> modified) {
  if (writer_) writer_->SetDirectory("", {0, modified});
}

void UnpackedTree::AddSymlink(const std::string& path,
                              const std::string& target) {
  entries().push_back({EntryKind::kSymlink, path, 0, 0, {}, target});
  if (writer_) writer_->AddSymlink(path, target);
}

void UnpackedTree::WriteWhole(const ManifestEntry& file,
                              std::optional<std::int64_t> modified,
                              std::span<const char> content,
                              const SharedBlock& kept) {
  if (!writer_) return;
  writer_->AddFile(file.path, {file.mode, modified}, View(content),
                   TreeWriter::Content::kWhole, kept);
}

void UnpackedTree::TakeFile(const ManifestEntry& file,
                            std::optional<std::int64_t> modified,
                            BaseContent from) {
  writer_->TakeFile(file.path, {file.mode, modified}, std::move(from));
}

void UnpackedTree::Begin(const ManifestEntry& file,
                         std::optional<std::int64_t> modified) {
  if (writer_) writer_->AddFile(file.path, {file.mode, modified}, "");
}

void UnpackedTree::Append(const std::string& path, std::span<const char> bytes,
                          const SharedBlock& kept) {
  if (writer_) writer_->Append(path, View(bytes), kept);
}

void UnpackedTree::AddHardLink(const std::string& path, std::size_t file) {
  names_.Add(path, file);
  if (writer_) writer_->AddHardLink(path, entries()[file].path);
}

Manifest UnpackedTree::Finish() {
  if (writer_) writer_->Finish();
  std::sort(entries().begin(), entries().end(),
            [](const ManifestEntry& a, const ManifestEntry& b) {
              return a.path < b.path;
            });
  return std::move(manifest_);
}

}  // namespace release
