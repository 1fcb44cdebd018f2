#include "archive/late_links.h"

#include <cerrno>
#include <cstddef>
#include <cstdint>

#include "os/path_rules.h"

namespace release {
namespace {

constexpr std::size_t kCopied = std::size_t{64} << 10;  // bytes at once

}  // namespace

void LateLinks::Make() {
  for (const Link& link : hard_links_) MakeHardLink(link);
  for (const Link& link : symlinks_) MakeSymlink(link);
}

// No file is being written, so the other directories may be closed.
OpenDirectories::Shared LateLinks::Parent(const std::string& path) {
  const std::string parent = ParentOf(path);
  if (directories_->IsFullFor(parent)) directories_->Forget();
  return directories_->Get(parent);
}

void LateLinks::Own(Fs::Handle parent, const std::string& name) {
  if (owner_) fs_->SetOwner(parent, name, owner_->user, owner_->group);
}

void LateLinks::MakeHardLink(const Link& link) {
  const auto known = copies_.find(link.target);
  const std::string& target =
      known == copies_.end() ? link.target : known->second;
  const auto existing = Parent(target);
  const auto parent = Parent(link.path);
  try {
    fs_->MakeHardLink(directories_->HandleOf(existing), LeafOf(target),
                      directories_->HandleOf(parent), LeafOf(link.path));
    return;
  } catch (const FsError& error) {
    if (error.error_number() != EMLINK) throw;
  }
  Copy(directories_->HandleOf(existing), LeafOf(target),
       directories_->HandleOf(parent), LeafOf(link.path));
  copies_[link.target] = link.path;
}

// Makes a file with the content, mode and time of another.
void LateLinks::Copy(Fs::Handle directory, const std::string& name,
                     Fs::Handle new_directory, const std::string& new_name) {
  const ScopedHandle from(fs_, fs_->Open(directory, name, OpenMode::kRead));
  const FileInfo info = fs_->StatHandle(from.get());
  const ScopedHandle to(
      fs_, fs_->Open(new_directory, new_name, OpenMode::kCreateNew, info.mode));
  std::vector<char> buffer(kCopied);
  for (std::uint64_t at = 0; at < info.size;) {
    const std::size_t count = fs_->ReadAt(from.get(), buffer, at);
    if (count == 0) break;
    fs_->Write(to.get(), {buffer.data(), count});
    at += count;
  }
  if (fs_->StatHandle(to.get()).mode != info.mode) {
    fs_->SetMode(new_directory, new_name, info.mode);
  }
  fs_->SetModified(to.get(), "", info.modified_exactly);
  Own(new_directory, new_name);
}

void LateLinks::MakeSymlink(const Link& link) {
  const auto parent = Parent(link.path);
  const Fs::Handle handle = directories_->HandleOf(parent);
  const std::string name = LeafOf(link.path);
  fs_->MakeSymlink(link.target, handle, name);
  Own(handle, name);
}

}  // namespace release
