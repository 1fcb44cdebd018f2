#include "archive/composition.h"

#include <doctest/doctest.h>

#include "support/expect_error.h"
#include "support/packed_tree.h"

namespace release {
namespace {

// A base of three files, and a release that keeps, moves and adds.
struct Rig {
  PackedTree old{{{"bin/app", "app"}, {"data", std::string(600'000, 'd')}}};
  PackedTree fresh{{{"bin/app", "app"},
                    {"empty", ""},
                    {"moved", std::string(600'000, 'd')},
                    {"new", "n"}}};
  ThinBase base{old.disk(), Fs::kRoot, "1", old.ManifestFor("1")};

  Manifest whole = fresh.ManifestFor("2");

  Composition Compose(std::vector<std::string> reserved = {}) {
    return {&whole, &base, std::move(reserved)};
  }
};

std::string ContentOf(Composition* composition) {
  std::string content;
  while (true) {
    const auto bytes = composition->NextBlock();
    if (bytes.empty()) return content;
    content.append(bytes.data(), bytes.size());
  }
}

const ManifestEntry* Find(Composition* composition, const std::string& path) {
  while (const ManifestEntry* entry = composition->Next()) {
    if (entry->path == path) return entry;
  }
  return nullptr;
}

Error WhenTaken(Rig* rig, const std::string& path) {
  return ErrorOf([&] {
    Composition composition = rig->Compose();
    REQUIRE(Find(&composition, path) != nullptr);
    ContentOf(&composition);
  });
}

}  // namespace

TEST_CASE("a release is composed of its base and of what the archive brings") {
  Rig rig;
  Composition composition = rig.Compose();
  std::vector<std::string> from_archive;
  std::string taken;
  while (const ManifestEntry* entry = composition.Next()) {
    if (composition.IsFromArchive()) {
      from_archive.push_back(entry->path);
    } else {
      taken += entry->path + "=" +
               std::to_string(ContentOf(&composition).size()) + " ";
    }
  }
  CHECK(from_archive == std::vector<std::string>{"new"});
  CHECK(taken == "bin=0 bin/app=3 empty=0 moved=600000 ");
  CHECK(composition.taken().files == 2);
  CHECK(composition.taken().bytes == 600'003);
}

TEST_CASE("of several files with the content the one with the path is taken") {
  PackedTree old(PackedTree::Files{{"a", "same"}, {"b", "same"}});
  PackedTree fresh(PackedTree::Files{{"b", "same"}, {"c", "same"}});
  ThinBase base{old.disk(), Fs::kRoot, "1", old.ManifestFor("1")};
  const Manifest whole = fresh.ManifestFor("2");
  Composition composition(&whole, &base, {});
  // From here on the base's manifest is not needed.
  base.manifest = {};
  composition.Next();
  CHECK(composition.Leave()->path == "b");
  composition.Next();
  CHECK(composition.Leave()->path == "a");
}

TEST_CASE("content of the base that changed since is not taken") {
  SUBCASE("one bit") {
    Rig rig;
    std::string content(600'000, 'd');
    content[599'999] ^= 1;
    PutFile(rig.old.disk(), "data", content);
    CHECK(WhenTaken(&rig, "moved").code() == ErrorCode::kBaseMissing);
  }
  SUBCASE("shorter") {
    Rig rig;
    PutFile(rig.old.disk(), "data", "d");
    CHECK(WhenTaken(&rig, "moved").code() == ErrorCode::kBaseMissing);
  }
  SUBCASE("gone") {
    Rig rig;
    rig.old.disk()->RemoveFile(Fs::kRoot, "data");
    CHECK(Says(WhenTaken(&rig, "moved"), "cannot take \"data\" from 1"));
  }
  SUBCASE("a link in its place") {
    Rig rig;
    rig.old.disk()->RemoveFile(Fs::kRoot, "data");
    rig.old.disk()->MakeSymlink("bin/app", Fs::kRoot, "data");
    CHECK(WhenTaken(&rig, "moved").code() == ErrorCode::kBaseMissing);
  }
  SUBCASE("a directory in its place") {
    Rig rig;
    rig.old.disk()->RemoveFile(Fs::kRoot, "data");
    rig.old.disk()->MakeDirectory(Fs::kRoot, "data", 0755);
    CHECK(WhenTaken(&rig, "moved").code() == ErrorCode::kBaseMissing);
  }
}

TEST_CASE("content with the right XXH3 and another SHA-256 is not taken") {
  Rig rig;
  PutFile(rig.old.disk(), "bin/app", "evi");
  Manifest whole = rig.fresh.ManifestFor("2");
  // As if the altered file collided with the one of the manifest.
  whole.entries[1].hash = HashContent(std::string_view("evi"));
  Composition composition(&whole, &rig.base, {});
  REQUIRE(Find(&composition, "bin/app") != nullptr);
  CHECK(ErrorOf([&] { ContentOf(&composition); }).code() ==
        ErrorCode::kBaseMissing);
}

TEST_CASE("what gives way to a shared path needs no content") {
  Rig rig;
  rig.old.disk()->RemoveFile(Fs::kRoot, "data");
  Composition composition = rig.Compose({"moved"});
  REQUIRE(Find(&composition, "moved") != nullptr);
  CHECK(ContentOf(&composition).empty());
}

TEST_CASE("content that the archive brings must be that of the manifest") {
  Rig rig;
  Composition composition = rig.Compose();
  REQUIRE(Find(&composition, "new") != nullptr);
  REQUIRE(composition.IsFromArchive());
  composition.Check(std::string_view("n"));
  composition.Check({});
  Composition other = rig.Compose();
  REQUIRE(Find(&other, "new") != nullptr);
  other.Check(std::string_view("m"));
  CHECK(ErrorOf([&] { other.Check({}); }).code() ==
        ErrorCode::kManifestMismatch);
}

}  // namespace release
