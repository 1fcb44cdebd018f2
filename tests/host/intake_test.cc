// Uploads to a drop box over a real sshd, processed by the real units.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <signal.h>

#include <boost/filesystem.hpp>

#include "host/container_suite.h"
#include "host/ssh_server.h"
#include "host/started.h"
#include "host/watched_shop.h"
#include "support/archives.h"
#include "support/tar_builder.h"

namespace release {
namespace {

using std::chrono::seconds;
namespace fs = boost::filesystem;

std::string Evil() {
  return TarBuilder().File("../../../tmp/escaped", "x").Bytes();
}

}  // namespace

TEST_SUITE("inside a container: uploads") {
  TEST_CASE("scp of an archive and its checksum is a deploy") {
    WatchedShop shop;
    REQUIRE(shop.Shell("usermod -p '*' uploader").ok());
    SshServer sshd("/srv/up", 2223);
    sshd.Start(sshd.LetsUserIn() +
               "Subsystem sftp internal-sftp\n"
               "ForceCommand internal-sftp\n");
    const std::string archive = shop.Archive("2");
    const auto scp = [&](const std::string& file) {
      std::vector<std::string> argv = sshd.Options();
      argv.insert(argv.begin(), "scp");
      argv.insert(argv.end(),
                  {file, std::string("uploader@127.0.0.1:") + kBox});
      return Started(argv).Wait() == 0;
    };
    CHECK(shop.Shell(fmt::format("cd /srv/archives && sha256sum shop-2.tar "
                                 ">shop-2.tar.sha256"))
              .ok());
    REQUIRE(scp(archive));
    REQUIRE(scp(archive + ".sha256"));
    CHECK(shop.Settles());
    shop.CheckStillWatched("2");
  }

  TEST_CASE("each wrong upload is rejected with its reason") {
    WatchedShop shop;
    shop.WriteConfig(LiveShop::Config("50ms", LiveShop::Patience::kImpatient));
    const std::string good = shop.Bytes("2");
    shop.Put("shop-cut.tar", good.substr(0, good.size() / 2));
    shop.PutSum("shop-cut.tar", good);
    shop.Put("shop-sum.tar", good);
    shop.Put("shop-sum.tar.sha256", std::string(64, '0') + "\n");
    shop.Upload("shop-evil.tar", Evil());
    shop.Upload("shop-bad.tar", shop.Bytes("bad", "error"));
    shop.Put("shop-lone.tar.sha256", std::string(64, '0') + "\n");
    const CommandResult odd = shop.Shell(fmt::format(
        "cd {} && mkdir shop-dir.tar sum-dir.tar.sha256 && "
        "ln -s /etc/passwd shop-link.tar && ln -s /etc/passwd x.sha256 && "
        "mkfifo shop-pipe.tar && for n in dir link pipe; do "
        "echo {} > shop-$n.tar.sha256; done",
        kBox, std::string(64, '0')));
    CAPTURE(odd.output);
    CHECK(odd.ok());
    REQUIRE(shop.Settles());
    CHECK(shop.CodeOf("shop-cut.tar") == "archive-truncated");
    CHECK(shop.CodeOf("shop-sum.tar") == "checksum-mismatch");
    CHECK(shop.CodeOf("shop-evil.tar") == "unsafe-entry");
    CHECK(shop.CodeOf("shop-bad.tar") == "health-deadline");
    for (const char* name : {"lone", "dir", "link", "pipe"}) {
      CHECK(shop.CodeOf(fmt::format("shop-{}.tar", name)) ==
            "archive-unreadable");
    }
    CHECK(shop.CodeOf("x") == "checksum-unreadable");
    CHECK(shop.CodeOf("sum-dir.tar") == "checksum-unreadable");
    CHECK_FALSE(fs::exists("/tmp/escaped"));
    shop.CheckStillWatched("1");
    shop.WriteConfig(LiveShop::Config("50ms"));
    shop.Upload("shop-2.tar", good);
    CHECK(shop.Settles());
    CHECK(shop.Current() == "releases/2");
  }

  TEST_CASE("a failed upload stays visible until someone acknowledges it") {
    // No one listens on port 1, so no notice can be delivered.
    WatchedShop shop(LiveShop::Config("50ms") +
                     "[notify]\nwebhook = \"http://127.0.0.1:1/\"\n");
    shop.Upload("shop-bad.tar", shop.Bytes("bad", "die"));
    REQUIRE(shop.Settles());
    const std::string failed =
        fmt::format("systemctl is-failed {}", kIntakeUnit);
    const std::string motd = "/run/motd.d/release-shop";
    CHECK(shop.Shell(failed).ok());
    REQUIRE(Within(seconds(60), [&] {
      return fs::exists(motd) &&
             Slurp(motd).find("service-died") != std::string::npos;
    }));
    CHECK(Slurp(motd).find(kIntakeUnit) != std::string::npos);
    // systemd's own name of the status is NOPERMISSION.
    const std::string verdict =
        "exit status 4: failed after the switch and undone; 1 is live\n";
    CHECK(shop.Shell(fmt::format("journalctl --sync; journalctl -q -o cat -t "
                                 "release -u {} | tail -n 1",
                                 kIntakeUnit))
              .output == verdict);
    CHECK(shop.Shell(fmt::format("systemctl status {}", kIntakeUnit))
              .output.find(verdict) != std::string::npos);
    CHECK(shop.Status()["undelivered"] == 1);
    CHECK(shop.Shell("systemctl stop release-failed@shop").ok());
    CHECK_FALSE(fs::exists(motd));
    CHECK_FALSE(shop.Shell(failed).ok());
    CHECK(shop.Status()["undelivered"] == 1);
    shop.CheckStillWatched("1");
  }

  TEST_CASE("a failed upload stays visible until the next one goes live") {
    WatchedShop shop;
    shop.Upload("shop-bad.tar", shop.Bytes("bad", "die"));
    REQUIRE(shop.Settles());
    const std::string motd = "/run/motd.d/release-shop";
    REQUIRE(Within(seconds(60), [&] { return fs::exists(motd); }));
    shop.Upload("shop-2.tar", shop.Bytes("2"));
    REQUIRE(shop.Settles());
    CHECK(Within(seconds(60), [&] { return !fs::exists(motd); }));
    CHECK_FALSE(
        shop.Shell(fmt::format("systemctl is-failed {}", kIntakeUnit)).ok());
  }

  TEST_CASE("an upload that kills whoever takes it in is given up") {
    WatchedShop shop;
    shop.WriteConfig(LiveShop::Config("50ms") +
                     "[hooks]\npreflight = [\"systemctl\", \"kill\", "
                     "\"-sKILL\", \"--kill-who=main\", \"" +
                     kIntakeUnit + "\"]\n");
    // ExecStopPost would wait ten seconds after each crash.
    shop.AddToUnit(kIntakeUnit, "[Service]\nExecStopPost=\n");
    shop.Upload("shop-2.tar", shop.Bytes("2"));
    REQUIRE(shop.Settles());
    CHECK(shop.CodeOf("shop-2.tar") == "interrupted");
    const auto history = shop.Release({"history"}).json["transactions"];
    REQUIRE(history.size() == 5);
    CHECK(history[0]["recovered"] == false);
    for (int i = 1; i <= 3; ++i) CHECK(history[i]["recovered"] == true);
    shop.WriteConfig(LiveShop::Config("50ms"));
    shop.CheckStillWatched("1");
    shop.Upload("shop-3.tar", shop.Bytes("3"));
    CHECK(shop.Settles());
    CHECK(shop.Current() == "releases/3");
  }

  TEST_CASE("two at once, then fifty, go live one after the other") {
    WatchedShop shop;
    shop.WriteConfig("keep_releases = 3\n");
    shop.Put("shop-2.tar", shop.Bytes("2"));
    shop.Put("shop-3.tar", shop.Bytes("3"));
    shop.PutSum("shop-2.tar", shop.Bytes("2"));
    shop.PutSum("shop-3.tar", shop.Bytes("3"));
    CHECK(shop.Settles());
    const nlohmann::json before = shop.Status()["last"];
    fs::create_directories("/srv/many");
    for (int i = 100; i < 150; ++i) {
      const std::string version = std::to_string(i);
      const std::string name = "shop-" + version + ".tar";
      Spill("/srv/many/" + name, shop.Bytes(version));
    }
    const CommandResult all = shop.Shell(fmt::format(
        "cd /srv/many && for f in *.tar; do sha256sum $f >$f.sha256; done; "
        "touch *; cp -p *.tar {0} && cp -p *.sha256 {0}",
        kBox));
    CAPTURE(all.output);
    CHECK(all.ok());
    CHECK(shop.Settles());
    CHECK(shop.Current() == "releases/149");
    const nlohmann::json last = shop.Status()["last"];
    CHECK(last["transaction"].get<int>() ==
          before["transaction"].get<int>() + 50);
    CHECK(shop.Shell(fmt::format("systemctl is-active {}", kPathUnit)).ok());
  }

  TEST_CASE("a slow upload is deployed when its checksum arrives") {
    WatchedShop shop;
    const std::string bytes = shop.Bytes("2");
    Spill("/tmp/slow", bytes);
    REQUIRE(shop.Shell(fmt::format("(for i in 0 1 2 3 4 5; do dd if=/tmp/slow "
                                   "bs=1024 skip=$i count=1 2>/dev/null; "
                                   "sleep 0.3; done; dd if=/tmp/slow bs=1024 "
                                   "skip=6 2>/dev/null) >{}shop-2.tar",
                                   kBox))
                .ok());
    shop.CheckLive("1");
    shop.PutSum("shop-2.tar", bytes);
    CHECK(shop.Settles());
    shop.CheckStillWatched("2");
  }

  TEST_CASE("a file that changes while it is read does not go live") {
    WatchedShop shop;
    const std::string bytes = TarBuilder()
                                  .File("version", "2\n")
                                  .File("behaviour", "ok\n")
                                  .File("filler", Noise(30'000'000, 1))
                                  .Bytes();
    shop.Put("shop-2.tar", bytes);
    // Rewrites one byte in the middle for as long as the file is in the drop
    // box.
    Started writer({"sh", "-c",
                    fmt::format("while printf a | dd of={0}shop-2.tar bs=1 "
                                "seek=15000000 conv=notrunc,nocreat "
                                "2>/dev/null && test -e {0}shop-2.tar; do :; "
                                "done",
                                kBox)});
    shop.PutSum("shop-2.tar", bytes);
    CHECK(shop.Settles());
    writer.Kill(SIGKILL);
    writer.Wait();
    CHECK(shop.CodeOf("shop-2.tar") == "checksum-mismatch");
    shop.CheckStillWatched("1");
  }

  TEST_CASE("the units are confined") {
    WatchedShop shop;
    const CommandResult said =
        shop.Shell("systemd-analyze security --no-pager --threshold=30 " +
                   std::string(kIntakeUnit));
    CAPTURE(said.output);
    CHECK(said.ok());
  }
}

TEST_CASE("uploads go live, or are rejected with their reason") {
  SystemdContainer container;
  CheckSuiteInside(&container, "inside a container: uploads", 9);
}

}  // namespace release
