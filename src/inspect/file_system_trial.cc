#include "inspect/file_system_trial.h"

#include <fmt/format.h>

#include <cerrno>
#include <functional>

#include "store/durable.h"
#include "store/layout.h"

namespace release {
namespace {

using Level = TrialResult::Level;

// In nanoseconds since 1970; any time in the past will do.
constexpr std::int64_t kTime = 1'700'000'000'000'000'000;

class FileSystemTrial {
 public:
  FileSystemTrial(Fs* fs, const Config& config)
      : fs_(fs),
        config_(config),
        name_(fmt::format("{}/{}check", kReleases, kPartialPrefix)) {}

  std::vector<TrialResult> Run() {
    // An interrupted check may have left it.
    if (fs_->Stat(Fs::kRoot, name_)) RemoveTree(fs_, Fs::kRoot, name_);
    try {
      fs_->MakeDirectory(Fs::kRoot, name_, 0700);
      directory_ = ScopedHandle(fs_, fs_->OpenDirectory(Fs::kRoot, name_));
      TryAll();
    } catch (const FsError&) {
      // Other checks report a root that cannot be written.
    }
    directory_ = ScopedHandle();
    if (fs_->Stat(Fs::kRoot, name_)) RemoveTree(fs_, Fs::kRoot, name_);
    return std::move(found_);
  }

 private:
  void TryAll() {
    const Fs::Handle at = directory_.get();
    ScopedHandle(fs_, fs_->Open(at, "a", OpenMode::kCreateNew, 0600));
    TryRenames();
    Try(Level::kFailure, "make symbolic links", "",
        [&] { fs_->MakeSymlink("a", at, "link"); });
    Try(Level::kFailure, "set modes", "", [&] {
      fs_->SetMode(at, "a", 0640);
      // File systems of other kinds may ignore it without an error.
      if (fs_->Stat(at, "a")->mode != 0640) {
        throw FsError("set mode", "a", EOPNOTSUPP);
      }
    });
    Try(Level::kFailure, "set modification times", "",
        [&] { fs_->SetModified(at, "a", kTime); });
    Try(Level::kFailure, "set the modification time of a directory", "",
        [&] { fs_->SetModified(at, "", kTime); });
    Try(Level::kFailure, "sync a directory", "", [&] { fs_->Sync(at); });
    Try(Level::kFailure, "sync a tree", "", [&] { fs_->SyncTree(at); });
    if (config_.unpack.dedup == Dedup::kHardLink) {
      Try(Level::kWarning, "make hard links",
          "; dedup = \"hardlink\" writes each file instead",
          [&] { fs_->MakeHardLink(at, "a", at, "hard"); });
    }
  }

  void TryRenames() {
    const Fs::Handle at = directory_.get();
    Try(Level::kWarning, "rename to a name only if it is free",
        "; under the lock, a look before the rename does the same", [&] {
          fs_->Rename(at, "a", at, "b", RenameMode::kNoReplace);
          fs_->Rename(at, "b", at, "a", RenameMode::kReplace);
        });
    ScopedHandle(fs_, fs_->Open(at, "c", OpenMode::kCreateNew, 0600));
    Try(Level::kWarning, "exchange two names",
        "; a rollback makes a new link instead, which a full disk may refuse, "
        "and a directory called current cannot be taken over",
        [&] { fs_->Rename(at, "a", at, "c", RenameMode::kExchange); });
  }

  // `meaning` is appended to the words.
  void Try(Level level, const std::string& what, const std::string& meaning,
           const std::function<void()>& body) {
    try {
      body();
    } catch (const FsError& error) {
      // Another command has collected the directory.
      if (error.error_number() == ENOENT) throw;
      found_.push_back({level, fmt::format("this file system cannot {}: {}{}",
                                           what, error.what(), meaning)});
    }
  }

  Fs* fs_;
  const Config& config_;
  const std::string name_;
  ScopedHandle directory_;
  std::vector<TrialResult> found_;
};

}  // namespace

std::vector<TrialResult> TryFileSystem(Fs* fs, const Config& config) {
  return FileSystemTrial(fs, config).Run();
}

}  // namespace release
