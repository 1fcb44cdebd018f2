// An Fs whose root is one directory of a larger Fs, as an app's root is a
// directory of the machine.
#ifndef RELEASE_TESTS_SUPPORT_SUBTREE_FS_H_
#define RELEASE_TESTS_SUPPORT_SUBTREE_FS_H_

#include <optional>
#include <string>
#include <vector>

#include "os/fs.h"

namespace release {

// Handles are the same as those of `machine`, which must outlive this object.
// The root directory must exist.
class SubtreeFs : public Fs {
 public:
  SubtreeFs(Fs* machine, const std::string& root)
      : machine_(machine), top_(machine, machine->OpenDirectory(kRoot, root)) {}

  Handle Open(Handle dir, const std::string& path, OpenMode mode,
              unsigned permissions = 0600) override {
    return machine_->Open(In(dir), path, mode, permissions);
  }
  Handle OpenDirectory(Handle dir, const std::string& path) override {
    return machine_->OpenDirectory(In(dir), path);
  }
  void Close(Handle handle) noexcept override { machine_->Close(handle); }
  std::size_t ReadAt(Handle file, std::span<char> buffer,
                     std::uint64_t offset) override {
    return machine_->ReadAt(file, buffer, offset);
  }
  void Write(Handle file, std::string_view data) override {
    machine_->Write(file, data);
  }
  void WriteAt(Handle file, std::string_view data,
               std::uint64_t offset) override {
    machine_->WriteAt(file, data, offset);
  }
  void CloneContent(Handle from, Handle to) override {
    machine_->CloneContent(from, to);
  }
  void Truncate(Handle file, std::uint64_t size) override {
    machine_->Truncate(file, size);
  }
  void Reserve(Handle file, std::uint64_t size) override {
    machine_->Reserve(file, size);
  }
  void MakeDirectory(Handle dir, const std::string& path,
                     unsigned permissions) override {
    machine_->MakeDirectory(In(dir), path, permissions);
  }
  void MakeSymlink(const std::string& target, Handle dir,
                   const std::string& path) override {
    machine_->MakeSymlink(target, In(dir), path);
  }
  void MakeHardLink(Handle dir, const std::string& existing, Handle new_dir,
                    const std::string& path) override {
    machine_->MakeHardLink(In(dir), existing, In(new_dir), path);
  }
  void LinkOpened(Handle file, Handle dir, const std::string& path) override {
    machine_->LinkOpened(file, In(dir), path);
  }
  void Rename(Handle dir, const std::string& from, Handle new_dir,
              const std::string& to, RenameMode mode) override {
    machine_->Rename(In(dir), from, In(new_dir), to, mode);
  }
  bool RemoveFile(Handle dir, const std::string& path) override {
    return machine_->RemoveFile(In(dir), path);
  }
  bool RemoveDirectory(Handle dir, const std::string& path) override {
    return machine_->RemoveDirectory(In(dir), path);
  }
  void SetMode(Handle dir, const std::string& path,
               unsigned permissions) override {
    machine_->SetMode(In(dir), path, permissions);
  }
  void SetOwner(Handle dir, const std::string& path, std::uint32_t owner,
                std::uint32_t group) override {
    machine_->SetOwner(In(dir), path, owner, group);
  }
  void SetModified(Handle handle, const std::string& path,
                   std::int64_t modified) override {
    machine_->SetModified(In(handle), path, modified);
  }
  std::optional<FileInfo> Stat(Handle dir, const std::string& path) override {
    return machine_->Stat(In(dir), path);
  }
  FileInfo StatHandle(Handle handle) override {
    return machine_->StatHandle(In(handle));
  }
  bool HasAttributes(Handle file) override {
    return machine_->HasAttributes(file);
  }
  std::optional<std::string> ReadLink(Handle dir,
                                      const std::string& path) override {
    return machine_->ReadLink(In(dir), path);
  }
  std::vector<DirEntry> List(Handle dir, const std::string& path) override {
    return machine_->List(In(dir), path);
  }
  SpaceInfo Space() override { return machine_->Space(); }
  void Sync(Handle handle) override { machine_->Sync(In(handle)); }
  void SyncTree(Handle handle) override { machine_->SyncTree(In(handle)); }
  bool TryLock(Handle file) override { return machine_->TryLock(file); }

 private:
  Handle In(Handle dir) const { return dir == kRoot ? top_.get() : dir; }

  Fs* machine_;
  ScopedHandle top_;
};

}  // namespace release

#endif  // RELEASE_TESTS_SUPPORT_SUBTREE_FS_H_
