#include "support/mem_fs.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <array>
#include <exception>
#include <set>
#include <string>
#include <vector>

#include "support/power_cut.h"

namespace release {
namespace {

void Put(MemFs* fs, const std::string& path, std::string_view content) {
  const ScopedHandle file(
      fs, fs->Open(Fs::kRoot, path, OpenMode::kCreateNew, 0644));
  fs->Write(file.get(), content);
}

void SyncFile(MemFs* fs, const std::string& path) {
  const ScopedHandle file(fs, fs->Open(Fs::kRoot, path, OpenMode::kRead));
  fs->Sync(file.get());
}

void SyncDirectory(MemFs* fs, const std::string& path) {
  const ScopedHandle directory(fs, fs->OpenDirectory(Fs::kRoot, path));
  fs->Sync(directory.get());
}

// Returns the content of a file, the target of a link, "/" for a directory, or
// "-" if `path` does not exist.
std::string Shown(MemFs* fs, const std::string& path) {
  const auto info = fs->Stat(Fs::kRoot, path);
  if (!info) return "-";
  if (info->type == FileType::kDirectory) return "/";
  if (info->type == FileType::kSymlink) return *fs->ReadLink(Fs::kRoot, path);
  const ScopedHandle file(fs, fs->Open(Fs::kRoot, path, OpenMode::kRead));
  std::array<char, 64> buffer;
  return {buffer.data(), fs->ReadAt(file.get(), buffer, 0)};
}

// Returns the distinct outcomes of a power cut for these paths, each as the
// values of Shown joined with blanks.
std::set<std::string> AfterCuts(const MemFs& fs,
                                std::initializer_list<const char*> paths) {
  std::set<std::string> shown;
  fs.ForEachPowerCut([&](MemFs cut) {
    std::string all;
    for (const char* path : paths) all.append(Shown(&cut, path)).append(" ");
    shown.insert(all);
  });
  return shown;
}

using Shows = std::set<std::string>;

// Returns a durable file system: a directory d, and `current` pointing at the
// old release.
MemFs Live() {
  MemFs fs;
  fs.MakeDirectory(Fs::kRoot, "d", 0755);
  fs.MakeSymlink("old", Fs::kRoot, "current");
  fs.SyncTree(Fs::kRoot);
  return fs;
}

}  // namespace

TEST_CASE("without its sync a change can be lost, with it it cannot") {
  MemFs fs = Live();
  fs.MakeSymlink("new", Fs::kRoot, "temp");
  fs.Rename(Fs::kRoot, "temp", Fs::kRoot, "current", RenameMode::kReplace);
  CHECK(AfterCuts(fs, {"current"}) == Shows{"old ", "new "});
  fs.Sync(Fs::kRoot);
  CHECK(AfterCuts(fs, {"current", "temp"}) == Shows{"new - "});
  fs.RemoveFile(Fs::kRoot, "current");
  CHECK(AfterCuts(fs, {"current"}) == Shows{"new ", "- "});
  fs.Sync(Fs::kRoot);
  CHECK(AfterCuts(fs, {"current"}) == Shows{"- "});
}

TEST_CASE("a sync covers one file or one directory and nothing else") {
  MemFs fs;
  Put(&fs, "f", "ab");
  CHECK(AfterCuts(fs, {"f"}) == Shows{"- ", " ", "a ", "ab "});
  // A synced file without a synced name can still be lost as a whole.
  MemFs synced_file = fs;
  SyncFile(&synced_file, "f");
  CHECK(AfterCuts(synced_file, {"f"}) == Shows{"- ", "ab "});
  MemFs synced_name = fs;
  synced_name.Sync(Fs::kRoot);
  CHECK(AfterCuts(synced_name, {"f"}) == Shows{" ", "a ", "ab "});
  SyncFile(&synced_name, "f");
  CHECK(AfterCuts(synced_name, {"f"}) == Shows{"ab "});
  fs.SyncTree(Fs::kRoot);
  CHECK(AfterCuts(fs, {"f"}) == Shows{"ab "});
  CHECK(fs.pending() == 0);
}

TEST_CASE("writes to one file persist in their order, the last perhaps torn") {
  MemFs fs;
  Put(&fs, "f", "");
  fs.SyncTree(Fs::kRoot);
  const ScopedHandle file(&fs, fs.Open(Fs::kRoot, "f", OpenMode::kAppend));
  fs.Write(file.get(), "aa");
  fs.Write(file.get(), "bb");
  CHECK(AfterCuts(fs, {"f"}) == Shows{" ", "a ", "aa ", "aab ", "aabb "});
  fs.Truncate(file.get(), 3);
  CHECK(AfterCuts(fs, {"f"}) == Shows{" ", "a ", "aa ", "aab ", "aabb "});
  fs.Sync(file.get());
  CHECK(AfterCuts(fs, {"f"}) == Shows{"aab "});
}

TEST_CASE("changes of different files and names persist independently") {
  MemFs fs;
  Put(&fs, "a", "");
  Put(&fs, "b", "");
  CHECK(AfterCuts(fs, {"a", "b"}) == Shows{"- - ", "-  ", " - ", "  "});
}

TEST_CASE("mode and owner are lost until the file is synced") {
  MemFs fs = Live();
  fs.SetMode(Fs::kRoot, "d", 0700);
  std::set<unsigned> modes;
  const auto look = [&] {
    modes.clear();
    fs.ForEachPowerCut(
        [&](MemFs cut) { modes.insert(cut.Stat(Fs::kRoot, "d")->mode); });
  };
  look();
  CHECK(modes == std::set<unsigned>{0755, 0700});
  SyncDirectory(&fs, "d");
  look();
  CHECK(modes == std::set<unsigned>{0700});
}

TEST_CASE("a rename is atomic, between directories until one is synced") {
  MemFs fs = Live();
  Put(&fs, "a", "x");
  fs.SyncTree(Fs::kRoot);
  fs.Rename(Fs::kRoot, "a", Fs::kRoot, "b", RenameMode::kReplace);
  CHECK(AfterCuts(fs, {"a", "b"}) == Shows{"x - ", "- x "});
  fs.SyncTree(Fs::kRoot);
  fs.Rename(Fs::kRoot, "b", Fs::kRoot, "d/b", RenameMode::kReplace);
  CHECK(AfterCuts(fs, {"b", "d/b"}) == Shows{"x - ", "- x "});
  // Syncing one of the two directories makes only its half durable: the file
  // can then be in neither, or in both.
  MemFs source_synced = fs;
  source_synced.Sync(Fs::kRoot);
  CHECK(AfterCuts(source_synced, {"b", "d/b"}) == Shows{"- - ", "- x "});
  SyncDirectory(&fs, "d");
  CHECK(AfterCuts(fs, {"b", "d/b"}) == Shows{"x x ", "- x "});
}

TEST_CASE("a directory always has exactly one parent") {
  MemFs fs = Live();
  fs.MakeDirectory(Fs::kRoot, "app", 0755);
  fs.SyncTree(Fs::kRoot);
  fs.MakeSymlink("d/v", Fs::kRoot, "d/v");
  fs.Rename(Fs::kRoot, "d/v", Fs::kRoot, "app", RenameMode::kExchange);
  CHECK(AfterCuts(fs, {"app", "d/v"}) == Shows{"/ d/v ", "d/v / ", "/ - "});
  MemFs root_synced = fs;
  root_synced.Sync(Fs::kRoot);
  CHECK(AfterCuts(root_synced, {"app", "d/v"}) == Shows{"d/v / "});
  SyncDirectory(&fs, "d");
  CHECK(AfterCuts(fs, {"app", "d/v"}) == Shows{"d/v / "});
}

TEST_CASE("an exchange persists as a whole") {
  MemFs fs = Live();
  fs.MakeSymlink("new", Fs::kRoot, "d/next");
  fs.SyncTree(Fs::kRoot);
  fs.Rename(Fs::kRoot, "current", Fs::kRoot, "d/next", RenameMode::kExchange);
  CHECK(AfterCuts(fs, {"current", "d/next"}) == Shows{"old new ", "new old "});
}

TEST_CASE("a lost directory takes its content along") {
  MemFs fs;
  fs.MakeDirectory(Fs::kRoot, "d", 0755);
  Put(&fs, "d/f", "");
  SyncDirectory(&fs, "d");
  CHECK(AfterCuts(fs, {"d", "d/f"}) == Shows{"- - ", "/  "});
}

TEST_CASE("each distinct disk is visited once") {
  MemFs fs;
  for (const char* target : {"x", "y", "x"}) {
    fs.MakeSymlink(target, Fs::kRoot, "temp");
    fs.Rename(Fs::kRoot, "temp", Fs::kRoot, "link", RenameMode::kReplace);
  }
  std::set<std::string> images;
  std::size_t visits = 0;
  fs.ForEachPowerCut([&](MemFs cut) {
    ++visits;
    images.insert(cut.Image());
    CHECK(cut.pending() == 0);
  });
  CHECK(visits == images.size());
  CHECK(visits > 3);
}

TEST_CASE("many changes are sampled, the extremes and each single one too") {
  MemFs fs;
  constexpr int kFiles = 40;
  for (int i = 0; i < kFiles; ++i) {
    fs.MakeSymlink("t", Fs::kRoot, fmt::format("l{}", i));
  }
  std::set<std::size_t> kept;
  std::size_t one_lost = 0;
  std::size_t one_kept = 0;
  std::size_t visits = 0;
  fs.ForEachPowerCut([&](MemFs cut) {
    const std::size_t names = cut.List(Fs::kRoot, "").size();
    kept.insert(names);
    one_lost += names == kFiles - 1 ? 1 : 0;
    one_kept += names == 1 ? 1 : 0;
    ++visits;
  });
  CHECK(kept.contains(0));
  CHECK(kept.contains(kFiles));
  CHECK(one_lost == kFiles);
  CHECK(one_kept == kFiles);
  CHECK(visits >= 2 * (1 + kFiles + kFiles * (kFiles - 1) / 2));
  CHECK(visits <= 2 * (1 + kFiles + kFiles * (kFiles - 1) / 2) + kRandom);
}

TEST_CASE("a kill loses nothing and makes nothing durable") {
  MemFs fs = Live();
  const ScopedHandle lock(
      &fs, fs.Open(Fs::kRoot, "lock", OpenMode::kLockFile, 0600));
  REQUIRE(fs.TryLock(lock.get()));
  Put(&fs, "f", "x");
  MemFs killed = fs.Killed();
  CHECK(killed.open_handles() == 0);
  CHECK(killed.operations() == 0);
  CHECK(killed.Image() == fs.Image());
  CHECK(Shown(&killed, "f") == "x");
  CHECK(AfterCuts(killed, {"f"}) == Shows{"- ", " ", "x "});
  const ScopedHandle again(
      &killed, killed.Open(Fs::kRoot, "lock", OpenMode::kLockFile, 0600));
  CHECK(killed.TryLock(again.get()));
}

TEST_CASE("a crash comes before the next change, and no handler keeps it") {
  MemFs fs;
  const std::uint64_t before = fs.operations();
  fs.CrashAfter(2);
  bool crashed = false;
  try {
    try {
      fs.MakeDirectory(Fs::kRoot, "a", 0755);
      CHECK(fs.Stat(Fs::kRoot, "a"));
      CHECK_FALSE(fs.RemoveFile(Fs::kRoot, "none"));
      fs.Sync(Fs::kRoot);
      fs.MakeDirectory(Fs::kRoot, "b", 0755);
    } catch (const std::exception&) {
      FAIL("an error handler caught the crash");
    }
  } catch (const CrashNow&) {
    crashed = true;
  }
  CHECK(crashed);
  CHECK(fs.operations() - before == 2);
  CHECK_FALSE(fs.Stat(Fs::kRoot, "b"));
  CHECK_THROWS_AS(fs.Sync(Fs::kRoot), CrashNow);
  fs.Killed().MakeDirectory(Fs::kRoot, "b", 0755);
}

TEST_CASE("every mutating and syncing call is one operation") {
  MemFs fs;
  std::uint64_t expected = 0;
  const auto one = [&](auto call) {
    call();
    CHECK(fs.operations() == ++expected);
  };
  const auto root = Fs::kRoot;
  Fs::Handle file = 0;
  one([&] { file = fs.Open(root, "f", OpenMode::kCreateNew, 0600); });
  one([&] { fs.Write(file, "x"); });
  one([&] { fs.Truncate(file, 0); });
  one([&] { fs.Reserve(file, 10); });
  one([&] { fs.Sync(file); });
  one([&] { fs.MakeDirectory(root, "d", 0755); });
  one([&] { fs.MakeSymlink("t", root, "l"); });
  one([&] { fs.MakeHardLink(root, "f", root, "g"); });
  one([&] { fs.Rename(root, "f", root, "d/f", RenameMode::kReplace); });
  one([&] { fs.SetMode(root, "g", 0600); });
  one([&] { fs.SetOwner(root, "g", 1, 1); });
  one([&] { fs.RemoveFile(root, "g"); });
  one([&] { fs.RemoveFile(root, "d/f"); });
  one([&] { fs.RemoveDirectory(root, "d"); });
  one([&] { fs.SyncTree(root); });
  fs.Close(file);
  fs.List(root, "");
  CHECK(fs.operations() == expected);
}

TEST_CASE("an ignored sync has no effect: the k-th or every one of a path") {
  MemFs fs;
  fs.IgnoreSync("");
  fs.MakeDirectory(Fs::kRoot, "d", 0755);
  fs.Sync(Fs::kRoot);
  CHECK(AfterCuts(fs, {"d"}) == Shows{"- ", "/ "});
  fs.SyncTree(Fs::kRoot);
  CHECK(AfterCuts(fs, {"d"}) == Shows{"/ "});

  fs.IgnoreSync("d", 2);
  for (const char* target : {"d/1", "d/2", "d/3"}) {
    fs.MakeSymlink("x", Fs::kRoot, target);
    const auto before = fs.operations();
    SyncDirectory(&fs, "d");
    CHECK(fs.operations() == before + 1);
    CHECK((fs.pending() == 0) == (target != std::string("d/2")));
  }
  CHECK(fs.syncs() == std::vector<std::string>{"", "tree", "d", "d", "d"});

  fs.IgnoreSync("tree", 1);
  fs.RemoveFile(Fs::kRoot, "d/1");
  // A copy counts its own occurrences: its ignored sync does not use up that of
  // the original.
  fs.Killed().SyncTree(Fs::kRoot);
  MemFs killed = fs.Killed();
  killed.SyncTree(Fs::kRoot);
  CHECK(killed.pending() == 1);
  killed.SyncTree(Fs::kRoot);
  CHECK(killed.pending() == 0);
}

TEST_CASE("images are equal if content, structure and pending changes are") {
  MemFs one;
  Put(&one, "a", "1");
  Put(&one, "b", "2");
  MemFs other;
  Put(&other, "x", "");
  Put(&other, "b", "2");
  Put(&other, "a", "1");
  other.RemoveFile(Fs::kRoot, "x");
  CHECK(one.Image() != other.Image());
  one.SyncTree(Fs::kRoot);
  other.SyncTree(Fs::kRoot);
  CHECK(one.Image() == other.Image());
  other.SetMode(Fs::kRoot, "a", 0600);
  other.SyncTree(Fs::kRoot);
  CHECK(one.Image() != other.Image());

  MemFs linked;
  Put(&linked, "a", "1");
  linked.MakeHardLink(Fs::kRoot, "a", Fs::kRoot, "b");
  linked.SyncTree(Fs::kRoot);
  MemFs copied;
  Put(&copied, "a", "1");
  Put(&copied, "b", "1");
  copied.SyncTree(Fs::kRoot);
  CHECK(linked.Image() != copied.Image());
}

TEST_CASE("each look before a call sees what a crash there would leave") {
  const auto work = [](MemFs* fs) {
    Put(fs, "a", "x");
    SyncFile(fs, "a");
    fs->Rename(Fs::kRoot, "a", Fs::kRoot, "d/b", RenameMode::kReplace);
    SyncDirectory(fs, "d");
    fs->RemoveFile(Fs::kRoot, "current");
    fs->SyncTree(Fs::kRoot);
  };
  std::vector<std::string> seen;
  MemFs whole = Live();
  whole.BeforeEachOperation([&](const MemFs& left) {
    CHECK(left.operations() == 0);
    CHECK(left.open_handles() == 0);
    seen.push_back(left.Image());
  });
  const std::uint64_t before = whole.operations();
  work(&whole);
  CHECK(seen.size() == whole.operations() - before);
  for (std::size_t k = 0; k < seen.size(); ++k) {
    CAPTURE(k);
    MemFs fs = Live();
    fs.CrashAfter(k);
    bool crashed = false;
    try {
      work(&fs);
    } catch (const CrashNow&) {
      crashed = true;
    }
    CHECK(crashed);
    CHECK(fs.Killed().Image() == seen[k]);
  }
  CHECK(std::set<std::string>(seen.begin(), seen.end()).size() == seen.size());
}

TEST_CASE("a copy shares nothing that either can change") {
  MemFs fs = Live();
  Put(&fs, "f", "x");
  MemFs copy = fs;
  const ScopedHandle file(&copy, copy.Open(Fs::kRoot, "f", OpenMode::kAppend));
  copy.Write(file.get(), "y");
  copy.RemoveFile(Fs::kRoot, "current");
  copy.SyncTree(Fs::kRoot);
  CHECK(Shown(&fs, "f") == "x");
  CHECK(Shown(&fs, "current") == "old");
  CHECK(AfterCuts(fs, {"f"}) == Shows{"- ", " ", "x "});
}

TEST_CASE("a tree is listed line by line") {
  MemFs fs = Live();
  CHECK(fs.Tree() ==
        "d 0755 #1 \n"
        "l 0777 #3 current -> old\n"
        "d 0755 #2 d\n");
}

}  // namespace release
