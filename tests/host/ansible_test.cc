// scripts/ansible rolls a release out over three machines, each of which has
// its own systemd, sshd and service.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <boost/filesystem.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "host/command.h"
#include "host/container_suite.h"
#include "host/live_shop.h"
#include "host/ssh_server.h"
#include "support/archives.h"
#include "support/tar_builder.h"
#include "support/temp_dir.h"
#include "support/torture.h"

namespace release {
namespace {

constexpr int kMachines = 3;

// The machines web1 to web3, with release 1 live on each, and the control host.
class Cluster {
 public:
  Cluster() {
    const std::string config =
        ssh_.Configure(ssh_.LetsUserIn() +
                       "PermitRootLogin yes\n"
                       "Subsystem sftp /usr/lib/openssh/sftp-server\n");
    std::string inventory;
    for (int i = 0; i < kMachines; ++i) {
      machines_.push_back(std::make_unique<SystemdContainer>());
      CheckSuiteInside(machines_.back().get(),
                       "inside a container: a machine to roll over", 1);
      inventory += fmt::format(
          "web{} ansible_ssh_common_args='-oProxyCommand=\"nsenter --target {} "
          "--all -- /usr/sbin/sshd -i -f {}\"'\n",
          i + 1, machines_.back()->leader(), config);
    }
    std::string options;
    for (const std::string& option : ssh_.Options()) options += option + " ";
    Spill(files_.path() + "/hosts",
          fmt::format("{}[all:vars]\nansible_user=root\n"
                      "ansible_python_interpreter=/usr/bin/python3\n"
                      "ansible_ssh_extra_args='{}'\n",
                      inventory, options));
  }

  SystemdContainer& Machine(int number) { return *machines_.at(number - 1); }

  // Returns the command line that rolls that version out over all machines.
  std::vector<std::string> RollLine(const std::string& version) {
    const std::string archive =
        fmt::format("{}/shop-{}.tar", files_.path(), version);
    Spill(archive, TarBuilder()
                       .File("version", version + "\n")
                       .File("behaviour", "ok\n")
                       .Bytes());
    return {"env",
            "-u",
            "LC_ALL",
            "HOME=" + files_.path(),
            "LC_CTYPE=C.UTF-8",
            "ANSIBLE_PIPELINING=1",
            "ANSIBLE_NOCOWS=1",
            "ANSIBLE_TIMEOUT=30",
            "/usr/bin/ansible-playbook",
            "-i",
            files_.path() + "/hosts",
            "-e",
            "app=shop",
            "-e",
            "archive=" + archive,
            RELEASE_SOURCE_DIR "/scripts/ansible/roll.yml"};
  }
  Finished Roll(const std::string& version) {
    return Run(RollLine(version), std::chrono::seconds(120));
  }

  nlohmann::json Ask(int number, const std::string& command) {
    return nlohmann::json::parse(
        Machine(number)
            .Exec({"/usr/bin/release", "--app", "shop", "--json", command})
            .output);
  }
  std::string Live(int number) { return Ask(number, "status")["live"]; }
  // Returns the number of transactions so far on that machine.
  std::size_t History(int number) {
    return Ask(number, "history")["transactions"].size();
  }

 private:
  TempDir files_;
  SshServer ssh_{files_.path() + "/ssh", 2222};
  std::vector<std::unique_ptr<SystemdContainer>> machines_;
};

bool Says(const Finished& finished, const std::string& part) {
  return finished.out.find(part) != std::string::npos;
}

// Checks that the version is live on every machine, and that the play reports
// it.
void CheckLiveEverywhere(Cluster* cluster, const Finished& roll,
                         const std::string& version) {
  for (int i = 1; i <= kMachines; ++i) {
    CHECK(cluster->Live(i) == version);
    CHECK(Says(roll, fmt::format("web{}: {} is live, well", i, version)));
  }
}

}  // namespace

TEST_SUITE("inside a container: a machine to roll over") {
  TEST_CASE("release 1 is live, and root gets in") {
    LiveShop shop(LiveShop::Config("50ms"));
    shop.Deploy("1");
    REQUIRE(
        shop.Shell(
                "mkdir -p /run/sshd; usermod -p '*' root; rm /usr/bin/release;"
                "cp -L " RELEASE_BINARY " /usr/bin/release")
            .ok());
  }
}

TEST_CASE("a roll over three machines takes all of them, or none") {
  Cluster cluster;
  const Finished good = cluster.Roll("2");
  INFO(good.Describe());
  CHECK(good.exit == 0);
  CheckLiveEverywhere(&cluster, good, "2");

  // On web2 only release 2 can pass its health check.
  REQUIRE(cluster.Machine(2)
              .Shell("sed -i 's/release {version}/release 2/' "
                     "/etc/release/shop.toml")
              .ok());
  const Finished bad = cluster.Roll("3");
  INFO(bad.Describe());
  CHECK(bad.exit != 0);
  CheckLiveEverywhere(&cluster, bad, "2");
  CHECK(Says(bad, "web2 did not take it"));
  CHECK(Says(bad, "every host that had it was rolled back"));
  const nlohmann::json first = cluster.Ask(1, "history")["transactions"][0];
  CHECK(first["command"] == "rollback");
  CHECK(first["reason"] == "not taken by web2");
  CHECK(cluster.Ask(2, "history")["transactions"][0]["exit"] == 4);
  CHECK(cluster.History(3) == 2);

  // If one machine is unreachable, nothing begins.
  const std::size_t before = cluster.History(1);
  cluster.Machine(3).Stop();
  const Finished away = cluster.Roll("4");
  INFO(away.Describe());
  CHECK(away.exit != 0);
  CHECK(Says(away, "web3"));
  CHECK(cluster.Live(1) == "2");
  CHECK(cluster.History(1) == before);
}

TEST_CASE("a machine that dies in the middle did not take it") {
  if (!Torture()) return;
  Cluster cluster;
  REQUIRE(cluster.Machine(1)
              .Shell("touch /srv/hold; printf '[hooks]\\npost_activate = "
                     "[\"sh\", \"-c\", \"while test -e /srv/hold; do sleep "
                     "0.1; done\"]\\n' >>/etc/release/shop.toml")
              .ok());
  Running roll(cluster.RollLine("2"));
  REQUIRE(Eventually(
      [&] {
        const nlohmann::json open = cluster.Ask(1, "status")["open"];
        return !open.is_null() && open["step"] == "post_activate";
      },
      std::chrono::seconds(60)));
  cluster.Machine(2).Stop();
  REQUIRE(cluster.Machine(1).Shell("rm /srv/hold").ok());
  const Finished dead = roll.Wait(std::chrono::seconds(120));
  INFO(dead.Describe());
  CHECK(dead.exit > 0);
  CHECK(Says(dead, "web1: 1 is live, well"));
  CHECK(Says(dead, "web2: UNKNOWN"));
  CHECK(Says(dead, "web3: 1 is live, well"));
  CHECK(cluster.Live(1) == "1");
  CHECK(cluster.Ask(1, "history")["transactions"][0]["command"] == "rollback");
  CHECK(cluster.History(3) == 1);
}

}  // namespace release
