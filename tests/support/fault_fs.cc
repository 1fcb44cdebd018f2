#include "support/fault_fs.h"

#include <fmt/format.h>

#include "os/path_rules.h"

namespace release {
namespace {

using Lock = std::lock_guard<std::mutex>;

// The verbs of PosixFs, in the order of FsCall, so that a message reads as on
// the machine.
constexpr std::string_view kNames[] = {
    "open",
    "open directory",
    "read",
    "write",
    "write at a place in",
    "clone into",
    "truncate",
    "reserve space for",
    "make directory",
    "make symbolic link",
    "link",
    "link what is open to",
    "rename",
    "remove",
    "remove directory",
    "set the mode of",
    "set the owner of",
    "set the time of",
    "examine",
    "examine what is open as",
    "look for attributes of",
    "read link",
    "list",
    "examine the file system of",
    "sync",
    "sync the file system of",
    "lock",
};
static_assert(std::size(kNames) == static_cast<std::size_t>(FsCall::kLast) + 1);

}  // namespace

void FaultFs::Arm(Fault fault) {
  const Lock lock(mutex_);
  fault_ = fault;
  failed_ = false;
  failure_.clear();
}

void FaultFs::FailAt(std::uint64_t n, int error_number,
                     std::optional<FsCall> kind) {
  Arm({kind, n, error_number, false, 0});
}

void FaultFs::FailFrom(std::uint64_t n, int error_number,
                       std::optional<FsCall> kind) {
  Arm({kind, n, error_number, true, 0});
}

void FaultFs::FailWriteAfter(std::uint64_t n, std::size_t bytes,
                             int error_number) {
  Arm({FsCall::kWrite, n, error_number, false, bytes});
}

std::uint64_t FaultFs::calls() const {
  const Lock lock(mutex_);
  return all_;
}

std::uint64_t FaultFs::calls(FsCall kind) const {
  const Lock lock(mutex_);
  return by_kind_[static_cast<std::size_t>(kind)];
}

bool FaultFs::failed() const {
  const Lock lock(mutex_);
  return failed_;
}

std::string FaultFs::failure() const {
  const Lock lock(mutex_);
  return failure_;
}

bool FaultFs::Strikes(FsCall kind) {
  if (!fault_ || fault_->kind.value_or(kind) != kind) return false;
  if (fault_->left > 1) {
    --fault_->left;
    return false;
  }
  return true;
}

void FaultFs::Count(FsCall kind, Handle handle, const std::string& path,
                    std::string_view data) {
  std::string where;
  Fault fault;
  {
    const Lock lock(mutex_);
    ++all_;
    ++by_kind_[static_cast<std::size_t>(kind)];
    if (!Strikes(kind)) return;
    fault = *fault_;
    // A fault of FailAt strikes once; the code under test must be able to clean
    // up with the same FaultFs.
    if (!fault.stays) fault_.reset();
    const auto opened = paths_.find(handle);
    where = JoinPath(opened == paths_.end() ? "" : opened->second, path);
    failed_ = true;
    failure_ =
        fmt::format("{} {}", kNames[static_cast<std::size_t>(kind)], where);
  }
  // Outside the lock: `inner_` may be slow, and other threads must go on.
  data = data.substr(0, fault.bytes);
  if (!data.empty()) inner_->Write(handle, data);
  const std::string_view name = kNames[static_cast<std::size_t>(kind)];
  if (kind == FsCall::kSync || kind == FsCall::kSyncTree) {
    throw FsError::OfSync(name, where, fault.error_number);
  }
  throw FsError(name, where, fault.error_number);
}

Fs::Handle FaultFs::Remember(Handle handle, Handle dir,
                             const std::string& path) {
  const Lock lock(mutex_);
  const auto opened = paths_.find(dir);
  paths_[handle] = JoinPath(opened == paths_.end() ? "" : opened->second, path);
  return handle;
}

Fs::Handle FaultFs::Open(Handle dir, const std::string& path, OpenMode mode,
                         unsigned permissions) {
  Count(FsCall::kOpen, dir, path);
  return Remember(inner_->Open(dir, path, mode, permissions), dir, path);
}

Fs::Handle FaultFs::OpenDirectory(Handle dir, const std::string& path) {
  Count(FsCall::kOpenDirectory, dir, path);
  return Remember(inner_->OpenDirectory(dir, path), dir, path);
}

void FaultFs::Close(Handle handle) noexcept {
  {
    const Lock lock(mutex_);
    paths_.erase(handle);
  }
  inner_->Close(handle);
}

std::size_t FaultFs::ReadAt(Handle file, std::span<char> buffer,
                            std::uint64_t offset) {
  Count(FsCall::kReadAt, file, "");
  return inner_->ReadAt(file, buffer, offset);
}

void FaultFs::Write(Handle file, std::string_view data) {
  Count(FsCall::kWrite, file, "", data);
  inner_->Write(file, data);
}

void FaultFs::WriteAt(Handle file, std::string_view data,
                      std::uint64_t offset) {
  Count(FsCall::kWriteAt, file, "");
  inner_->WriteAt(file, data, offset);
}

void FaultFs::CloneContent(Handle from, Handle to) {
  Count(FsCall::kCloneContent, to, "");
  inner_->CloneContent(from, to);
}

void FaultFs::Truncate(Handle file, std::uint64_t size) {
  Count(FsCall::kTruncate, file, "");
  inner_->Truncate(file, size);
}

void FaultFs::Reserve(Handle file, std::uint64_t size) {
  Count(FsCall::kReserve, file, "");
  inner_->Reserve(file, size);
}

void FaultFs::MakeDirectory(Handle dir, const std::string& path,
                            unsigned permissions) {
  Count(FsCall::kMakeDirectory, dir, path);
  inner_->MakeDirectory(dir, path, permissions);
}

void FaultFs::MakeSymlink(const std::string& target, Handle dir,
                          const std::string& path) {
  Count(FsCall::kMakeSymlink, dir, path);
  inner_->MakeSymlink(target, dir, path);
}

void FaultFs::MakeHardLink(Handle dir, const std::string& existing,
                           Handle new_dir, const std::string& path) {
  Count(FsCall::kMakeHardLink, new_dir, path);
  inner_->MakeHardLink(dir, existing, new_dir, path);
}

void FaultFs::LinkOpened(Handle file, Handle dir, const std::string& path) {
  Count(FsCall::kLinkOpened, dir, path);
  inner_->LinkOpened(file, dir, path);
}

void FaultFs::Rename(Handle dir, const std::string& from, Handle new_dir,
                     const std::string& to, RenameMode mode) {
  Count(FsCall::kRename, new_dir, to);
  inner_->Rename(dir, from, new_dir, to, mode);
}

bool FaultFs::RemoveFile(Handle dir, const std::string& path) {
  Count(FsCall::kRemoveFile, dir, path);
  return inner_->RemoveFile(dir, path);
}

bool FaultFs::RemoveDirectory(Handle dir, const std::string& path) {
  Count(FsCall::kRemoveDirectory, dir, path);
  return inner_->RemoveDirectory(dir, path);
}

void FaultFs::SetMode(Handle dir, const std::string& path,
                      unsigned permissions) {
  Count(FsCall::kSetMode, dir, path);
  inner_->SetMode(dir, path, permissions);
}

void FaultFs::SetOwner(Handle dir, const std::string& path, std::uint32_t owner,
                       std::uint32_t group) {
  Count(FsCall::kSetOwner, dir, path);
  inner_->SetOwner(dir, path, owner, group);
}

void FaultFs::SetModified(Handle handle, const std::string& path,
                          std::int64_t modified) {
  Count(FsCall::kSetModified, handle, path);
  inner_->SetModified(handle, path, modified);
}

std::optional<FileInfo> FaultFs::Stat(Handle dir, const std::string& path) {
  Count(FsCall::kStat, dir, path);
  return inner_->Stat(dir, path);
}

FileInfo FaultFs::StatHandle(Handle handle) {
  Count(FsCall::kStatHandle, handle, "");
  return inner_->StatHandle(handle);
}

bool FaultFs::HasAttributes(Handle file) {
  Count(FsCall::kHasAttributes, file, "");
  return inner_->HasAttributes(file);
}

std::optional<std::string> FaultFs::ReadLink(Handle dir,
                                             const std::string& path) {
  Count(FsCall::kReadLink, dir, path);
  return inner_->ReadLink(dir, path);
}

std::vector<DirEntry> FaultFs::List(Handle dir, const std::string& path) {
  Count(FsCall::kList, dir, path);
  return inner_->List(dir, path);
}

SpaceInfo FaultFs::Space() {
  Count(FsCall::kSpace, kRoot, "");
  return inner_->Space();
}

void FaultFs::Sync(Handle handle) {
  Count(FsCall::kSync, handle, "");
  inner_->Sync(handle);
}

void FaultFs::SyncTree(Handle handle) {
  Count(FsCall::kSyncTree, handle, "");
  inner_->SyncTree(handle);
}

bool FaultFs::TryLock(Handle file) {
  Count(FsCall::kTryLock, file, "");
  return inner_->TryLock(file);
}

}  // namespace release
