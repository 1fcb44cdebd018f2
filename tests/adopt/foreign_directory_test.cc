#include "adopt/foreign_directory.h"

#include <doctest/doctest.h>

#include "support/expect_error.h"
#include "support/foreign_tree.h"
#include "support/root_files.h"
#include "support/subtree_fs.h"

namespace release {
namespace {

using Where = ForeignDirectory::Where;

// A machine with an app in /site/app and an empty directory /site/shop.
struct Site {
  Site() {
    disk.MakeDirectory(Fs::kRoot, "site", 0755);
    disk.MakeDirectory(Fs::kRoot, "site/shop", 0755);
    MakeForeignRelease(&disk, "site/app", "served");
  }
  std::string Refusal(const std::string& from, const std::string& root) {
    return ErrorOf([&] { (void)ForeignDirectory(&disk, from, root).Examine(); })
        .what();
  }

  MemFs disk;
};

}  // namespace

TEST_CASE("the directory moves and a link takes its place") {
  Site site;
  SubtreeFs root(&site.disk, "site/shop");
  const ForeignDirectory foreign(&site.disk, "/site/app", "/site/shop");
  CHECK(foreign.Examine() == Where::kInPlace);
  foreign.Move(&root);
  CHECK(site.disk.ReadLink(Fs::kRoot, "site/app") == "/site/shop/current");
  CHECK(Exists(&root, "current/index"));
  CHECK(Exists(&root, ".release/transactions"));
  CHECK(foreign.Examine() == Where::kMoved);
  CHECK(foreign.Describe().find("/site/app become /site/shop/current") !=
        std::string::npos);
}

TEST_CASE("the link of an interrupted exchange is replaced") {
  Site site;
  site.disk.MakeSymlink("/site/shop/current", Fs::kRoot, "site/shop/current");
  CHECK(ForeignDirectory(&site.disk, "/site/app", "/site/shop").Examine() ==
        Where::kInPlace);
}

TEST_CASE("a directory that cannot move is refused with the reason") {
  Site site;
  const auto refused = [&](const std::string& from, const std::string& root,
                           const std::string& part) {
    const std::string text = site.Refusal(from, root);
    CAPTURE(text);
    CHECK(text.find(part) != std::string::npos);
  };
  refused("/site/none", "/site/shop", "there is no such directory");
  refused("/site/app/index", "/site/shop", "it is no directory");
  refused("/site/app", "/site/app/deploy", "the root /site/app/deploy is in");
  site.disk.MakeSymlink("app", Fs::kRoot, "site/link");
  refused("/site/link", "/site/shop", "it is a symbolic link");
  site.disk.MakeDirectory(Fs::kRoot, "site/shop/current", 0755);
  refused("/site/app", "/site/shop", "there is a /site/shop/current already");
}

}  // namespace release
