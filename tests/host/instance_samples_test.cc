// The samples of docs/samples/instances: a small app of each kind runs under
// its sample unit, and no user notices a deploy or a rollback.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "host/container_suite.h"
#include "host/front.h"
#include "host/instance_shop.h"
#include "host/user_load.h"
#include "support/archives.h"
#include "support/torture.h"

namespace release {
namespace {

constexpr char kSamples[] = RELEASE_SOURCE_DIR "/docs/samples/instances/";

// The samples NAME@.service. Only Node.js is installed for scripts/test.
std::vector<std::string> Kinds() {
  if (!Torture()) return {"node"};
  return {"node", "gunicorn", "puma", "go", "php-fpm"};
}

std::string Replaced(std::string text, const std::string& from,
                     const std::string& to) {
  const std::size_t at = text.find(from);
  REQUIRE(at != text.npos);
  return text.replace(at, from.size(), to);
}

// The sample, with shorter times.
std::string ShortenedSample(const std::string& kind) {
  std::string text = Slurp(std::string(kSamples) + "shop.toml");
  text = Replaced(text, "drain = \"10s\"", "drain = \"2s\"");
  text = Replaced(text, "min_healthy_time = \"5s\"",
                  "min_healthy_time = \"500ms\"");
  if (kind == "php-fpm") {
    text = Replaced(text, "url = \"unix:{socket}:/up\"\n", "");
    text = Replaced(text, "# command = ", "command = ");
  }
  // LiveShop writes the line with the root.
  return Replaced(text, "root = \"/srv/shop\"\n", "");
}

FrontKind FrontFor(const std::string& kind) {
  FrontKind front = FrontKinds().front();
  if (kind == "php-fpm") front.files.front().first = "nginx-php.conf";
  return front;
}

class SampleShop : public InstanceShop {
 public:
  explicit SampleShop(const std::string& kind)
      : InstanceShop(ShortenedSample(kind)), kind_(kind) {
    const CommandResult made = Shell(fmt::format(
        "set -e; cp {0}/{1}@.service /etc/systemd/system/shop@.service;"
        "getent group shop || groupadd --system shop;"
        "getent passwd shop || useradd --system -g shop shop;"
        "mkdir -p /etc/shop; cp {0}/php-fpm.conf /etc/shop/;"
        "systemctl daemon-reload",
        kSamples, kind));
    CAPTURE(made.output);
    REQUIRE(made.ok());
  }

  // An archive of rig/instance_apps/KIND with the version.
  std::string App(const std::string& version) {
    const std::string archive =
        fmt::format("/srv/archives/shop-{}.tar", version);
    const CommandResult made = Shell(fmt::format(
        "set -e; rm -rf /srv/app; cp -r {}/tests/host/rig/instance_apps/{} "
        "/srv/app; cd /srv/app; echo {} >version;"
        "if [ -e main.go ]; then mkdir bin; HOME=/root GO111MODULE=off "
        "go build -o bin/shop main.go; fi; tar -cf {} *",
        RELEASE_SOURCE_DIR, kind_, version, archive));
    CAPTURE(made.output);
    REQUIRE(made.ok());
    return archive;
  }

 private:
  std::string kind_;
};

void UseSample(const std::string& kind) {
  CAPTURE(kind);
  SampleShop shop(kind);
  Front front(FrontFor(kind));
  const auto succeeds = [&](const std::vector<std::string>& words) {
    const Said said = shop.Release(words);
    CAPTURE(said.err);
    REQUIRE(said.status == 0);
  };
  succeeds({"deploy", shop.App("1")});
  UserLoad load({"1"});
  const auto change = [&](const std::vector<std::string>& words,
                          const std::string& from, const std::string& to) {
    load.Expect({from, to});
    succeeds(words);
    load.Expect({to});
    CHECK(load.Await(200));
    CHECK(shop.AwaitOnly(to));
  };
  change({"deploy", shop.App("2")}, "1", "2");
  change({"rollback"}, "2", "1");
  const UserLoad::Counts counts = load.End();
  CAPTURE(counts.first_problem);
  CHECK(counts.errors == 0);
  CHECK(counts.unexpected == 0);
  MESSAGE(kind << ": " << counts.good << " good, " << counts.errors
               << " errors");
}

}  // namespace

TEST_SUITE("inside a container: samples of instances") {
  TEST_CASE("users of a sample see no deploy and no rollback") {
    for (const std::string& kind : Kinds()) UseSample(kind);
  }
}

TEST_CASE("the samples for instances work unchanged") {
  SystemdContainer container;
  CheckSuiteInside(&container, "inside a container: samples of instances", 1);
}

}  // namespace release
