// Several apps on one host: which one a command means that names none.
#include <doctest/doctest.h>

#include "host/command.h"
#include "host/site.h"
#include "support/archives.h"

namespace release {
namespace {

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// Two apps, blog and shop, in /srv and /etc/release of this process alone.
class TwoApps {
 public:
  TwoApps()
      : roots_("-t tmpfs none", "/srv"), configs_("-t tmpfs none", kConfigs) {
    for (const std::string app : {"blog", "shop"}) {
      Configure(app, "root = \"/srv/" + app + "\"\n");
      Must("$release -a " + app + " init");
    }
    Must(
        "mkdir /srv/build && echo x > /srv/build/x && $release pack /srv/build "
        "-o /srv/1.0.tar.gz && $release -q -a shop deploy /srv/1.0.tar.gz "
        "--version 1.0");
  }

  static void Configure(const std::string& app, const std::string& text) {
    Spill(std::string(kConfigs) + "/" + app + ".toml", text);
  }
  static Finished In(const std::string& directory, const std::string& words) {
    return RunShell("cd " + directory + " && exec $release " + words);
  }
  static void Must(const std::string& line) {
    const Finished done = RunShell(line);
    REQUIRE_MESSAGE(done.exit == 0, done.Describe());
  }

 private:
  static constexpr char kConfigs[] = "/etc/release";
  struct Directory {
    Directory() { Must(std::string("mkdir -p ") + kConfigs); }
  };
  Directory directory_;
  PrivateMount roots_;
  PrivateMount configs_;
};

}  // namespace

TEST_CASE("status without an app has a line for each") {
  ApartFromOtherMounts();
  const TwoApps apps;
  const Finished status = TwoApps::In("/", "status");
  CHECK(status.exit == 0);
  CHECK(Has(status.out, "blog on "));
  CHECK(Has(status.out, ": empty, no release has been deployed\n"));
  CHECK(Has(status.out, "shop on "));
  CHECK(Has(status.out, ": ok, 1.0 live since "));
  CHECK(TwoApps::In("/", "status --check").exit == 8);
  TwoApps::Configure("blog", "rot = \"/srv/blog\"\n");
  const Finished broken = TwoApps::In("/", "status");
  CHECK(broken.exit == 2);
  CHECK(Has(broken.out, "blog on "));
  CHECK(Has(broken.out, ": ok, 1.0 live since "));
}

TEST_CASE("status names its app as an operand, also in JSON") {
  ApartFromOtherMounts();
  const TwoApps apps;
  CHECK(Has(TwoApps::In("/", "status shop").out, ": ok, 1.0 live since "));
  CHECK(Has(TwoApps::In("/", "--json status shop").out, "\"app\":\"shop\""));
  CHECK(TwoApps::In("/", "-a blog status shop").exit == 2);
  const Finished mistyped = TwoApps::In("/", "status shpo");
  CHECK(mistyped.exit == 2);
  CHECK(Has(mistyped.err, "did you mean shop?"));
}

TEST_CASE("below the root of an app that app is meant") {
  ApartFromOtherMounts();
  const TwoApps apps;
  CHECK(TwoApps::In("/srv", "list").exit == 2);
  CHECK(Has(TwoApps::In("/srv/shop/releases/1.0", "list").out, "1.0"));
  CHECK(Has(TwoApps::In("/srv/shop/current/.", "list").out, "1.0"));
  CHECK(TwoApps::In("/srv/blog", "list").out.empty());
}

TEST_CASE("a directory that may belong to two apps names none") {
  ApartFromOtherMounts();
  const TwoApps apps;
  TwoApps::Configure("other", "root = \"/srv/shop\"\n");
  const Finished twice = TwoApps::In("/srv/shop", "rollback");
  CHECK(twice.exit == 2);
  CHECK(Has(twice.err, "other and shop have the same root; give --app"));
  TwoApps::Configure("other", "rot = \"/srv/shop/inner\"\n");
  const Finished unclear = TwoApps::In("/srv/shop", "rollback");
  CHECK(unclear.exit == 2);
  CHECK(Has(unclear.err, "other.toml cannot be used; give --app"));
}

}  // namespace release
