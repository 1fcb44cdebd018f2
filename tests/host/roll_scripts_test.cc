// The scripts roll-clush and roll-ssh of docs/callers.md, over a real sshd.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <boost/filesystem.hpp>

#include "host/container_suite.h"
#include "host/document_steps.h"
#include "host/live_shop.h"
#include "host/ssh_server.h"
#include "host/started.h"
#include "support/archives.h"

namespace release {
namespace {

namespace bfs = boost::filesystem;

constexpr char kKeys[] = "/srv/roll";
constexpr char kScripts[] = "/srv/bin";

// An app that is reached as web1 and as web2. While /srv/lossy exists, web2 is
// lost when the release is to be made live there.
class RolledShop : public LiveShop {
 public:
  RolledShop() : LiveShop(Config("50ms")) {
    for (const char* path : {kScripts, "/root/.ssh"}) {
      bfs::create_directories(path);
    }
    Spill("/root/.ssh/config",
          fmt::format("Host *\nHostName 127.0.0.1\nUser root\nPort 2226\n"
                      "HostKeyAlias test-host\nIdentityFile {0}/user\n"
                      "UserKnownHostsFile {0}/known\nLogLevel ERROR\n",
                      kKeys));
    Program("ssh",
            "#!/bin/sh\ncase \"$*\" in *web2*activate*) test ! -e /srv/lossy "
            "|| exit 255 ;; esac\nexec /usr/bin/ssh \"$@\"\n");
    for (const auto& [name, text] :
         FilesOf(Slurp(RELEASE_SOURCE_DIR "/docs/callers.md"))) {
      if (name.starts_with("roll-")) Program(name, text);
    }
    Spill("/srv/hosts", "web1\nweb2\n");
    bfs::remove("/srv/lossy");
    REQUIRE(Shell("usermod -p '*' root").ok());
    sshd_.Start(sshd_.LetsUserIn() +
                "PermitRootLogin yes\n"
                "Subsystem sftp /usr/lib/openssh/sftp-server\n");
    Deploy("1");
  }

  // Runs a script of the document; returns its exit status.
  int Roll(const std::string& script, const std::string& hosts,
           const std::string& version) {
    Started job(
        {"sh", "-c",
         fmt::format("PATH={}:$PATH exec {} {} shop {} {} 2>&1", kScripts,
                     script, hosts, version, Archive(version))});
    const int status = job.Wait();
    MESSAGE(job.Output());
    return status;
  }

 private:
  void Program(const std::string& name, const std::string& text) {
    const std::string path = std::string(kScripts) + "/" + name;
    Spill(path, text);
    bfs::permissions(path, bfs::perms(0755));
  }

  SshServer sshd_{kKeys, 2226};
};

// Checks that the script rolls a release out, changes nothing the second time,
// and goes back if a host is lost.
void CheckScript(const std::string& script, const std::string& hosts) {
  RolledShop shop;
  CHECK(shop.Roll(script, hosts, "2") == 0);
  shop.CheckLive("2");
  CHECK(shop.Roll(script, hosts, "2") == 0);
  shop.CheckLive("2");
  Spill("/srv/lossy", "");
  CHECK(shop.Roll(script, hosts, "3") == 1);
  shop.CheckLive("2");
}

}  // namespace

TEST_SUITE("inside a container: roll scripts") {
  TEST_CASE("roll-ssh") { CheckScript("roll-ssh", "/srv/hosts"); }
  TEST_CASE("roll-clush") { CheckScript("roll-clush", "web1,web2"); }
}

TEST_CASE("the scripts of the documentation roll a release out, and back") {
  SystemdContainer container;
  CheckSuiteInside(&container, "inside a container: roll scripts", 2);
}

}  // namespace release
