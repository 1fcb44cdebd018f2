#include "adopt/foreign_root.h"

#include <doctest/doctest.h>

#include <string>

#include "store/layout.h"
#include "support/expect_error.h"
#include "support/foreign_tree.h"
#include "support/root_files.h"

namespace release {
namespace {

Version V(const std::string& name) { return Version::ParseOrThrow(name); }

const std::string kShop = "/srv/shop";

}  // namespace

TEST_CASE("the facts are the logs and the marks in each release asked for") {
  MemFs disk = CapistranoTree();
  PutFile(&disk, "releases/1/BAD_RELEASE", "");
  PutLink(&disk, "release", "releases/2");
  const ForeignRoot root(&disk, kShop);
  const ForeignFacts facts = root.FactsAbout({V("1"), V("2")}, V("2"));
  CHECK(facts.live == V("2"));
  CHECK(facts.trees.size() == 2);
  CHECK(facts.trees.at(V("1")).marked_bad);
  CHECK_FALSE(facts.trees.at(V("1")).unfinished);
  CHECK_FALSE(facts.trees.at(V("2")).marked_bad);
  CHECK(facts.trees.at(V("2")).unfinished);
  CHECK_FALSE(facts.revisions_log.empty());
  CHECK(facts.releases_log.empty());
}

TEST_CASE("a root is refused by name if its layout or its tool forbids it") {
  MemFs disk = CapistranoTree();
  const ForeignRoot root(&disk, kShop);
  root.RequireAdoptable();
  SUBCASE("a directory of the layout is a link") {
    PutLink(&disk, kIncoming, "elsewhere");
    const Error error = ErrorOf([&] { root.RequireAdoptable(); });
    CHECK(error.code() == ErrorCode::kNotAdoptable);
    CHECK(error.path() == kIncoming);
    CHECK(Says(error, "cannot take over /srv/shop: incoming must be"));
  }
  SUBCASE("Deployer holds its lock") {
    disk.MakeDirectory(Fs::kRoot, ".dep", 0755);
    PutFile(&disk, ".dep/deploy.lock", "");
    const Error error = ErrorOf([&] { root.RequireAdoptable(); });
    CHECK(error.path() == ".dep/deploy.lock");
  }
}

}  // namespace release
