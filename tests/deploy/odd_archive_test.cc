// Archives that deploy, but perhaps not as their owner meant.
#include <doctest/doctest.h>

#include <algorithm>

#include "support/archive_bytes.h"
#include "support/world.h"

namespace release {
namespace {

bool Says(const std::vector<std::string>& warnings, const std::string& part) {
  return std::any_of(warnings.begin(), warnings.end(), [&](const auto& each) {
    return each.find(part) != std::string::npos;
  });
}

Outcome DeployBytes(World* world, const TarBuilder& tar,
                    std::optional<unsigned> strip) {
  ArchiveRequest request = RequestOfBytes(tar.Bytes(), "shop-1.tar");
  request.strip_components = strip;
  return Deploy(&world->context, std::move(request));
}

}  // namespace

TEST_CASE("files that stripping leaves out are warned of") {
  const TarBuilder tar = TarBuilder()
                             .Directory("app")
                             .File("app/a", "x")
                             .File("run.sh", "x")
                             .File("README", "x");
  World world;
  const Outcome outcome = DeployBytes(&world, tar, 1);
  CHECK(outcome.exit == Exit::kDone);
  CHECK(outcome.warnings ==
        std::vector<std::string>{"--strip-components 1 leaves out \"run.sh\" "
                                 "of the archive and 1 more"});
  World whole;
  CHECK(
      DeployBytes(&whole, TarBuilder().File("app/a", "x"), 1).warnings.empty());
}

TEST_CASE("a directory around all, and a failed health check, give a hint") {
  const auto warnings = [](const TarBuilder& tar, bool broken,
                           std::optional<unsigned> strip = {}) {
    World world;
    if (broken) world.broken = {"1"};
    const Outcome outcome = DeployBytes(&world, tar, strip);
    CHECK((outcome.exit == Exit::kDone) == !broken);
    return outcome.warnings;
  };
  const TarBuilder wrapped = TarBuilder().File("app-1/run", "x");
  CHECK(Says(warnings(wrapped, true), "--strip-components 1"));
  CHECK_FALSE(Says(warnings(wrapped, false), "--strip-components"));
  CHECK_FALSE(Says(warnings(wrapped, true, 1), "--strip-components"));
  const TarBuilder plain = TarBuilder().File("app/run", "x").File("b", "x");
  CHECK_FALSE(Says(warnings(plain, true), "--strip-components"));
}

}  // namespace release
