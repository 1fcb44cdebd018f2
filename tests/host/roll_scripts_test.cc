// The scripts roll-clush and roll-ssh of docs/callers.md, over a real sshd.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <boost/filesystem.hpp>

#include "host/command.h"
#include "host/container_suite.h"
#include "host/document_steps.h"
#include "host/ssh_server.h"
#include "host/systemd_rig.h"
#include "support/archives.h"

namespace release {
namespace {

namespace bfs = boost::filesystem;

constexpr char kSite[] = "/srv/roll";

// Two roots of this machine, which ssh reaches as the hosts web1 and web2.
// While the file `lossy` exists, web2 is lost when the release is to be made
// live.
class TwoHosts {
 public:
  TwoHosts() {
    for (const char* name : {"bin", "hostbin", "web1", "web2", "tree"}) {
      bfs::remove_all(Path(name));
      bfs::create_directories(Path(name));
    }
    bfs::remove(Path("lossy"));
    WriteClient();
    WriteHost();
    Spill(Path("hosts"), "web1\nweb2\n");
    for (const char* host : {"web1", "web2"}) {
      Shell(fmt::format("{0} -q --root {1} init; {0} -q --root {1} deploy {2}",
                        RELEASE_BINARY, Path(host), Archive("1")));
    }
  }

  // Runs a script of the document.
  Finished Roll(const std::string& script, const std::string& hosts,
                const std::string& version) {
    return RunShell(
        fmt::format("cd {}/tree; PATH={}:$PATH exec {} '{}' shop {} {}", kSite,
                    Path("bin"), script, hosts, version, Archive(version)),
        std::chrono::seconds(120));
  }
  void LoseWeb2() { Spill(Path("lossy"), ""); }
  void CheckLive(const std::string& version) {
    for (const char* host : {"web1", "web2"}) {
      CHECK(bfs::read_symlink(Path(host) + "/current") ==
            "releases/" + version);
    }
  }

 private:
  static std::string Path(const std::string& name) {
    return std::string(kSite) + "/" + name;
  }
  static void Program(const std::string& name, const std::string& text) {
    Spill(Path(name), text);
    bfs::permissions(Path(name), bfs::perms(0755));
  }
  static std::string Archive(const std::string& version) {
    std::string path = Path("shop-" + version + ".tar.zst");
    Spill(Path("tree/version"), version + "\n");
    Shell(fmt::format("{} -q pack {} --version {} -o {}", RELEASE_BINARY,
                      Path("tree"), version, path));
    return path;
  }

  // The scripts of the document, and ssh with a configuration of its own.
  void WriteClient() {
    for (const auto& [name, text] :
         FilesOf(Slurp(RELEASE_SOURCE_DIR "/docs/callers.md"))) {
      if (name.starts_with("roll-")) Program("bin/" + name, text);
    }
    Spill(Path("config"),
          fmt::format("Host *\nHostName 127.0.0.1\nUser root\nPort 2226\n"
                      "HostKeyAlias test-host\nIdentityFile {0}/user\n"
                      "UserKnownHostsFile {0}/known\nLogLevel ERROR\n"
                      "Host web1\nSetEnv LC_HOST=web1\n"
                      "Host web2\nSetEnv LC_HOST=web2\n",
                      Path("keys")));
    Program("bin/ssh",
            fmt::format("#!/bin/sh\ncase \"$*\" in *web2*activate*) test ! -e "
                        "{0}/lossy || exit 255 ;; esac\n"
                        "exec /usr/bin/ssh -F {0}/config \"$@\"\n",
                        kSite));
    Program("bin/scp",
            fmt::format("#!/bin/sh\nexec /usr/bin/scp -F {}/config \"$@\"\n",
                        kSite));
  }
  // On each host `release --app shop` is about the root of the host.
  void WriteHost() {
    Program("hostbin/release",
            fmt::format("#!/bin/sh\n[ \"$1 $2\" = '--app shop' ] || exit 99\n"
                        "shift 2\nexec {} --root {}/$LC_HOST \"$@\"\n",
                        RELEASE_BINARY, kSite));
    sshd_.Start(sshd_.LetsUserIn() +
                fmt::format("PermitRootLogin yes\nAcceptEnv LC_*\n"
                            "SetEnv PATH={}:/usr/bin:/bin\n"
                            "Subsystem sftp /usr/lib/openssh/sftp-server\n",
                            Path("hostbin")));
  }

  SshServer sshd_{Path("keys"), 2226};
};

// Checks that the script rolls a release out, changes nothing the second time,
// and goes back if a host is lost.
void CheckScript(const std::string& script, const std::string& hosts) {
  RequireInside();
  Shell("usermod -p '*' root");
  TwoHosts two;
  for (int i = 0; i < 2; ++i) {
    const Finished good = two.Roll(script, hosts, "2");
    INFO(good.Describe());
    CHECK(good.exit == 0);
    two.CheckLive("2");
  }
  two.LoseWeb2();
  const Finished lost = two.Roll(script, hosts, "3");
  INFO(lost.Describe());
  CHECK(lost.exit == 1);
  two.CheckLive("2");
}

}  // namespace

TEST_SUITE("inside a container: roll scripts") {
  TEST_CASE("roll-ssh") { CheckScript("roll-ssh", "/srv/roll/hosts"); }
  TEST_CASE("roll-clush") { CheckScript("roll-clush", "web[1-2]"); }
}

TEST_CASE("the scripts of the documentation roll a release out, and back") {
  SystemdContainer container;
  CheckSuiteInside(&container, "inside a container: roll scripts", 2);
}

}  // namespace release
