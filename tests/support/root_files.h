// Changes the files of a root directly, as a person with a shell would.
#ifndef RELEASE_TESTS_SUPPORT_ROOT_FILES_H_
#define RELEASE_TESTS_SUPPORT_ROOT_FILES_H_

#include <string>
#include <string_view>

#include "os/fs.h"

namespace release {

// Makes the file; replaces one that exists.
inline void PutFile(Fs* fs, const std::string& path, std::string_view content,
                    unsigned permissions = 0644) {
  fs->RemoveFile(Fs::kRoot, path);
  const ScopedHandle file(
      fs, fs->Open(Fs::kRoot, path, OpenMode::kCreateNew, permissions));
  if (!content.empty()) fs->Write(file.get(), content);
}

inline void AppendToFile(Fs* fs, const std::string& path,
                         std::string_view content) {
  const ScopedHandle file(fs, fs->Open(Fs::kRoot, path, OpenMode::kAppend));
  fs->Write(file.get(), content);
}

// Makes or replaces a symbolic link, as `ln -sfn` does.
inline void PutLink(Fs* fs, const std::string& path,
                    const std::string& target) {
  fs->RemoveFile(Fs::kRoot, path);
  fs->MakeSymlink(target, Fs::kRoot, path);
}

inline bool Exists(Fs* fs, const std::string& path) {
  return fs->Stat(Fs::kRoot, path).has_value();
}

}  // namespace release

#endif  // RELEASE_TESTS_SUPPORT_ROOT_FILES_H_
