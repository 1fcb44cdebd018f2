// Keeps directories of one tree open, since most files of an archive lie beside
// the one before them.
#ifndef RELEASE_ARCHIVE_OPEN_DIRECTORIES_H_
#define RELEASE_ARCHIVE_OPEN_DIRECTORIES_H_

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "os/fs.h"

namespace release {

// For one thread; any thread may use and let go of the directories it returns.
class OpenDirectories {
 public:
  // Null stands for the top itself.
  using Shared = std::shared_ptr<const ScopedHandle>;

  OpenDirectories(Fs* fs, Fs::Handle top) : fs_(fs), top_(top) {}

  // The directory at `path` below the top; "" is the top. Throws FsError.
  Shared Get(const std::string& path);
  Fs::Handle HandleOf(const Shared& directory) const {
    return directory ? directory->get() : top_;
  }

  // Whether Get(path) would open one more directory than this may have open.
  // The caller then lets go of those it was given and calls Forget.
  bool IsFullFor(const std::string& path) const;
  void Forget();

 private:
  Fs* fs_;
  Fs::Handle top_;
  // Counts the directories that are held by a caller or by the cache.
  std::shared_ptr<std::atomic<std::size_t>> open_ =
      std::make_shared<std::atomic<std::size_t>>(0);
  std::unordered_map<std::string, Shared> known_;
  std::string last_path_;
  Shared last_;
};

}  // namespace release

#endif  // RELEASE_ARCHIVE_OPEN_DIRECTORIES_H_
