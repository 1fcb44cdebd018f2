#include "inspect/unit_drop_ins.h"

#include <doctest/doctest.h>

#include "support/archives.h"
#include "support/command_run.h"
#include "support/temp_dir.h"

namespace release {
namespace {

std::string ScriptFor(const std::string& root, const std::string& unit = "") {
  Config config;
  config.app = "shop";
  config.root = root;
  config.service.unit = unit;
  return ScriptOf(NeededDropIns(config));
}

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("an app as the units expect it needs no drop-in") {
  CHECK(ScriptFor("/srv/shop") == "");
  CHECK(ScriptFor("/srv/shop", "shop.service") == "");
  Config config;
  config.root = "/srv/other";
  CHECK(NeededDropIns(config).empty());  // no app, so no unit
}

TEST_CASE("a root elsewhere is written and watched, and the old one is not") {
  CHECK(
      ScriptFor("/var/www/shop") ==
      "set -e\n"
      "mkdir -p '/etc/systemd/system/release-intake@shop.path.d'\n"
      "cat > '/etc/systemd/system/release-intake@shop.path.d/release.conf' "
      "<<'END'\n"
      "[Path]\nPathExistsGlob=\n"
      "PathExistsGlob=/var/www/shop/incoming/*.sha256\nEND\n"
      "mkdir -p '/etc/systemd/system/release-intake@shop.service.d'\n"
      "cat > '/etc/systemd/system/release-intake@shop.service.d/release.conf' "
      "<<'END'\n"
      "[Service]\nReadWritePaths=\nReadWritePaths=\"/var/www/shop\"\nEND\n"
      "systemctl daemon-reload\n");
}

TEST_CASE("a root that the units cannot see is uncovered, for verify too") {
  const std::string home = ScriptFor("/home/shop/site");
  CHECK(
      Has(home, "ReadWritePaths=\"/home/shop/site\"\nProtectHome=read-only\n"));
  CHECK(Has(home,
            "release-verify@shop.service.d/release.conf' <<'END'\n"
            "[Service]\nProtectHome=read-only\nEND\n"));
  CHECK(Has(ScriptFor("/var/tmp/x"), "PrivateTmp=no\n"));
  CHECK_FALSE(Has(ScriptFor("/homes/shop"), "ProtectHome"));
}

TEST_CASE("signs that systemd interprets are taken literally") {
  const std::string script = ScriptFor("/srv/50% [a] \"b\"");
  CHECK(
      Has(script, "PathExistsGlob=/srv/50%% \\[a] \"b\"/incoming/*.sha256\n"));
  CHECK(Has(script, "ReadWritePaths=\"/srv/50%% [a] \\\"b\\\"\"\n"));
}

TEST_CASE("a unit of another name wants the recovery before it") {
  CHECK(ScriptFor("/srv/shop", "nginx.service") ==
        "set -e\n"
        "mkdir -p '/etc/systemd/system/nginx.service.d'\n"
        "cat > '/etc/systemd/system/nginx.service.d/release.conf' <<'END'\n"
        "[Unit]\nWants=release-recover@shop.service\n"
        "After=release-recover@shop.service\nEND\n"
        "systemctl daemon-reload\n");
}

TEST_CASE("a drop-in counts as in place only with its text") {
  const TempDir dir;
  const DropIn wanted{dir.path() + "/release.conf", "[Service]\n"};
  CHECK(MissingDropIns({wanted}).size() == 1);
  Spill(wanted.path, "[Unit]\n");
  CHECK(MissingDropIns({wanted}).size() == 1);
  Spill(wanted.path, wanted.text);
  CHECK(MissingDropIns({wanted}).empty());
}

TEST_CASE("check --units prints the script, and init names it") {
  const TempDir dir;
  Spill(dir.path() + "/shop.toml", "root = \"" + dir.path() + "/srv\"\n");
  const auto run = [&](std::vector<std::string> words) {
    words.insert(words.begin(), {"--config", dir.path() + "/shop.toml"});
    return RunRelease(std::move(words));
  };
  CHECK(Has(run({"init"}).err, "`release check --units`"));
  const Printed printed = run({"check", "--units"});
  CHECK(printed.exit == 0);
  CHECK(Has(printed.out, "PathExistsGlob=" + dir.path() + "/srv/incoming/"));
  CHECK(Has(run({"--json", "check", "--units"}).out, "\"drop_ins\""));
  CHECK(RunRelease({"--root", dir.path() + "/srv", "check", "--units"}).exit ==
        2);
}

}  // namespace release
