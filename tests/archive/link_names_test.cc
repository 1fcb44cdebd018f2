#include "archive/link_names.h"

#include <doctest/doctest.h>

#include "trust/digest.h"

namespace release {
namespace {

ManifestEntry File(const std::string& path) {
  return {EntryKind::kFile, path, 0644, 0, {}, ""};
}

TEST_CASE("link names: each name leads to the first, directories have none") {
  std::vector<ManifestEntry> entries = {
      {EntryKind::kDirectory, "d", 0755, 0, {}, ""}, File("d/a")};
  LinkNames names(&entries);
  CHECK(names.FirstName("d/a") == 1);
  names.Add("b", 1);
  entries.push_back(File("other"));
  CHECK(names.FirstName("b") == 1);
  CHECK(names.FirstName("other") == 3);
  CHECK(entries[2].path == "b");
  CHECK(entries[2].mode == 0644);
}

TEST_CASE("link names: all names of a file get its content, others do not") {
  std::vector<ManifestEntry> entries = {File("a"), File("other")};
  LinkNames names(&entries);
  names.Add("b", names.FirstName("a"));
  names.Add("c", names.FirstName("b"));
  names.SetContent(names.FirstName("c"), 1, HashContent(std::string_view("x")));
  for (const ManifestEntry& entry : entries) {
    CAPTURE(entry.path);
    CHECK(entry.size == (entry.path == "other" ? 0 : 1));
  }
  CHECK(entries[3].hash == entries[0].hash);
}

}  // namespace
}  // namespace release
