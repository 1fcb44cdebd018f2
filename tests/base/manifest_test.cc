#include "base/manifest.h"

#include <doctest/doctest.h>

#include <utility>

#include "support/manifest_entries.h"

namespace release {

TEST_CASE("two manifests differ by what was added, removed and changed") {
  using What = ManifestDifference::What;
  const Manifest before =
      Sorted({File("content", 1), File("gone"), File("kind"), Link("link", "a"),
              File("mode"), File("same")});
  const Manifest after =
      Sorted({File("content", 2), Directory("kind"), Link("link", "b"),
              File("mode", 5, 0600), File("new"), File("same")});
  std::vector<std::pair<What, std::string>> found;
  for (const auto& difference : Compare(before, after)) {
    found.emplace_back(difference.what, difference.path);
  }
  CHECK(found ==
        std::vector<std::pair<What, std::string>>{{What::kChanged, "content"},
                                                  {What::kRemoved, "gone"},
                                                  {What::kKind, "kind"},
                                                  {What::kTarget, "link"},
                                                  {What::kMode, "mode"},
                                                  {What::kAdded, "new"}});
  CHECK(Compare(before, before).empty());
  CHECK(Compare({}, after).size() == after.entries.size());
  CHECK(Compare(before, {}).size() == before.entries.size());
  const auto mode = Compare(before, after)[4];
  CHECK(mode.before == "0644");
  CHECK(mode.after == "0600");
  CHECK(DifferenceName(mode.what) == "mode");
}

}  // namespace release
