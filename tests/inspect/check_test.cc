#include "inspect/check.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/filesystem.hpp>

#include "deploy/operations.h"
#include "os/posix_fs.h"
#include "support/archive_bytes.h"
#include "support/archives.h"
#include "support/fake_clock.h"
#include "support/fake_http.h"
#include "support/fake_runner.h"
#include "support/fake_unit.h"
#include "support/instance_world.h"
#include "support/tar_builder.h"
#include "support/temp_dir.h"

namespace release {
namespace {

using Level = Finding::Level;

// A root on the real disk with release 1 live, and a fake unit and a fake probe
// that are healthy.
struct Rig {
  Rig() {
    config.app = "shop";
    config.root = dir.path();
    config.health.url = "http://127.0.0.1/up";
    context.fs = &fs;
    context.system = {&runner, &http, &clock, ""};
    context.config = &config;
    InitializeLayout(&fs);
    ArchiveRequest request = RequestOfBytes(bytes, "a.tar");
    request.version = Version::Parse("1");
    REQUIRE(Deploy(&context, std::move(request)).exit == Exit::kDone);
    config.service.unit = "shop.service";
  }

  // Returns the findings of a level, one per line: "WHAT: WORDS".
  std::string Of(Level level) {
    std::string lines;
    for (const Finding& finding : CheckHost(&context)) {
      if (finding.level != level) continue;
      lines += finding.what + ": " + finding.words + "\n";
    }
    return lines;
  }
  bool Fails(const std::string& part) {
    const std::string lines = Of(Level::kFailure);
    INFO(lines);
    return lines.find(part) != std::string::npos;
  }

  TempDir dir;
  std::string bytes = TarBuilder().File("name", "1\n").Bytes();
  PosixFs fs{dir.path()};
  FakeRunner runner;
  FakeUnit unit{&runner};
  FakeHttp http;
  FakeClock clock;
  Config config;
  DeployContext context;
};

}  // namespace

TEST_CASE("on a good host nothing fails, and everything is examined") {
  Rig rig;
  CHECK(rig.Of(Level::kFailure) == "");
  const std::string ok = rig.Of(Level::kOk);
  for (const char* part :
       {"permissions: ", "kernel: ", "current: ", "space: ",
        "service: shop.service is active (running) and will be reloaded",
        "healthcheck: the probe is answered well"}) {
    CHECK_MESSAGE(ok.find(part) != std::string::npos, part << "\n" << ok);
  }
}

TEST_CASE("the probe of a restart may get the release that it is of") {
  InstanceWorld world;
  world.config.health.expect_body = "{version}";
  world.instances.built_as = {{"1+r1", "1"}};
  DeployAll(&world, {"1"});
  REQUIRE(Restart(&world.context).current == "1+r1");
  std::string probe;
  for (const Finding& finding : CheckHost(&world.context)) {
    if (finding.what == "healthcheck") probe += finding.words;
  }
  CHECK(probe == "the probe is answered well");
}

TEST_CASE("an incomplete or world-writable layout is a failure") {
  Rig rig;
  boost::filesystem::remove_all(rig.dir.path() + "/.release/outbox");
  CHECK(rig.Fails("layout: there is no directory " + rig.dir.path() +
                  "/.release/outbox"));
  boost::filesystem::permissions(rig.dir.path() + "/releases",
                                 boost::filesystem::perms(0777));
  CHECK(rig.Fails("everybody can write in " + rig.dir.path() + "/releases"));
}

TEST_CASE("what releases inherit from the directory above is a warning") {
  Rig rig;
  const std::string part = "has the set-group-id bit";
  CHECK(rig.Of(Level::kWarning).find(part) == std::string::npos);
  rig.fs.SetMode(Fs::kRoot, "releases", 02755);
  CHECK(rig.Of(Level::kWarning).find(part) != std::string::npos);
  CHECK(rig.Of(Level::kFailure) == "");
}

TEST_CASE("a current that dangles or is not a link is a failure") {
  Rig rig;
  const std::string current = rig.dir.path() + "/current";
  boost::filesystem::remove(current);
  boost::filesystem::create_symlink("elsewhere", current);
  CHECK(rig.Fails("says \"elsewhere\", which is no release here"));
  boost::filesystem::remove(current);
  boost::filesystem::create_directory(current);
  CHECK(rig.Fails("is not a symbolic link"));
}

TEST_CASE("a unit that is missing, failed or cannot reload is found") {
  Rig rig;
  rig.unit.state.can_reload = false;
  CHECK(rig.Of(Level::kOk).find("will be restarted") != std::string::npos);
  rig.config.service.action = ServiceAction::kReload;
  CHECK(rig.Fails("service: shop.service cannot reload"));
  rig.unit.state.load = "not-found";
  CHECK(rig.Fails("service: "));
  rig.config.service.action = ServiceAction::kAuto;
  rig.unit.state.load = "loaded";
  rig.unit.Fail();
  CHECK(rig.Of(Level::kWarning).find("failed") != std::string::npos);
  CHECK(rig.Of(Level::kWarning).find("not enabled") == std::string::npos);
  rig.unit.state.file_state = "disabled";
  CHECK(rig.Of(Level::kWarning).find("not enabled") != std::string::npos);
}

TEST_CASE("the pidfile and its signal are checked") {
  Rig rig;
  rig.config.service.unit = "";
  rig.config.service.pidfile = rig.dir.path() + "/pid";
  CHECK(rig.Of(Level::kWarning).find("names no process") != std::string::npos);
  Spill(rig.config.service.pidfile, "77\n");
  rig.runner.alive = {77};
  CHECK(rig.Of(Level::kOk).find("process 77 is there") != std::string::npos);
  rig.config.service.signal = "NOPE";
  CHECK(rig.Fails("there is no signal \"NOPE\""));
  Spill(rig.config.service.pidfile, "what?\n");
  CHECK(rig.Fails("service: cannot "));
}

TEST_CASE("an unanswered probe is a failure only if a release is live") {
  Rig rig;
  rig.http.answer = [](const HttpRequest&) {
    return HttpResponse{503, "", ""};
  };
  CHECK(rig.Fails("healthcheck: "));
  boost::filesystem::remove(rig.dir.path() + "/current");
  CHECK(rig.Of(Level::kFailure) == "");
  rig.config.health.url = "";
  CHECK(rig.Of(Level::kWarning).find("no [healthcheck]") != std::string::npos);
}

TEST_CASE("a missing owner, key file or program is a failure") {
  Rig rig;
  rig.config.unpack.owner = "nobody-of-that-name:nogroup";
  CHECK(rig.Fails("owner: "));
  rig.config.verify.keys = rig.dir.path() + "/keys";
  CHECK(rig.Fails("keys: there is no "));
  rig.config.hooks.pre_activate = {"/no/such/program"};
  rig.config.notify.command = {"sh"};
  CHECK(rig.Fails("pre_activate: /no/such/program is no program"));
  CHECK(rig.Of(Level::kOk).find("notify: sh can be run") != std::string::npos);
}

TEST_CASE("hooks that root must not run, and their user, are checked") {
  Rig rig;
  rig.config.hooks.user = "nobody-here";
  CHECK(rig.Fails("hooks: cannot run commands as \"nobody-here\""));
  rig.config.hooks.user = "root";
  CHECK(rig.Of(Level::kOk).find("hooks: run as root") != std::string::npos);
  if (geteuid() != 0) return;
  rig.config.hooks.user = "";
  rig.config.hooks.pre_activate = {"sh", "-c", "make -s"};
  const std::string release = rig.dir.path() + "/releases/1";
  REQUIRE(chmod(rig.dir.path().c_str(), 0755) == 0);
  REQUIRE(chown(release.c_str(), 12345, 12345) == 0);
  CHECK(rig.Of(Level::kWarning).find("set [hooks] user") != std::string::npos);
  rig.config.hooks.pre_activate = {"sh", "name"};
  CHECK(rig.Fails("pre_activate: root does not run it, because of " + release));
  rig.config.hooks.user = "daemon";
  CHECK_FALSE(rig.Fails("pre_activate"));
  CHECK(rig.Of(Level::kWarning).find("[hooks] user") == std::string::npos);
}

TEST_CASE("a root that others can write is a failure, with the remedy") {
  if (geteuid() != 0) return;
  Rig rig;
  REQUIRE(chown((rig.dir.path() + "/releases").c_str(), 12345, 0) == 0);
  CHECK(rig.Fails("or type: chown root:root " + rig.dir.path() + "/releases"));
}

TEST_CASE("shared files are named while they are missing or empty") {
  Rig rig;
  rig.config.shared_files = {".env"};
  const std::string name = rig.dir.path() + "/shared/.env";
  CHECK(rig.Fails("shared: there is no " + name + ": `release init` makes it"));
  Spill(name, "");
  CHECK(rig.Of(Level::kWarning).find(name + " is empty: fill it in") !=
        std::string::npos);
  Spill(name, "SECRET=1\n");
  CHECK(rig.Of(Level::kWarning).find(name) == std::string::npos);
}

TEST_CASE("units that are enabled and do not fit the root are a warning") {
  Rig rig;
  const std::string part = "check --units | sh";
  CHECK(rig.Of(Level::kWarning).find(part) != std::string::npos);
  rig.runner.On("is-enabled", Exited(1));
  CHECK(rig.Of(Level::kWarning).find(part) == std::string::npos);
  CHECK(rig.Of(Level::kFailure) == "");
}

TEST_CASE("each of the seven programs of a configuration is looked for") {
  Rig rig;
  const Argv missing = {"/no/such/program"};
  for (const auto& [key, argv] :
       {std::pair("preflight", &rig.config.hooks.preflight),
        {"pre_activate", &rig.config.hooks.pre_activate},
        {"post_activate", &rig.config.hooks.post_activate},
        {"post_rollback", &rig.config.hooks.post_rollback},
        {"service", &rig.config.service.command},
        {"healthcheck", &rig.config.health.command},
        {"notify", &rig.config.notify.command}}) {
    const std::string part = std::string(key) + ": /no/such/program is no";
    CHECK_FALSE(rig.Fails(part));
    *argv = missing;
    CHECK(rig.Fails(part));
  }
}

}  // namespace release
