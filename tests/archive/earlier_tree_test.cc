#include "archive/earlier_tree.h"

#include <doctest/doctest.h>

#include <cerrno>
#include <functional>

#include "archive/tree_writer.h"
#include "store/durable.h"
#include "support/archives.h"
#include "support/fault_fs.h"
#include "support/mem_fs.h"
#include "support/root_files.h"

namespace release {
namespace {

using Sharing = EarlierTree::Sharing;
using Content = TreeWriter::Content;

constexpr OwnerIds kOwner{};

// A disk with the earlier tree old/ and the empty directory new/.
struct Trees {
  MemFs disk;
  FaultFs fs{&disk};

  Trees() {
    for (const char* path : {"old", "old/d", "new"}) {
      disk.MakeDirectory(Fs::kRoot, path, 0755);
    }
  }
  void Old(const std::string& path, std::string_view content,
           unsigned mode = 0644) {
    PutFile(&disk, "old/" + path, content, mode);
  }

  // Writes new/ with this writer.
  void Write(Sharing sharing, unsigned threads,
             const std::function<void(TreeWriter*)>& add) {
    const ScopedHandle old(&fs, fs.OpenDirectory(Fs::kRoot, "old"));
    const ScopedHandle made(&fs, fs.OpenDirectory(Fs::kRoot, "new"));
    EarlierTree earlier(&fs, old.get(), sharing, kOwner);
    TreeWriter writer(&fs, made.get(),
                      {.owner = {}, .threads = threads, .earlier = &earlier});
    writer.AddDirectory("d", {0755});
    add(&writer);
    writer.Finish();
    files = earlier.files();
    bytes = earlier.bytes();
  }

  bool IsLinked(const std::string& path) {
    const auto made = disk.Stat(Fs::kRoot, "new/" + path);
    const auto old = disk.Stat(Fs::kRoot, "old/" + path);
    return made && old && made->inode == old->inode;
  }

  std::uint64_t files = 0, bytes = 0;  // taken over
};

void AddInPieces(TreeWriter* writer, const std::string& path,
                 std::string_view content, std::size_t piece = 100'001) {
  writer->AddFile(path, {0644}, content.substr(0, piece));
  for (std::size_t at = piece; at < content.size(); at += piece) {
    writer->Append(path, content.substr(at, piece));
  }
}

// old/d/same has "same bytes", mode 0644 and our owner; the others differ in
// one of these.
void PutUnlike(Trees* trees) {
  trees->Old("d/same", "same bytes");
  trees->Old("d/edited", "some bytes");
  trees->Old("d/longer", "same bytes!");
  trees->Old("d/shorter", "same byte");
  trees->Old("d/mode", "same bytes", 0600);
  trees->Old("d/owner", "same bytes");
  trees->disk.SetOwner(Fs::kRoot, "old/d/owner", 7, 0);
  trees->Old("d/group", "same bytes");
  trees->disk.SetOwner(Fs::kRoot, "old/d/group", 0, 7);
  trees->Old("d/empty", "");
  trees->disk.MakeSymlink("same", Fs::kRoot, "old/d/link");
  trees->disk.MakeDirectory(Fs::kRoot, "old/d/directory", 0755);
}

TEST_CASE("what is the same to the byte is linked, and nothing else is") {
  for (const unsigned threads : {0U, 2U}) {
    CAPTURE(threads);
    Trees trees;
    PutUnlike(&trees);
    const char* const others[] = {"edited", "longer",    "shorter",
                                  "mode",   "owner",     "group",
                                  "link",   "directory", "missing"};
    trees.Write(Sharing::kInodes, threads, [&](TreeWriter* writer) {
      writer->AddFile("d/same", {0644}, "same bytes", Content::kWhole);
      for (const char* name : others) {
        writer->AddFile(std::string("d/") + name, {0644}, "same bytes",
                        Content::kWhole);
      }
      writer->AddFile("d/empty", {0644}, "", Content::kWhole);
      writer->AddDirectory("added", {0755});
      writer->AddFile("added/f", {0644}, "same bytes", Content::kWhole);
    });
    CHECK(trees.IsLinked("d/same"));
    for (const char* name : others) {
      CAPTURE(name);
      const std::string path = std::string("d/") + name;
      CHECK_FALSE(trees.IsLinked(path));
      CHECK(ReadFile(&trees.disk, "new/" + path) == "same bytes");
      CHECK(trees.disk.Stat(Fs::kRoot, "new/" + path)->mode == 0644);
    }
    CHECK_FALSE(trees.IsLinked("d/empty"));
    CHECK(ReadFile(&trees.disk, "new/added/f") == "same bytes");
    CHECK(trees.files == 1);
    CHECK(trees.bytes == 10);
    CHECK(trees.disk.open_handles() == 0);
  }
}

TEST_CASE("a file that comes in pieces is linked when it proved the same") {
  const std::string noise = Noise(900'000, 5);
  std::string edited = noise;
  edited[850'000] ^= 1;
  for (const unsigned threads : {0U, 2U}) {
    CAPTURE(threads);
    Trees trees;
    trees.Old("d/same", noise);
    trees.Old("d/edited", edited);
    trees.Old("d/longer", noise + "x");
    trees.Old("d/shorter", noise.substr(0, noise.size() - 1));
    trees.Old("d/mode", noise, 0755);
    const char* const names[] = {"same",    "edited", "longer",
                                 "shorter", "mode",   "missing"};
    trees.Write(Sharing::kInodes, threads, [&](TreeWriter* writer) {
      for (const char* name : names) {
        AddInPieces(writer, std::string("d/") + name, noise);
      }
    });
    for (const char* name : names) {
      CAPTURE(name);
      const std::string path = std::string("d/") + name;
      CHECK(trees.IsLinked(path) == (path == "d/same"));
      CHECK((ReadFile(&trees.disk, "new/" + path) == noise));
    }
    CHECK(trees.files == 1);
    CHECK(trees.disk.List(Fs::kRoot, "new/d").size() == std::size(names));
    CHECK(trees.disk.open_handles() == 0);
  }
}

TEST_CASE("nothing is appended to a file that was taken over") {
  Trees trees;
  trees.Old("d/f", "bytes");
  trees.Old("d/g", "");
  CHECK_THROWS_AS(
      trees.Write(Sharing::kInodes, 0,
                  [&](TreeWriter* writer) {
                    writer->AddFile("d/f", {0644}, "bytes", Content::kWhole);
                    writer->AddFile("d/g", {0644}, "", Content::kWhole);
                    writer->Append("d/g", "filled");
                    writer->Append("d/f", "more");
                  }),
      Error);
  CHECK(ReadFile(&trees.disk, "old/d/f") == "bytes");
  CHECK(ReadFile(&trees.disk, "old/d/g").empty());
  CHECK(ReadFile(&trees.disk, "new/d/g") == "filled");
}

// Whatever the earlier file holds, the new one holds the archive's bytes and is
// a file of its own.
TEST_CASE("a clone is made the same to the byte, whatever it was of") {
  const std::string noise = Noise(3'000'000, 6);
  std::string edited = noise;
  edited[5'000] ^= 1;
  edited[2'999'999] ^= 1;
  const std::pair<std::string, std::uint64_t> olds[] = {
      {noise, 3'000'000},
      {edited, 3'000'000 - 4'096 - (3'000'000 % 4'096)},
      {noise + "more", 3'000'000},
      {noise.substr(0, 2'000'000), 2'000'000 - 2'000'000 % 4'096},
      {Noise(3'000'000, 7), 0},
      {"little", 0},
      {"", 0},
  };
  for (const unsigned threads : {0U, 2U}) {
    for (const auto& each : olds) {
      const std::string& old = each.first;
      const std::uint64_t shared = each.second;
      CAPTURE(threads);
      CAPTURE(old.size());
      CAPTURE(shared);
      Trees trees;
      trees.Old("d/pieces", old);
      trees.Old("d/whole", old.substr(0, 200'000));
      trees.Write(Sharing::kBlocks, threads, [&](TreeWriter* writer) {
        AddInPieces(writer, "d/pieces", noise);
        writer->AddFile("d/whole", {0600}, noise.substr(0, 200'000),
                        Content::kWhole);
      });
      CHECK((ReadFile(&trees.disk, "new/d/pieces") == noise));
      CHECK((ReadFile(&trees.disk, "new/d/whole") == noise.substr(0, 200'000)));
      CHECK(trees.disk.Stat(Fs::kRoot, "new/d/whole")->mode == 0600);
      CHECK((ReadFile(&trees.disk, "old/d/pieces") == old));
      CHECK_FALSE(trees.IsLinked("d/pieces"));
      CHECK(trees.disk.open_handles() == 0);
      if (shared == 3'000'000) CHECK(trees.bytes == 3'200'000);
      if (shared == 0) CHECK(trees.bytes == 0);
    }
  }
}

TEST_CASE("of a clone only the blocks that differ are written") {
  const std::string noise = Noise(3'000'000, 6);
  std::string edited = noise;
  for (const std::size_t at : {5'000, 100'000, 1'999'999}) edited[at] ^= 1;
  Trees trees;
  trees.Old("d/f", edited);
  trees.Write(Sharing::kBlocks, 0,
              [&](TreeWriter* writer) { AddInPieces(writer, "d/f", noise); });
  CHECK(trees.bytes == 3'000'000 - 3 * 4'096);
}

TEST_CASE("small files are not cloned, and no disk is asked twice in vain") {
  const std::string noise = Noise(700'000, 8);
  Trees trees;
  trees.Old("d/small", noise.substr(0, kLeastClone - 1));
  for (const char* name : {"a", "b", "c"}) {
    trees.Old(std::string("d/") + name, noise);
  }
  trees.disk.SetClones(false);
  const std::uint64_t before = trees.fs.calls(FsCall::kCloneContent);
  trees.Write(Sharing::kBlocks, 0, [&](TreeWriter* writer) {
    writer->AddFile("d/small", {0644},
                    std::string_view(noise).substr(0, kLeastClone - 1),
                    Content::kWhole);
    for (const char* name : {"a", "b", "c"}) {
      AddInPieces(writer, std::string("d/") + name, noise);
    }
  });
  CHECK(trees.fs.calls(FsCall::kCloneContent) - before == 1);
  CHECK((ReadFile(&trees.disk, "new/d/c") == noise));
  CHECK(trees.files == 0);
}

// Any call of a takeover may fail: the tree is whole, or the failure is
// reported.
TEST_CASE("whatever fails on the way, the new tree has the archive's bytes") {
  const std::string noise = Noise(1'200'000, 9);
  std::string edited = noise;
  edited[600'000] ^= 1;
  for (const Sharing sharing : {Sharing::kInodes, Sharing::kBlocks}) {
    std::uint64_t told = 0, n = 1;
    for (bool failed = true; failed; ++n) {
      Trees trees;
      trees.Old("d/whole", noise.substr(0, 200'000));
      trees.Old("d/pieces", noise);
      trees.Old("d/edited", edited);
      trees.fs.FailAt(n, EIO);
      try {
        trees.Write(sharing, 0, [&](TreeWriter* writer) {
          writer->AddFile("d/whole", {0644}, noise.substr(0, 200'000),
                          Content::kWhole);
          AddInPieces(writer, "d/pieces", noise);
          AddInPieces(writer, "d/edited", noise);
        });
        for (const char* name : {"pieces", "edited"}) {
          CHECK((ReadFile(&trees.disk, std::string("new/d/") + name) == noise));
        }
        CHECK(
            (ReadFile(&trees.disk, "new/d/whole") == noise.substr(0, 200'000)));
        CHECK(trees.disk.List(Fs::kRoot, "new/d").size() == 3);
      } catch (const FsError& error) {
        ++told;
        CHECK(error.error_number() == EIO);
      }
      failed = trees.fs.failed();
      CHECK((ReadFile(&trees.disk, "old/d/edited") == edited));
      CHECK(trees.disk.open_handles() == 0);
    }
    CHECK(told > 5);
    CHECK(n > told + 10);
  }
}

// As a disk on which the earlier file has an access list or attributes.
class WithAttributes final : public MemFs {
 public:
  bool HasAttributes(Handle) override { return true; }
};

TEST_CASE("a file with attributes or an access list is written anew") {
  for (const bool pieces : {false, true}) {
    CAPTURE(pieces);
    WithAttributes fs;
    fs.MakeDirectory(Fs::kRoot, "old", 0755);
    PutFile(&fs, "old/f", "same bytes", 0644);
    const ScopedHandle old(&fs, fs.OpenDirectory(Fs::kRoot, "old"));
    EarlierTree earlier(&fs, old.get(), Sharing::kInodes, kOwner);
    TreeWriter writer(&fs, Fs::kRoot, {.earlier = &earlier});
    if (pieces) {
      AddInPieces(&writer, "f", "same bytes", 5);
    } else {
      writer.AddFile("f", {0644}, "same bytes", Content::kWhole);
    }
    writer.Finish();
    CHECK(ReadFile(&fs, "f") == "same bytes");
    CHECK(fs.Stat(Fs::kRoot, "f")->inode != fs.Stat(Fs::kRoot, "old/f")->inode);
    CHECK(earlier.files() == 0);
  }
}

TEST_CASE("a hole behind the end of a clone is not written") {
  const std::string noise = Noise(300'000, 5);
  Trees trees;
  trees.Old("d/f", noise);
  trees.Write(Sharing::kBlocks, 0, [&](TreeWriter* writer) {
    writer->AddFile("d/f", {0644}, noise);
    for (int i = 0; i < 64; ++i) {
      writer->Append("d/f", {HoleBytes().data(), HoleBytes().size()});
    }
    writer->Append("d/f", "end");
  });
  const std::string expected =
      noise + std::string(64 * HoleBytes().size(), '\0') + "end";
  CHECK((ReadFile(&trees.disk, "new/d/f") == expected));
  CHECK(trees.fs.calls(FsCall::kWrite) + trees.fs.calls(FsCall::kWriteAt) < 4);
}

}  // namespace
}  // namespace release
