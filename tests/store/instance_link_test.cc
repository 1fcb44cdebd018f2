#include "store/instance_link.h"

#include <doctest/doctest.h>

#include "store/layout.h"
#include "support/expect_error.h"
#include "support/mem_fs.h"

namespace release {
namespace {

struct Root {
  Root() {
    config.instances.configured = true;
    config.instances.directory = "/run/shop/{version}";
    fs.MakeDirectory(Fs::kRoot, kReleases, 0755);
    fs.MakeDirectory(Fs::kRoot, "releases/1", 0755);
  }
  std::optional<std::string> Link() {
    return fs.ReadLink(Fs::kRoot, "releases/1/run");
  }

  MemFs fs;
  Config config;
  Version version = Version::ParseOrThrow("1");
};

}  // namespace

TEST_CASE("the link leads to the instance's directory and keeps the time") {
  Root root;
  root.fs.SetModified(Fs::kRoot, "releases/1", 1234567890);
  EnsureInstanceLink(&root.fs, root.config, root.version);
  CHECK(root.Link() == "/run/shop/1");
  CHECK(root.fs.Stat(Fs::kRoot, "releases/1")->modified_exactly == 1234567890);
}

TEST_CASE("a link that leads elsewhere is made right") {
  Root root;
  root.fs.MakeSymlink("/run/other", Fs::kRoot, "releases/1/run");
  EnsureInstanceLink(&root.fs, root.config, root.version);
  CHECK(root.Link() == "/run/shop/1");
  const std::uint64_t calls = root.fs.operations();
  EnsureInstanceLink(&root.fs, root.config, root.version);
  CHECK(root.fs.operations() == calls);
}

TEST_CASE("an entry of the link's name is not replaced") {
  Root root;
  root.fs.MakeDirectory(Fs::kRoot, "releases/1/run", 0755);
  const Error error =
      ErrorOf([&] { EnsureInstanceLink(&root.fs, root.config, root.version); });
  CHECK(error.code() == ErrorCode::kUnsafeEntry);
}

TEST_CASE("an archive must leave the link's name free") {
  Root root;
  const auto refused = [&](const char* path) {
    Manifest manifest;
    manifest.entries.push_back({.kind = EntryKind::kFile, .path = path});
    try {
      RefuseInstanceLink(root.config, manifest);
      return false;
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::kUnsafeEntry);
      CHECK(std::string(error.what()).find("[instances] link") !=
            std::string::npos);
      return true;
    }
  };
  CHECK(refused("run"));
  CHECK(refused("run/a"));
  CHECK_FALSE(refused("runner"));
  CHECK_FALSE(refused("bin/run"));
  root.config.instances.configured = false;
  CHECK_FALSE(refused("run"));
}

TEST_CASE("only the added link is no difference") {
  Root root;
  using What = ManifestDifference::What;
  const std::vector<ManifestDifference> all = {
      {.what = What::kAdded, .path = "run"},
      {.what = What::kRemoved, .path = "run"},
      {.what = What::kAdded, .path = "run/a"}};
  CHECK(WithoutInstanceLink(root.config, all).size() == 2);
  root.config.instances.configured = false;
  CHECK(WithoutInstanceLink(root.config, all).size() == 3);
}

}  // namespace release
