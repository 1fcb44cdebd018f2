#include "inspect/file_system_trial.h"

#include <doctest/doctest.h>

#include <cerrno>

#include "deploy/operations.h"
#include "os/posix_fs.h"
#include "store/releases.h"
#include "support/fault_fs.h"
#include "support/mem_fs.h"
#include "support/temp_dir.h"

namespace release {
namespace {

using Level = TrialResult::Level;

// Returns the words about a file system on which the n-th call of a kind fails;
// "" if there are none.
std::string FoundIf(FsCall call, std::uint64_t n, Level level,
                    const Config& config = {}) {
  MemFs disk;
  InitializeLayout(&disk);
  const std::string before = disk.Tree();
  FaultFs fs(&disk);
  fs.FailAt(n, EINVAL, call);
  const auto found = TryFileSystem(&fs, config);
  CHECK(disk.Tree() == before);
  if (found.empty()) return "";
  CHECK(found.size() == 1);
  CHECK(found[0].level == level);
  return found[0].words;
}

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a file system that can do all leaves no finding and no trace") {
  Config config;
  config.unpack.dedup = Dedup::kHardLink;
  const TempDir dir;
  PosixFs real(dir.path());
  MemFs memory;
  for (Fs* fs : {static_cast<Fs*>(&real), static_cast<Fs*>(&memory)}) {
    InitializeLayout(fs);
    CHECK(TryFileSystem(fs, config).empty());
    CHECK(fs->List(Fs::kRoot, "releases").empty());
  }
}

TEST_CASE("what a file system cannot do is named, with what that means") {
  CHECK(Has(FoundIf(FsCall::kRename, 1, Level::kWarning),
            "cannot rename to a name only if it is free"));
  CHECK(Has(FoundIf(FsCall::kRename, 3, Level::kWarning),
            "cannot exchange two names"));
  CHECK(Has(FoundIf(FsCall::kMakeSymlink, 1, Level::kFailure),
            "cannot make symbolic links"));
  CHECK(Has(FoundIf(FsCall::kSetMode, 1, Level::kFailure), "cannot set modes"));
  CHECK(Has(FoundIf(FsCall::kSetModified, 1, Level::kFailure),
            "cannot set modification times"));
  CHECK(Has(FoundIf(FsCall::kSetModified, 2, Level::kFailure),
            "time of a directory"));
  CHECK(Has(FoundIf(FsCall::kSync, 1, Level::kFailure),
            "cannot sync a directory"));
  CHECK(Has(FoundIf(FsCall::kSyncTree, 1, Level::kFailure),
            "cannot sync a tree"));
  Config config;
  CHECK(FoundIf(FsCall::kMakeHardLink, 1, Level::kWarning) == "");
  config.unpack.dedup = Dedup::kHardLink;
  CHECK(Has(FoundIf(FsCall::kMakeHardLink, 1, Level::kWarning, config),
            "cannot make hard links"));
}

TEST_CASE("what an interrupted check left is removed, by it and by garbage") {
  MemFs disk;
  InitializeLayout(&disk);
  const std::string before = disk.Tree();
  disk.MakeDirectory(Fs::kRoot, "releases/.partial-check", 0700);
  disk.MakeDirectory(Fs::kRoot, "releases/.partial-check/x", 0700);
  MemFs other = disk;
  CHECK(TryFileSystem(&disk, {}).empty());
  CHECK(disk.Tree() == before);
  CHECK(CollectGarbage(&other).empty());
  CHECK(other.Tree() == before);
}

TEST_CASE("a root that cannot be written is for other checks to report") {
  MemFs disk;
  InitializeLayout(&disk);
  FaultFs fs(&disk);
  fs.FailAt(1, EROFS, FsCall::kMakeDirectory);
  CHECK(TryFileSystem(&fs, {}).empty());
}

}  // namespace release
