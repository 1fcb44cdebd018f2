// Instances of units that differ from a plain simple service: with a user that
// systemd makes up, with a service that daemonises, with a socket unit.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <boost/filesystem.hpp>

#include "host/container_suite.h"
#include "host/instance_shop.h"
#include "support/archives.h"

namespace release {
namespace {

namespace bfs = boost::filesystem;

constexpr char kDropIn[] = "/etc/systemd/system/shop@.service.d/test.conf";
constexpr char kSocketUnit[] = "/etc/systemd/system/shop@.socket";

class KindShop : public InstanceShop {
 public:
  // Adds the lines to the template of the instances.
  explicit KindShop(const std::string& lines, const std::string& socket = "") {
    bfs::create_directories(bfs::path(kDropIn).parent_path());
    Spill(kDropIn, lines);
    if (!socket.empty()) Spill(kSocketUnit, socket);
    REQUIRE(Shell("systemctl daemon-reload").ok());
  }
  ~KindShop() {
    bfs::remove(kDropIn);
    bfs::remove(kSocketUnit);
  }

  void CheckDeployAndRollback() {
    Deploy("1");
    Deploy("2");
    CheckOnly("2");
    const Said back = Release({"rollback"});
    CAPTURE(back.err);
    CHECK(back.status == 0);
    CheckOnly("1");
  }
};

bool Warns(const Said& said, const std::string& words) {
  for (const nlohmann::json& warning : said.json["warnings"]) {
    const std::string text = warning;
    if (text.find(words) != text.npos) return true;
  }
  return false;
}

}  // namespace

TEST_SUITE("inside a container: kinds of units") {
  TEST_CASE("an instance may run as a user that systemd makes up") {
    // The unit sees neither /tmp nor /root, and the source may be there.
    CopyFile(RELEASE_SOURCE_DIR "/tests/host/rig/instance_app.py",
             "/srv/instance_app.py");
    KindShop shop(
        "[Service]\nDynamicUser=yes\nReadWritePaths=/srv/shop-log\nExecStart=\n"
        "ExecStart=/usr/bin/python3 /srv/instance_app.py --listen "
        "unix:/run/shop/%I/http.sock /srv/shop-log/\n");
    bfs::permissions("/srv/shop-log", bfs::perms(0777));
    shop.CheckDeployAndRollback();
    const std::string owner =
        shop.Shell(fmt::format("stat -c %u /proc/{}", shop.Pid("1"))).output;
    CHECK(std::stoi(owner) >= 61184);  // the first that systemd makes up
  }

  TEST_CASE("an instance may put itself into the background") {
    KindShop shop(fmt::format(
        "[Service]\nType=forking\nExecStart=\nExecStart=/bin/sh -c "
        "'/usr/bin/python3 {}/tests/host/rig/instance_app.py --listen "
        "unix:/run/shop/%I/http.sock /srv/shop-log/ & "
        "until test -S /run/shop/%I/http.sock; do sleep 0.05; done'\n",
        RELEASE_SOURCE_DIR));
    shop.CheckDeployAndRollback();
  }

  TEST_CASE("of a socket unit nobody can say which release listens") {
    KindShop shop(
        "[Unit]\nRequires=shop@%i.socket\nAfter=shop@%i.socket\n"
        "[Service]\nRuntimeDirectory=\n",
        "[Unit]\nPartOf=shop@%i.service\n[Socket]\n"
        "ListenStream=/run/shop/%I/http.sock\nSocketMode=0666\n"
        "RemoveOnStop=yes\n");
    const Said first = shop.Release({"deploy", shop.Archive("1")});
    CAPTURE(first.err);
    CHECK(first.status == 0);
    CHECK(Warns(first, "systemd listens on it for a socket unit"));
    shop.CheckOnly("1");
    shop.WriteConfig(InstanceShop::Config("peer_check = \"require\"\n"));
    const Said refused = shop.Release({"deploy", shop.Archive("2")});
    CAPTURE(refused.err);
    CHECK(refused.status == 1);
    CHECK(refused.Code() == "peer-unknown");
    shop.CheckOnly("1");
  }
}

TEST_CASE("instances of units of each kind are proved and replaced") {
  SystemdContainer container;
  CheckSuiteInside(&container, "inside a container: kinds of units", 3);
}

}  // namespace release
