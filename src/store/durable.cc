#include "store/durable.h"

#include <atomic>
#include <cerrno>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "os/path_rules.h"
#include "os/thread_pool.h"
#include "store/layout.h"

namespace release {

std::string ReadFile(Fs* fs, const std::string& path) {
  const ScopedHandle file(fs, fs->Open(Fs::kRoot, path, OpenMode::kRead));
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
  const ScopedHandle directory(fs, fs->OpenDirectory(Fs::kRoot, path));
  fs->Sync(directory.get());
}

void WriteFileAtomically(Fs* fs, const std::string& directory,
                         const std::string& name, std::string_view content,
                         unsigned permissions) {
  const std::string temporary = directory + "/" + kTempFilePrefix + name;
  fs->RemoveFile(Fs::kRoot, temporary);
  {
    const ScopedHandle file(
        fs, fs->Open(Fs::kRoot, temporary, OpenMode::kCreateNew, permissions));
    fs->Write(file.get(), content);
    // Sync before the rename; otherwise a power cut can leave an empty file
    // under the final name.
    fs->Sync(file.get());
  }
  fs->Rename(Fs::kRoot, temporary, Fs::kRoot, directory + "/" + name,
             RenameMode::kReplace);
}

void RenameToFreeName(Fs* fs, Fs::Handle dir, const std::string& from,
                      Fs::Handle new_dir, const std::string& to) {
  try {
    fs->Rename(dir, from, new_dir, to, RenameMode::kNoReplace);
    return;
  } catch (const FsError& error) {
    const int number = error.error_number();
    if (number != EINVAL && number != ENOSYS && number != EOPNOTSUPP) throw;
  }
  if (fs->Stat(new_dir, to)) throw FsError("rename to", to, EEXIST);
  fs->Rename(dir, from, new_dir, to, RenameMode::kReplace);
}

void ExchangeForSymlink(Fs* fs, const std::string& name,
                        const std::string& target, const std::string& aside) {
  const auto left = fs->Stat(Fs::kRoot, aside);
  if (left && left->type == FileType::kSymlink) {
    fs->RemoveFile(Fs::kRoot, aside);
  }
  fs->MakeSymlink(target, Fs::kRoot, aside);
  fs->Rename(Fs::kRoot, aside, Fs::kRoot, name, RenameMode::kExchange);
  // Sync the entry's new directory first: the link may lead into it, and must
  // not be durable before its target is.
  if (!ParentOf(aside).empty()) SyncDirectory(fs, ParentOf(aside));
  // Make the switch durable before a record says that it happened.
  fs->Sync(Fs::kRoot);
}

void UndoExchange(Fs* fs, const std::string& name, const std::string& aside) {
  fs->Rename(Fs::kRoot, aside, Fs::kRoot, name, RenameMode::kExchange);
  // Sync both directories before removing the link. A power cut may keep the
  // later of two unsynced changes alone: if it kept only the removal, the link
  // would still be called `name`, and the entry would have no name at all.
  fs->Sync(Fs::kRoot);
  if (!ParentOf(aside).empty()) SyncDirectory(fs, ParentOf(aside));
  fs->RemoveFile(Fs::kRoot, aside);
  // Make the removal durable before a record says that the undo is complete.
  SyncDirectory(fs, ParentOf(aside));
}

namespace {

// PATH_MAX - 1.
constexpr std::size_t kLongestPath = 4095;

// A directory that is being removed. It can go once every directory below it
// has gone.
struct Branch {
  std::shared_ptr<Branch> above;
  std::string path;  // relative to the top; "": the top itself
  // Subdirectories not removed yet, plus 1 while Clear runs on this one.
  std::atomic<std::size_t> left = 1;
};

// Ignores ENOENT: another remover of the same tree may have been faster.
template <typename Call>
void UnlessGone(Call call) {
  try {
    call();
  } catch (const FsError& error) {
    if (error.error_number() != ENOENT) throw;
  }
}

// Removes a tree with several threads. There is one task for each directory: it
// removes the files, and submits a task for each subdirectory. A directory can
// be removed only when it is empty, so each Branch counts its subdirectories,
// and the task that brings a count to 0 removes that directory and goes on with
// the one above it. No thread ever waits for another directory.
class TreeRemoval {
 public:
  TreeRemoval(Fs* fs, ScopedHandle top, unsigned threads)
      : fs_(fs), top_(std::move(top)), pool_(threads, 1) {}

  // Removes everything below the top; the top itself stays.
  void Run() {
    pool_.Submit([this] { Clear(root_); });
    pool_.Wait();
  }

 private:
  using Shared = std::shared_ptr<Branch>;

  // Removes the files of one directory and submits its subdirectories. It
  // closes the directory first: without threads SubmitFromTask runs the task at
  // once, and a deep tree would hold one descriptor for each level.
  void Clear(const Shared& branch) {
    std::vector<Shared> below;
    UnlessGone([&] {
      const ScopedHandle tree(fs_,
                              fs_->OpenDirectory(top_.get(), branch->path));
      for (const DirEntry& entry : fs_->List(tree.get(), "")) {
        if (entry.type != FileType::kDirectory) {
          fs_->RemoveFile(tree.get(), entry.name);
          continue;
        }
        UnlessGone(
            [&] { below.push_back(Below(branch, tree.get(), entry.name)); });
      }
    });
    for (const Shared& next : below) {
      ++next->above->left;
      pool_.SubmitFromTask([this, next] { Clear(next); });
    }
    ReleaseBranch(branch);
  }

  Shared Below(const Shared& branch, Fs::Handle tree, const std::string& name) {
    auto next = std::make_shared<Branch>();
    next->above = branch;
    next->path = branch->path.empty() ? name : branch->path + "/" + name;
    if (next->path.size() > kLongestPath) BringUp(tree, name, next.get());
    return next;
  }

  // Renames a directory that lies too deep for one path to a short name in the
  // top directory. The rest of its tree is then reached from there.
  void BringUp(Fs::Handle tree, const std::string& name, Branch* branch) {
    branch->above = root_;
    for (;;) {
      branch->path = ".deep-" + std::to_string(++brought_up_);
      try {
        RenameToFreeName(fs_, tree, name, top_.get(), branch->path);
        return;
      } catch (const FsError& error) {
        // The name is taken by an earlier removal that was killed.
        if (error.error_number() != EEXIST) throw;
      }
    }
  }

  // Ends one directory's part, and removes each directory upwards that now has
  // nothing left below it.
  void ReleaseBranch(Shared branch) {
    while (branch->above && --branch->left == 0) {
      fs_->RemoveDirectory(top_.get(), branch->path);
      branch = branch->above;
    }
  }

  Fs* fs_;
  ScopedHandle top_;
  const Shared root_ = std::make_shared<Branch>();
  std::atomic<unsigned> brought_up_ = 0;
  ThreadPool<> pool_;  // last: its threads use the rest
};

}  // namespace

void RemoveTree(Fs* fs, Fs::Handle directory, const std::string& path,
                unsigned threads) {
  UnlessGone([&] {
    TreeRemoval(fs, ScopedHandle(fs, fs->OpenDirectory(directory, path)),
                threads)
        .Run();
  });
  fs->RemoveDirectory(directory, path);
}

}  // namespace release
