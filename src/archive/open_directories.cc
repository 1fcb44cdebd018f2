#include "archive/open_directories.h"

#include <utility>

namespace release {
namespace {

// Well below the 1,024 descriptors that a process commonly may have.
constexpr std::size_t kMost = 200;

}  // namespace

OpenDirectories::Shared OpenDirectories::Get(const std::string& path) {
  if (path.empty()) return nullptr;
  if (last_ && path == last_path_) return last_;
  Shared& directory = known_[path];
  if (!directory) {
    const auto let_go = [open = open_](const ScopedHandle* opened) {
      delete opened;
      --*open;
    };
    auto opened =
        std::make_unique<ScopedHandle>(fs_, fs_->OpenDirectory(top_, path));
    ++*open_;
    directory = Shared(opened.release(), let_go);
  }
  last_path_ = path;
  last_ = directory;
  return directory;
}

bool OpenDirectories::IsFullFor(const std::string& path) const {
  return *open_ >= kMost && !path.empty() && !known_.contains(path);
}

void OpenDirectories::Forget() {
  known_.clear();
  last_.reset();
}

}  // namespace release
