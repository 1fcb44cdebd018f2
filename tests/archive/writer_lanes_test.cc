#include "archive/writer_lanes.h"

#include <doctest/doctest.h>

#include <chrono>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "store/durable.h"
#include "support/archives.h"
#include "support/mem_fs.h"
#include "support/root_files.h"

namespace release {
namespace {

// Which threads made files in each directory. Others than the one that made
// this are slow where that is asked for.
class ThreadsSeen final : public MemFs {
 public:
  enum class Others { kFast, kSlow };
  explicit ThreadsSeen(Others others = Others::kFast) : others_(others) {}

  Handle Open(Handle dir, const std::string& path, OpenMode mode,
              unsigned permissions) override {
    if (others_ == Others::kSlow && std::this_thread::get_id() != own_) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    {
      const std::lock_guard lock(mutex_);
      seen_[dir].insert(std::this_thread::get_id());
    }
    return MemFs::Open(dir, path, mode, permissions);
  }
  const std::map<Handle, std::set<std::thread::id>>& seen() const {
    return seen_;
  }
  std::thread::id own() const { return own_; }

 private:
  const Others others_;
  const std::thread::id own_ = std::this_thread::get_id();
  std::mutex mutex_;
  std::map<Handle, std::set<std::thread::id>> seen_;
};

TEST_CASE("writer lanes: a directory stays on one thread, others on others") {
  ThreadsSeen fs;
  TreeWriter writer(&fs, Fs::kRoot, {.owner = {}, .threads = 2});
  const std::string content(10'000, 'x');
  // Each more than one batch, and not enough to keep a thread waiting.
  for (unsigned i = 0; i < 400; ++i) {
    const std::string folder = std::to_string(i / 50);
    if (i % 50 == 0) {
      writer.AddDirectory(folder, {0755});
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    writer.AddFile(folder + "/" + std::to_string(i), {0644}, content);
  }
  writer.Finish();
  std::set<std::thread::id> all;
  CHECK(fs.seen().size() == 8);
  for (const auto& [directory, threads] : fs.seen()) {
    CHECK(threads.size() == 1);
    all.insert(threads.begin(), threads.end());
  }
  CHECK(all.size() <= 2);
}

TEST_CASE("writer lanes: where a thread is behind the caller writes, too") {
  ThreadsSeen fs(ThreadsSeen::Others::kSlow);
  TreeWriter writer(&fs, Fs::kRoot, {.owner = {}, .threads = 1});
  const std::string content(200'000, 'x');
  for (unsigned i = 0; i < 200; ++i) {
    const std::string folder = std::to_string(i);
    writer.AddDirectory(folder, {0755});
    writer.AddFile(folder + "/whole", {0644}, content,
                   TreeWriter::Content::kWhole);
  }
  writer.Finish();
  std::map<bool, unsigned> own;
  for (const auto& [directory, threads] : fs.seen()) {
    CHECK(threads.size() == 1);
    ++own[*threads.begin() == fs.own()];
  }
  CHECK(own[true] > 50);
  CHECK(own[false] > 5);
  for (unsigned i = 0; i < 200; ++i) {
    CHECK(ReadFile(&fs, std::to_string(i) + "/whole") == content);
  }
}

TEST_CASE("writer lanes: files taken from the base keep the caller busy, too") {
  ThreadsSeen fs(ThreadsSeen::Others::kSlow);
  const std::string content(100'000, 'x');
  FileHasher hasher;
  hasher.Update(content);
  const FileHash hash = hasher.Finish();
  for (const char* path : {"old", "new"}) {
    fs.MakeDirectory(Fs::kRoot, path, 0755);
  }
  for (unsigned i = 0; i < 200; ++i) {
    const std::string folder = "old/" + std::to_string(i);
    fs.MakeDirectory(Fs::kRoot, folder, 0755);
    PutFile(&fs, folder + "/file", content);
  }
  const ScopedHandle old(&fs, fs.OpenDirectory(Fs::kRoot, "old"));
  const ScopedHandle made(&fs, fs.OpenDirectory(Fs::kRoot, "new"));
  EarlierTree earlier(&fs, old.get(), EarlierTree::Sharing::kNone, {});
  TreeWriter writer(&fs, made.get(),
                    {.owner = {}, .threads = 1, .earlier = &earlier});
  for (unsigned i = 0; i < 200; ++i) {
    const std::string folder = std::to_string(i);
    writer.AddDirectory(folder, {0755});
    const std::string path = folder + "/file";
    writer.TakeFile(path, {0644},
                    {"1", path, content.size(), hash.hash, hash.sha256});
  }
  writer.Finish();
  std::map<bool, unsigned> own;
  for (const auto& [directory, threads] : fs.seen()) {
    ++own[*threads.begin() == fs.own()];
  }
  CHECK(own[true] > 50);
  CHECK(own[false] > 5);
  for (unsigned i = 0; i < 200; ++i) {
    CHECK(ReadFile(&fs, "new/" + std::to_string(i) + "/file") == content);
  }
}

TEST_CASE("writer lanes: an empty file is filled where a thread is behind") {
  const std::string noise = Noise(600'000, 9);
  ThreadsSeen fs(ThreadsSeen::Others::kSlow);
  TreeWriter writer(&fs, Fs::kRoot, {.owner = {}, .threads = 1});
  for (unsigned i = 0; i < 20; ++i) {
    const std::string folder = std::to_string(i);
    writer.AddDirectory(folder, {0755});
    for (const char* name : {"/a", "/b", "/c", "/d"}) {
      writer.AddFile(folder + name, {0644}, noise.substr(0, 100'000),
                     TreeWriter::Content::kWhole);
    }
    const std::string filled = folder + "-filled";
    writer.AddDirectory(filled, {0755});
    writer.AddFile(filled + "/f", {0644}, "", TreeWriter::Content::kWhole);
    writer.Append(filled + "/f", noise);
  }
  writer.Finish();
  for (unsigned i = 0; i < 20; ++i) {
    CHECK((ReadFile(&fs, std::to_string(i) + "-filled/f") == noise));
  }
}

TEST_CASE("writer lanes: a file goes on until the lanes are drained") {
  MemFs fs;
  WriterLanes lanes(&fs, Fs::kRoot, {.owner = {}, .threads = 1},
                    Inheritance::kNone);
  CHECK_FALSE(lanes.file_is_open());
  lanes.Begin({.begins = true, .name = "f", .attributes = {0644}}, "one ", {});
  REQUIRE(lanes.file_is_open());
  lanes.Continue("two", {});
  lanes.Drain();
  CHECK_FALSE(lanes.file_is_open());
  CHECK(ReadFile(&fs, "f") == "one two");
  CHECK(fs.open_handles() == 0);
}

}  // namespace
}  // namespace release
