#include "store/durable.h"

#include "store/layout.h"

namespace release {

std::string ReadWhole(Fs* fs, const std::string& path) {
  const Opened file(fs, fs->Open(Fs::kRoot, path, OpenMode::kRead));
  std::string text;
  char buffer[16 * 1024];
  while (const std::size_t n = fs->ReadAt(file.get(), buffer, text.size())) {
    text.append(buffer, n);
  }
  return text;
}

void SyncDirectory(Fs* fs, const std::string& path) {
  if (path.empty()) {
    fs->Sync(Fs::kRoot);
    return;
  }
  const Opened directory(fs, fs->OpenDirectory(Fs::kRoot, path));
  fs->Sync(directory.get());
}

void WriteFileWhole(Fs* fs, const std::string& directory,
                    const std::string& name, std::string_view content,
                    unsigned permissions) {
  const std::string temporary = directory + "/" + kTempFilePrefix + name;
  fs->RemoveFile(Fs::kRoot, temporary);
  {
    const Opened file(
        fs, fs->Open(Fs::kRoot, temporary, OpenMode::kCreateNew, permissions));
    fs->Write(file.get(), content);
    // The bytes before the name.
    fs->Sync(file.get());
  }
  fs->Rename(Fs::kRoot, temporary, Fs::kRoot, directory + "/" + name,
             RenameMode::kReplace);
}

void TakePlaceOf(Fs* fs, const std::string& name, const std::string& target,
                 const std::string& aside) {
  const auto left = fs->Stat(Fs::kRoot, aside);
  if (left && left->type == FileType::kSymlink) {
    fs->RemoveFile(Fs::kRoot, aside);
  }
  fs->MakeSymlink(target, Fs::kRoot, aside);
  fs->Rename(Fs::kRoot, aside, Fs::kRoot, name, RenameMode::kExchange);
  // The switch before the record that says it is done.
  fs->Sync(Fs::kRoot);
}

void GiveBackPlace(Fs* fs, const std::string& name, const std::string& aside) {
  fs->Rename(Fs::kRoot, aside, Fs::kRoot, name, RenameMode::kExchange);
  fs->RemoveFile(Fs::kRoot, aside);
  // Back before the record that says so.
  fs->Sync(Fs::kRoot);
}

void RemoveTree(Fs* fs, Fs::Handle directory, const std::string& path) {
  {
    const Opened tree(fs, fs->OpenDirectory(directory, path));
    for (const DirEntry& entry : fs->List(tree.get(), "")) {
      if (entry.type == FileType::kDirectory) {
        RemoveTree(fs, tree.get(), entry.name);
      } else {
        fs->RemoveFile(tree.get(), entry.name);
      }
    }
  }
  fs->RemoveDirectory(directory, path);
}

}  // namespace release
