// docs/samples/push over a real sshd, with the restricted key of
// docs/security.md.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <boost/filesystem.hpp>

#include "host/container_suite.h"
#include "host/live_shop.h"
#include "host/ssh_server.h"
#include "host/started.h"
#include "support/archives.h"

namespace release {
namespace {

namespace bfs = boost::filesystem;

constexpr char kDirectory[] = "/srv/push";
constexpr char kBuild[] = "/srv/build";
constexpr char kCache[] = "/srv/cache";

// Patient, since nothing here is about time.
constexpr char kConfig[] =
    "keep_releases = 1\n"
    "[service]\nunit = \"shop.service\"\ntimeout = \"60s\"\n"
    "[healthcheck]\nurl = \"http://127.0.0.1:8081/\"\n"
    "expect_body = \"release {version} serves\"\n"
    "interval = \"100ms\"\ntimeout = \"10s\"\ndeadline = \"10s\"\n"
    "min_healthy_time = \"300ms\"\n";

// An app, a build of 2 MB, and a deploy job whose key may run the commands of
// the sample `authorized_keys`.
class PushedShop : public LiveShop {
 public:
  PushedShop() : LiveShop(kConfig) {
    PrepareKey();
    for (const char* path : {kBuild, kCache, "/srv/bin"}) bfs::remove_all(path);
    for (const char* path : {"/srv/build/assets", "/srv/bin", "/root/.ssh"}) {
      bfs::create_directories(path);
    }
    Spill("/root/.ssh/config",
          fmt::format("Host *\nHostName 127.0.0.1\nUser deploy\n"
                      "HostKeyAlias test-host\nIdentityFile {0}/user\n"
                      "UserKnownHostsFile {0}/known\nLogLevel ERROR\n"
                      "Host web1\nPort 2224\nHost nobody\nPort 1\n",
                      kDirectory));
    for (unsigned i = 0; i < 20; ++i) {
      Spill(fmt::format("{}/assets/{}", kBuild, i), Noise(100'000, i));
    }
  }

  // Makes the build of that version and runs the sample in the job.
  Said Push(const std::string& version, const std::string& behaviour = "ok",
            const std::string& host = "web1") {
    Spill(std::string(kBuild) + "/version", version + "\n");
    Spill(std::string(kBuild) + "/behaviour", behaviour + "\n");
    // A Runner would stop it after a minute.
    Started job(
        {"sh", "-c",
         fmt::format("PATH=/srv/bin:$PATH PUSH_CACHE={} PUSH_WORDS='--wait 1m' "
                     "exec {}/docs/samples/push {} shop {} {} "
                     "2>/srv/push.err",
                     kCache, RELEASE_SOURCE_DIR, host, kBuild, version)});
    const int status = job.Wait();
    return {.status = status,
            .json = nlohmann::json::parse(job.Output(), nullptr, false),
            .err = Slurp("/srv/push.err")};
  }
  void PushWell(const std::string& version) {
    const Said said = Push(version);
    CAPTURE(said.err);
    CAPTURE(said.json.dump());
    REQUIRE(said.status == 0);
    CheckLive(version);
    CHECK(Shell(fmt::format("diff -r {} /srv/shop/current/", kBuild)).ok());
  }

  // The transactions, newest first.
  nlohmann::json Transactions() {
    return Release({"history"}).json["transactions"];
  }
  nlohmann::json Facts() { return Transactions()[0]["facts"]; }

  // The size of the full archive of the build.
  std::uintmax_t FullSize() {
    REQUIRE(Shell(fmt::format("release pack {} -o /srv/full.tar.zst", kBuild))
                .ok());
    return bfs::file_size("/srv/full.tar.zst");
  }

 private:
  void PrepareKey() {
    const CommandResult made = Shell(fmt::format(
        "set -e; exec 2>&1; mkdir -p -m 755 /etc/ssh/authorized_keys; cd {0};"
        "id deploy || useradd -m -s /bin/sh deploy; usermod -p '*' deploy;"
        "S={1}/docs/samples; K=$(cut -d' ' -f2 user.pub);"
        "sed \"s|KEY|$K|\" $S/authorized_keys >/etc/ssh/authorized_keys/deploy;"
        "install -m 440 $S/sudoers /etc/sudoers.d/release; visudo -cq",
        kDirectory, RELEASE_SOURCE_DIR));
    CAPTURE(made.output);
    REQUIRE(made.ok());
    sshd_.Start(Slurp(RELEASE_SOURCE_DIR "/docs/samples/sshd_config"));
  }

  SshServer sshd_{kDirectory, 2224};
};

std::size_t FilesIn(const std::string& directory) {
  return static_cast<std::size_t>(std::distance(
      bfs::directory_iterator(directory), bfs::directory_iterator()));
}

}  // namespace

TEST_SUITE("inside a container: push") {
  TEST_CASE("the first push is full, the next ones bring what changed") {
    PushedShop shop;
    shop.PushWell("1");
    CHECK(!shop.Facts().contains("base"));
    CHECK(FilesIn(kCache) == 0);
    shop.PushWell("2");
    const nlohmann::json facts = shop.Facts();
    CAPTURE(facts.dump());
    CHECK(facts["base"] == "1");
    const std::string received = facts["received_bytes"];
    CHECK(std::stoull(received) * 10 < shop.FullSize());
    CHECK(FilesIn(kCache) == 1);
    shop.PushWell("3");
    CHECK(shop.Facts()["base"] == "2");
    CHECK(FilesIn(kCache) == 2);
  }

  TEST_CASE("a push whose base is pruned meanwhile sends the full archive") {
    PushedShop shop;
    shop.PushWell("1");
    shop.Archive("7");
    shop.Archive("8");
    // While the job packs, two other deploys have retention remove the base.
    Spill("/srv/bin/release",
          "#!/bin/sh\nmkdir /srv/bin/once 2>/dev/null && for v in 7 8; do "
          "/usr/bin/release --app shop deploy /srv/archives/shop-$v.tar >&2; "
          "done\nexec /usr/bin/release \"$@\"\n");
    bfs::permissions("/srv/bin/release", bfs::perms(0755));
    shop.PushWell("2");
    CHECK(!shop.Facts().contains("base"));
    const nlohmann::json refused = shop.Transactions()[1];
    CAPTURE(refused.dump());
    CHECK(refused["code"] == "base-missing");
    CHECK(refused["exit"] == 3);
    CHECK(FilesIn(kCache) == 1);
  }

  TEST_CASE("a push exits with the status of its deploy, and tries once") {
    PushedShop shop;
    shop.PushWell("1");
    const Said undone = shop.Push("2", "error");
    CAPTURE(undone.err);
    CHECK(undone.status == 4);
    CHECK(undone.json["exit"] == 4);
    shop.CheckLive("1");
    const std::size_t before = shop.Transactions().size();
    // The failed release is still there, with other content.
    const Said refused = shop.Push("2");
    CHECK(refused.status == 3);
    CHECK(refused.Code() == "version-conflict");
    CHECK(shop.Transactions().size() == before + 1);
    CHECK(shop.Push("3", "ok", "nobody").status == 255);
    shop.CheckLive("1");
  }
}

TEST_CASE("a deploy job sends what changed") {
  SystemdContainer container;
  CheckSuiteInside(&container, "inside a container: push", 3);
}

}  // namespace release
