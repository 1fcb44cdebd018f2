// The Ansible collection rolls a release out over three machines, each of which
// has its own systemd, sshd and service.
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

namespace bfs = boost::filesystem;
using Words = std::vector<std::string>;

constexpr int kMachines = 3;

// Joins two lists of words.
Words operator+(Words left, const Words& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

// The machines web1 to web3, with release 1 live on each, and the controller.
class Cluster {
 public:
  Cluster() {
    const std::string config =
        ssh_.Configure(ssh_.LetsUserIn() +
                       "PermitRootLogin yes\n"
                       "Subsystem sftp /usr/lib/openssh/sftp-server\n");
    for (int i = 1; i <= kMachines; ++i) {
      machines_.push_back(std::make_unique<SystemdContainer>());
      CheckSuiteInside(machines_.back().get(),
                       "inside a container: a machine to roll over", 1);
    }
    WriteInventory(config);
    const std::string parent =
        files_.path() + "/collections/ansible_collections/release";
    bfs::create_directories(parent);
    bfs::create_symlink(RELEASE_SOURCE_DIR "/scripts/ansible",
                        parent + "/release");
  }

  SystemdContainer& Machine(int number) { return *machines_.at(number - 1); }
  // While the gate of a machine is closed, sshd there cannot be reached.
  // Ansible keeps its connections, so those that are open end.
  void CloseGate(int number) {
    Spill(Gate(number), "");
    Machine(number).Shell("pkill -x sshd");
  }
  void OpenGate(int number) { bfs::remove(Gate(number)); }

  // Makes an archive of that version; returns its path.
  std::string Archive(const std::string& version) {
    std::string path = fmt::format("{}/shop-{}.tar", files_.path(), version);
    Spill(path, TarBuilder()
                    .File("version", version + "\n")
                    .File("behaviour", "ok\n")
                    .Bytes());
    return path;
  }
  // Makes a directory with the files of that version; returns its path.
  std::string Directory(const std::string& version) {
    std::string path = files_.path() + "/build";
    bfs::create_directories(path);
    Spill(path + "/version", version + "\n");
    Spill(path + "/behaviour", "ok\n");
    Spill(path + "/assets", Noise(100'000, 7));
    return path;
  }

  // Returns the command line that rolls that version out.
  Words RollLine(const std::string& version, const Words& more = {}) {
    return Words{"env",
                 "-u",
                 "LC_ALL",
                 "HOME=" + files_.path(),
                 "LC_CTYPE=C.UTF-8",
                 "ANSIBLE_COLLECTIONS_PATH=" + files_.path() + "/collections",
                 "ANSIBLE_PIPELINING=1",
                 "ANSIBLE_NOCOWS=1",
                 "ANSIBLE_TIMEOUT=30",
                 "/usr/bin/ansible-playbook",
                 "-i",
                 files_.path() + "/hosts",
                 "release.release.rollout",
                 "-e",
                 "rollout_app=shop",
                 "-e",
                 "rollout_version=" + version} +
           more;
  }
  // Rolls out an archive of that version.
  Finished Roll(const std::string& version, const Words& more = {}) {
    const Words archive = {"-e", "rollout_archive=" + Archive(version)};
    return Run(RollLine(version, archive + more), std::chrono::seconds(900));
  }

  nlohmann::json Ask(int number, const std::string& command) {
    return nlohmann::json::parse(
        Machine(number)
            .Exec({"/usr/bin/release", "--app", "shop", "--json", command})
            .output);
  }
  std::string Live(int number) { return Ask(number, "status")["live"]; }
  // Returns the transactions of that machine, newest first.
  nlohmann::json History(int number) {
    return Ask(number, "history")["transactions"];
  }
  // Returns the commands of these transactions, newest first.
  Words Commands(int number) {
    Words commands;
    for (const auto& each : History(number))
      commands.push_back(each["command"]);
    return commands;
  }

 private:
  std::string Gate(int number) {
    return fmt::format("{}/gate{}", files_.path(), number);
  }
  void WriteInventory(const std::string& config) {
    // ssh runs its proxy by "exec", which leads to one command only.
    const std::string connect = files_.path() + "/connect";
    Spill(connect,
          "test ! -e $1 && exec nsenter --target $2 --all -- "
          "/usr/sbin/sshd -i -f $3\n");
    std::string hosts;
    for (int i = 1; i <= kMachines; ++i) {
      hosts += fmt::format(
          "web{} ansible_ssh_common_args='-oProxyCommand=\"sh {} {} {} {}\"'\n",
          i, connect, Gate(i), Machine(i).leader(), config);
    }
    std::string options;
    for (const std::string& option : ssh_.Options()) options += option + " ";
    Spill(files_.path() + "/hosts",
          fmt::format("{}[all:vars]\nansible_user=root\n"
                      "ansible_python_interpreter=/usr/bin/python3\n"
                      "ansible_ssh_extra_args='{}'\n"
                      "rollout_controller_executable={}\n",
                      hosts, options, RELEASE_BINARY));
  }

  TempDir files_;
  SshServer ssh_{files_.path() + "/ssh", 2222};
  std::vector<std::unique_ptr<SystemdContainer>> machines_;
};

bool Says(const Finished& finished, const std::string& part) {
  return finished.out.find(part) != std::string::npos;
}

// Checks that the version is live on every machine.
void CheckLiveEverywhere(Cluster* cluster, const std::string& version) {
  for (int i = 1; i <= kMachines; ++i) CHECK(cluster->Live(i) == version);
}

// Checks that all machines get release 2, and that only the first rollout
// changes anything. A plan and a second run take as long as the rollout, so
// they are of one machine, but for torture.
void CheckGoodRollout(Cluster* cluster) {
  const Words where = Torture() ? Words{} : Words{"--limit", "web1"};
  const Finished planned = cluster->Roll("2", where + Words{"--check"});
  INFO(planned.Describe());
  CHECK(planned.exit == 0);
  CHECK(Says(planned, "web1  1     would unpack"));
  CHECK(Says(planned, "point current at releases/2 (now: releases/1)"));
  CHECK(cluster->Commands(1) == Words{"deploy"});

  const Finished good = cluster->Roll("2", {"--diff"});
  INFO(good.Describe());
  CHECK(good.exit == 0);
  CheckLiveEverywhere(cluster, "2");
  CHECK(Says(good, "web3  2     has it"));
  CHECK(Says(good, "! version (changed"));
  CHECK(cluster->Commands(3) == Words{"activate", "stage", "deploy"});

  const Finished again = cluster->Roll("2", where);
  INFO(again.Describe());
  CHECK(again.exit == 0);
  CHECK_FALSE(Says(again, "changed=1"));
  CHECK(cluster->Commands(1).size() == 3);
}

// Checks that release 3, which web2 does not take, ends up on no machine, and
// on all of them when web2 is mended and the rollout is resumed.
void CheckFailingHost(Cluster* cluster) {
  // On web2 only release 2 can pass its health check.
  REQUIRE(cluster->Machine(2)
              .Shell("sed -i.kept -e 's/release {version}/release 2/' "
                     "-e 's/^deadline = .*/deadline = \"1s\"/' "
                     "/etc/release/shop.toml")
              .ok());
  const Finished bad = cluster->Roll("3", {"-e", "{\"rollout_batches\": [1]}"});
  INFO(bad.Describe());
  CHECK(bad.exit != 0);
  CheckLiveEverywhere(cluster, "2");
  CHECK(Says(bad, "web1  2     rolled back"));
  CHECK(Says(bad, "web2  2     failed: "));
  CHECK(Says(bad, "web3  2     does not have it"));
  const nlohmann::json first = cluster->History(1)[0];
  CHECK(first["command"] == "rollback");
  CHECK(first["rollout"] == "3");
  const std::string reason = first["reason"];
  CHECK(reason.starts_with("the rollout 3 has stopped: web2 failed: "));
  // The undo found nothing to do there.
  CHECK(cluster->History(2)[0]["result"] == "unchanged");
  CHECK(cluster->History(2)[1]["exit"] == 4);
  CHECK(cluster->History(3)[0]["command"] == "stage");
  REQUIRE(cluster->Machine(2)
              .Shell("mv /etc/release/shop.toml.kept /etc/release/shop.toml")
              .ok());
  const Finished resumed = cluster->Roll("3");
  INFO(resumed.Describe());
  CHECK(resumed.exit == 0);
  CheckLiveEverywhere(cluster, "3");
}

// Checks that nothing goes live if one machine refuses the release.
void CheckRefusal(Cluster* cluster) {
  REQUIRE(cluster->Machine(3)
              .Shell("cd /srv && mkdir other && echo else > other/file && "
                     "release -q pack other --version 4 -o shop-4.tar && "
                     "release --app shop stage shop-4.tar")
              .ok());
  // A refusal stops the rollout whatever the limit is.
  const Finished refused =
      cluster->Roll("4", {"-e", "rollout_max_fail_percentage=90"});
  INFO(refused.Describe());
  CHECK(refused.exit != 0);
  CHECK(Says(refused, "web3  3     refused: "));
  CHECK(cluster->History(1)[0]["command"] == "stage");
  CheckLiveEverywhere(cluster, "3");
}

// Checks that an unreachable machine stops the rollout, or within the limit is
// left out, reported, and settled by the next run.
void CheckUnreachable(Cluster* cluster) {
  cluster->CloseGate(3);
  const Finished none = cluster->Roll("5");
  INFO(none.Describe());
  CHECK(none.exit != 0);
  CHECK(Says(none, "web3  ?     UNREACHABLE"));
  CheckLiveEverywhere(cluster, "3");

  const Finished most =
      cluster->Roll("5", {"-e", "rollout_max_fail_percentage=40"});
  INFO(most.Describe());
  CHECK(most.exit != 0);
  CHECK(Says(most, "web3  ?     UNREACHABLE"));
  CHECK(cluster->Live(1) == "5");
  CHECK(cluster->Live(2) == "5");
  CHECK(cluster->Live(3) == "3");

  cluster->OpenGate(3);
  const Finished rest = cluster->Roll("5");
  INFO(rest.Describe());
  CHECK(rest.exit == 0);
  CheckLiveEverywhere(cluster, "5");
}

// Checks that a directory is sent as a thin archive where there is a base, and
// that a rollout is undone on request.
void CheckThinAndUndo(Cluster* cluster) {
  for (const std::string version : {"6", "7"}) {
    const Finished roll =
        Run(cluster->RollLine(version, {"-e", "rollout_directory=" +
                                                  cluster->Directory(version)}),
            std::chrono::seconds(900));
    INFO(roll.Describe());
    CHECK(roll.exit == 0);
    CheckLiveEverywhere(cluster, version);
  }
  const nlohmann::json facts = cluster->History(1)[1]["facts"];
  CAPTURE(facts.dump());
  REQUIRE(facts.contains("base"));
  CHECK(facts["base"] == "6");
  const std::string received = facts["received_bytes"];
  CHECK(std::stoul(received) < 50'000);

  const Finished undone =
      Run(cluster->RollLine("7", {"-e", "rollout_undo=true"}),
          std::chrono::seconds(900));
  INFO(undone.Describe());
  CHECK(undone.exit == 0);
  CHECK(Says(undone, "web2  6     rolled back"));
  CheckLiveEverywhere(cluster, "6");
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

TEST_CASE("a rollout over three machines takes all of them, or none") {
  Cluster cluster;
  CheckGoodRollout(&cluster);
  // host/rollout_test.cc has a host that fails, in less time.
  if (!Torture()) return;
  CheckFailingHost(&cluster);
  CheckRefusal(&cluster);
  CheckUnreachable(&cluster);
  CheckThinAndUndo(&cluster);
}

TEST_CASE("a machine that dies in the middle did not take it") {
  if (!Torture()) return;
  Cluster cluster;
  REQUIRE(cluster.Machine(1)
              .Shell("touch /srv/hold; printf '[hooks]\\npost_activate = "
                     "[\"sh\", \"-c\", \"while test -e /srv/hold; do sleep "
                     "0.1; done\"]\\n' >>/etc/release/shop.toml")
              .ok());
  Running roll(
      cluster.RollLine("2", {"-e", "rollout_archive=" + cluster.Archive("2")}));
  REQUIRE(Eventually(
      [&] {
        const nlohmann::json open = cluster.Ask(1, "status")["open"];
        return !open.is_null() && open["step"] == "post_activate";
      },
      std::chrono::seconds(300)));
  cluster.Machine(2).Stop();
  REQUIRE(cluster.Machine(1).Shell("rm /srv/hold").ok());
  const Finished dead = roll.Wait(std::chrono::seconds(900));
  INFO(dead.Describe());
  CHECK(dead.exit > 0);
  CHECK(Says(dead, "web1  1     rolled back"));
  CHECK(Says(dead, "web2  ?     UNREACHABLE, may have it"));
  CHECK(Says(dead, "web3  1     rolled back"));
  CHECK(cluster.Live(1) == "1");
  CHECK(cluster.Commands(1)[0] == "rollback");
}

}  // namespace release
