#include "archive/unpacked_tree.h"

#include <doctest/doctest.h>

#include "store/durable.h"
#include "support/expect_error.h"
#include "support/mem_fs.h"
#include "trust/digest.h"

namespace release {
namespace {

ManifestEntry File(const std::string& path, std::string_view content) {
  return {EntryKind::kFile,     path, 0644, content.size(),
          HashContent(content), ""};
}

// Adds one of each, with a directory that is implied first and listed later.
Manifest Fill(UnpackedTree* tree) {
  tree->AddParents("d/e/f", 0022);
  tree->WriteWhole(File("d/e/f", "one"), {}, std::string_view("one"), nullptr);
  tree->List(File("d/e/f", "one"));
  tree->AddDirectory("d", {0700});
  tree->Begin(File("a", "two"), {});
  tree->Append("a", std::string_view("two"), nullptr);
  tree->List(File("a", "two"));
  tree->AddSymlink("link", "a");
  tree->AddHardLink("hard", tree->FileAt("a"));
  return tree->Finish();
}

TEST_CASE("unpacked tree: the manifest lists what is on disk, in order") {
  MemFs fs;
  UnpackLimits limits(0, 0);
  UnpackedTree tree(&fs, Fs::kRoot, {}, &limits);
  CHECK(tree.empty());
  const Manifest manifest = Fill(&tree);
  std::string paths;
  for (const ManifestEntry& entry : manifest.entries) {
    paths += entry.path + " ";
    CHECK(fs.Stat(Fs::kRoot, entry.path));
  }
  CHECK(paths == "a d d/e d/e/f hard link ");
  CHECK(manifest.entries[1].mode == 0700);
  CHECK(fs.Stat(Fs::kRoot, "d")->mode == 0700);
  CHECK(ReadFile(&fs, "hard") == "two");
}

TEST_CASE("unpacked tree: without a disk the manifest is the same") {
  MemFs fs;
  UnpackLimits limits(0, 0);
  UnpackedTree tree(&fs, Fs::kRoot, {}, &limits);
  UnpackedTree dry(nullptr, Fs::kRoot, {}, &limits);
  CHECK(Fill(&dry).entries == Fill(&tree).entries);
}

TEST_CASE("unpacked tree: directories that are implied count as entries") {
  UnpackLimits limits(0, 2);
  UnpackedTree tree(nullptr, Fs::kRoot, {}, &limits);
  CHECK_NOTHROW(tree.AddParents("a/b/f", 0022));
  CHECK_NOTHROW(tree.AddParents("a/b/g", 0022));
  CHECK(ErrorOf([&] { tree.AddParents("a/c/f", 0022); }).code() ==
        ErrorCode::kLimitExceeded);
}

}  // namespace
}  // namespace release
