#include "base/config.h"

#include <doctest/doctest.h>

#include <sstream>

#include "base/error.h"
#include "support/archives.h"

namespace release {
namespace {

using namespace std::chrono_literals;

Config Parse(std::string_view text) { return ParseConfig(text, "f", "shop"); }

// Returns the problems of a config with a valid root, one per line.
std::string Problems(const std::string& text) {
  try {
    Parse("root = \"/srv/shop\"\n" + text);
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::kConfigInvalid);
    const std::string message = error.what();
    CHECK(message.starts_with("cannot use config \"f\":\n"));
    return message.substr(message.find('\n') + 1);
  }
  return "";
}

constexpr std::string_view kEverything = R"(
root = "/srv/shop/"
keep_releases = 7
keep_history = 250
shared_dirs  = ["storage", "var/cache/"]
shared_files = [".env"]
[unpack]
strip_components = 1
owner = "shop:www"
max_size = "2GiB"
max_entries = 5
umask = "0027"
absolute_links = ["/usr/bin/*", "/etc/ssl/certs/"]
dedup = "hardlink"
[verify]
require = ["checksum", "tests"]
keys = "/etc/release/shop.keys"
revoked = "/etc/release/shop.revoked"
environment = "production"
max_age = "2d"
[service]
pidfile = "/run/shop.pid"
signal = "SIGUSR2"
action = "reload"
timeout = "2m"
running_check = "off"
[healthcheck]
url = "unix:/run/shop.sock:/up"
expect_status = "200-204"
expect_body = "{version}"
interval = "500ms"
timeout = 3
deadline = "1m"
min_healthy_time = "0s"
[hooks]
preflight = ["/bin/a", "b c"]
pre_activate = []
post_activate = ["/bin/c"]
post_rollback = ["/bin/d"]
user = "shop"
timeout = "1h"
[notify]
on = ["success", "rollback"]
command = ["/bin/page"]
webhook = "https://chat.example/hook"
)";

constexpr const char* kBadValues[] = {
    "keep_releases = 0",
    "keep_history = 99",
    "keep_releases = -1",
    "keep_releases = '5'",
    "keep_releases = 1.5",
    "shared_dirs = 'storage'",
    "shared_dirs = [1]",
    "shared_dirs = ['/abs']",
    "shared_dirs = ['a/../b']",
    "shared_dirs = ['..']",
    "shared_dirs = ['']",
    "shared_dirs = ['.']",
    "shared_dirs = ['a//b']",
    "shared_dirs = ['a', 'a/b']",
    "shared_dirs = ['a', 'a']",
    "shared_dirs = ['a']\nshared_files = ['a/b']",
    "shared_files = [\"a\\u0000b\"]",
    "service = 3",
    "unpack.strip_components = -1",
    "unpack.owner = 'shop'",
    "unpack.owner = 'a:b:c'",
    "unpack.max_size = '16 GB'",
    "unpack.max_size = 0",
    "unpack.max_entries = 0",
    "verify.require = ['sha']",
    "verify.require = 'tests'",
    "verify.keys = 'shop.keys'",
    "verify.require = ['signature']",
    "verify.revoked = '/etc/revoked'",
    "verify.environment = ''",
    "verify.environment = 'a b'",
    "verify.environment = 1",
    "verify.max_age = '0s'",
    "verify.max_age = 'long'",
    "service.unit = '../x'",
    "service.unit = '--now'",
    "service.pidfile = 'run/pid'",
    "service.pidfile = '/run/../pid'",
    "service.signal = 'HUP'",
    "service.pidfile = '/p'\nservice.signal = 'KILL'",
    "service.command = 'reload'",
    "service.command = ['']",
    "service.timeout = '0s'",
    "service.timeout = -5",
    "service.running_check = true",
    "healthcheck.url = 'ftp://x'",
    "healthcheck.url = 'http://'",
    "healthcheck.url = 'http:///up'",
    "healthcheck.url = 'unix:/run/s.sock'",
    "healthcheck.url = 'unix::/up'",
    "healthcheck.url = 'http://a b'",
    "healthcheck.tcp = 'host'",
    "healthcheck.tcp = ':80'",
    "healthcheck.tcp = 'h:0'",
    "healthcheck.tcp = 'h:65536'",
    "healthcheck.tcp = '::1:80'",
    "healthcheck.expect_status = '299-200'",
    "healthcheck.expect_status = 99",
    "healthcheck.expect_status = '200-'",
    "healthcheck.expect_status = '2xx'",
    "healthcheck.interval = '0s'",
    "hooks.preflight = '/bin/a'",
    "hooks.user = ''",
    "hooks.user = 'shop:shop'",
    "hooks.user = '-x'",
    "unpack.absolute_links = ['usr/bin']",
    "unpack.absolute_links = ['/*']",
    "unpack.absolute_links = ['/usr/*/bin']",
    "unpack.absolute_links = ['/usr/../bin/*']",
    "unpack.umask = 22",
    "unpack.umask = '22'",
    "unpack.umask = '0028'",
    "unpack.umask = '1022'",
    "notify.on = ['failures']",
    "notify.webhook = 'unix:/a:/b'"};

}  // namespace

TEST_CASE("every documented key for deploying is read") {
  const Config config = Parse(kEverything);
  CHECK(config.app == "shop");
  CHECK(config.root == "/srv/shop");
  CHECK(config.keep_releases == 7);
  CHECK(config.keep_history == 250);
  CHECK(config.shared_dirs == std::vector<std::string>{"storage", "var/cache"});
  CHECK(config.shared_files == std::vector<std::string>{".env"});
  CHECK(config.unpack.strip_components == 1);
  CHECK(config.unpack.owner == "shop:www");
  CHECK(config.unpack.max_size == std::uint64_t{2} << 30);
  CHECK(config.unpack.max_entries == 5);
  CHECK(config.unpack.umask == 0027);
  CHECK(config.unpack.absolute_links ==
        std::vector<std::string>{"/usr/bin/*", "/etc/ssl/certs"});
  CHECK(config.unpack.dedup == Dedup::kHardLink);
  CHECK(config.verify.require_checksum);
  CHECK_FALSE(config.verify.require_signature);
  CHECK(config.verify.require_tests);
  CHECK(config.verify.keys == "/etc/release/shop.keys");
  CHECK(config.verify.revoked == "/etc/release/shop.revoked");
  CHECK(config.verify.environment == "production");
  CHECK(config.verify.max_age == 48h);
  CHECK(config.service.pidfile == "/run/shop.pid");
  CHECK(config.service.signal == "USR2");
  CHECK(config.service.action == ServiceAction::kReload);
  CHECK(config.service.timeout == 2min);
  CHECK(config.service.running_check == RunningCheck::kOff);
  CHECK(config.health.url == "unix:/run/shop.sock:/up");
  CHECK(config.health.status_low == 200);
  CHECK(config.health.status_high == 204);
  CHECK(config.health.expect_body == "{version}");
  CHECK(config.health.interval == 500ms);
  CHECK(config.health.timeout == 3s);
  CHECK(config.health.deadline == 1min);
  CHECK(config.health.min_healthy_time == 0s);
}

TEST_CASE("every documented key of hooks and notices is read") {
  const Config config = Parse(kEverything);
  CHECK(config.hooks.preflight == Argv{"/bin/a", "b c"});
  CHECK(config.hooks.pre_activate.empty());
  CHECK(config.hooks.post_activate == Argv{"/bin/c"});
  CHECK(config.hooks.post_rollback == Argv{"/bin/d"});
  CHECK(config.hooks.user == "shop");
  CHECK(config.hooks.timeout == 1h);
  CHECK(config.notify.on_success);
  CHECK_FALSE(config.notify.on_failure);
  CHECK(config.notify.on_rollback);
  CHECK_FALSE(config.notify.on_recovery);
  CHECK(config.notify.command == Argv{"/bin/page"});
  CHECK(config.notify.webhook == "https://chat.example/hook");
}

TEST_CASE("only the root is required, all else has its default") {
  const Config config = Parse("root = '/srv/shop'");
  CHECK(config.keep_releases == 5);
  CHECK(config.keep_history == 10'000);
  CHECK(config.unpack.max_size == std::uint64_t{16} << 30);
  CHECK_FALSE(config.verify.max_age);
  CHECK_FALSE(config.service.configured());
  CHECK_FALSE(config.health.configured());
  CHECK(config.notify.on_failure);
  CHECK_FALSE(config.notify.on_success);
  try {
    Parse("keep_releases = 3");
    FAIL("accepted");
  } catch (const Error& error) {
    CHECK(std::string(error.what()).find("f:1:1: root is missing") !=
          std::string::npos);
  }
}

TEST_CASE("an unknown key is reported with its position and a suggestion") {
  CHECK(Problems("keep_release = 3") ==
        "f:2:1: unknown key \"keep_release\"; did you mean `keep_releases`?");
  CHECK(Problems("[service]\n  tiemout = '5s'") ==
        "f:3:3: unknown key \"tiemout\" in [service]; did you mean `timeout`?");
  CHECK(Problems("[healthchek]\nurl = 'x'") ==
        "f:2:2: unknown key \"healthchek\"; did you mean `healthcheck`?");
  CHECK(Problems("zzz = 1") == "f:2:1: unknown key \"zzz\"");
}

TEST_CASE("all errors are reported at once, in the order of the file") {
  CHECK(Problems("[service]\nunit = 7\n[hooks]\nprefligth = []\n"
                 "timeout = 'soon'\n[unpack]\ndedup = 'yes'\n") ==
        "f:3:8: unit must be a string\n"
        "f:5:1: unknown key \"prefligth\" in [hooks]; did you mean "
        "`preflight`?\n"
        "f:6:11: timeout must be a duration, such as \"90s\" or \"1h30m\"\n"
        "f:8:9: dedup must be one of \"auto\", \"hardlink\", \"off\"");
}

TEST_CASE("a syntax error is reported with its position") {
  const std::string problems = Problems("keep_releases = = 3");
  CHECK(problems.starts_with("f:2:17: "));
  CHECK(Problems("a = 1\na = 2").starts_with("f:3:"));
}

TEST_CASE("a bad value of any key is refused") {
  for (const char* bad : kBadValues) {
    CAPTURE(bad);
    CHECK_FALSE(Problems(bad).empty());
  }
  for (const char* bad : {"root = 'srv'", "root = '/'", "root = '/srv/../x'",
                          "root = ''", "root = 1"}) {
    CAPTURE(bad);
    CHECK_THROWS_AS(Parse(bad), Error);
  }
}

TEST_CASE("valid values of every form are accepted") {
  for (const char* good :
       {"healthcheck.url = 'http://127.0.0.1:8080/up'",
        "healthcheck.url = 'https://shop.example'",
        "healthcheck.url = 'http://[::1]:80/'", "healthcheck.tcp = '[::1]:80'",
        "healthcheck.tcp = 'localhost:65535'", "healthcheck.command = ['x']",
        "healthcheck.expect_status = 204", "healthcheck.expect_status = '404'",
        "shared_dirs = ['a', 'ab', 'b/a']", "unpack.max_size = 4096",
        "service.unit = 'shop@1.service'", "service.command = []"}) {
    CAPTURE(good);
    CHECK(Problems(good) == "");
  }
}

TEST_CASE("requiring signatures without keys is reported with its position") {
  CHECK(Problems("[verify]\nrequire = ['signature']") ==
        "f:3:11: require: a signature needs keys, a file of allowed signers");
  CHECK(Problems("[verify]\nrequire = ['signature']\nkeys = '/k'") == "");
  CHECK(Problems("[verify]\nrevoked = '/r'") == "f:3:11: revoked needs keys");
}

TEST_CASE("only one way to reload and one to probe may be given") {
  CHECK(Problems("[service]\nunit = 'a.service'\npidfile = '/run/a.pid'") ==
        "f:4:11: [service] may have only one of unit, pidfile, command");
  CHECK(Problems("[healthcheck]\ntcp = 'h:1'\nurl = 'http://h'")
            .find("f:4:7: [healthcheck] may have only one of url") !=
        std::string::npos);
}

// A default as release.toml(5) names it.
struct NamedDefault {
  std::string table, key, value;
};

// Reads "Default: VALUE." of each key in the page.
std::vector<NamedDefault> DefaultsOfPage(const std::string& page) {
  std::vector<NamedDefault> all;
  std::istringstream lines(page);
  NamedDefault at;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(".Ss Table ")) at.table = line.substr(10);
    if (line.starts_with(".It Ic ")) at.key = line.substr(7);
    if (!line.starts_with("Default: ")) continue;
    at.value = line.substr(9, line.size() - 10);
    all.push_back(at);
  }
  return all;
}

// Writes the value as the configuration has it: a number, a list or a string.
std::string AsToml(const NamedDefault& named) {
  const std::string& value = named.value;
  const bool list = value.find(", ") != value.npos;
  const bool number = value.find_first_not_of("0123456789") == value.npos &&
                      (value == "0" || value[0] != '0');
  if (number) return value;
  std::string words = value;
  for (std::size_t i = 0; (i = words.find(", ", i)) != words.npos; i += 4) {
    words.replace(i, 2, "\", \"");
  }
  return list ? "[\"" + words + "\"]" : "\"" + words + "\"";
}

// The signal needs a pidfile to send it to.
std::string Needed(const NamedDefault& named) {
  return named.key == "signal" ? "pidfile = \"/run/shop.pid\"\n" : "";
}

// [instances] needs a template, and [watch] something to look at.
std::string NeededTable(const NamedDefault& named) {
  if (named.table == "instances")
    return "[service]\nunit = \"shop@.service\"\n";
  return named.table == "watch" ? "[service]\nunit = \"shop.service\"\n" : "";
}

Config Configured(const NamedDefault& named, const std::string& line) {
  const std::string table =
      named.table.empty() ? "" : "[" + named.table + "]\n";
  return ParseConfig("root = \"/srv/shop\"\n" + NeededTable(named) + table +
                         Needed(named) + line + "\n",
                     "shop.toml", "shop");
}

Config WithDefault(const NamedDefault& named) {
  return Configured(named, named.key + " = " + AsToml(named));
}

TEST_CASE("every default is the one that release.toml(5) names") {
  int compared = 0;
  for (const NamedDefault& named :
       DefaultsOfPage(Slurp(RELEASE_SOURCE_DIR "/docs/release.toml.5"))) {
    CAPTURE(named.table);
    CAPTURE(named.key);
    if (named.value == "none" || named.value == "the caller") continue;
    CHECK(WithDefault(named) == Configured(named, ""));
    ++compared;
  }
  CHECK(compared == 28);
  // Control: another value makes another configuration.
  for (const NamedDefault& other :
       {NamedDefault{"service", "timeout", "91s"},
        NamedDefault{"notify", "on", "failure, rollback"}}) {
    CHECK_FALSE(WithDefault(other) == Configured(other, ""));
  }
}

}  // namespace release
