// The command at bad moments: signals, a caller that disappears, a lock that is
// held, a full disk.
#include <doctest/doctest.h>
#include <signal.h>

#include <boost/filesystem.hpp>
#include <optional>

#include "host/site.h"
#include "support/archives.h"
#include "support/tar_builder.h"

namespace release {
namespace {

namespace bfs = boost::filesystem;

const std::vector<std::string> kRecorded = {".release/transactions",
                                            ".release/lock"};

// A site where 1.0 and 2.0 are good and 2.0 is live.
struct Fixture {
  Fixture() {
    site.Deploy("1.0");
    site.Deploy("2.0");
    archive = site.Archive("3.0");
  }

  void CheckNothingChanged(const std::map<std::string, std::string>& before) {
    CHECK(Listing(site.root(), kRecorded) == before);
    CHECK(Garbage(site.root()) == std::vector<std::string>{});
    CHECK_FALSE(RecordLeftOpen(site.root()));
  }

  // Waits until a transaction is in the step unpack.
  void AwaitUnpack() {
    REQUIRE(Eventually([&] {
      const nlohmann::json open = site.Status()["open"];
      return open.is_object() && open["step"] == "unpack";
    }));
  }

  Site site;
  std::string archive;
};

std::string BigTar() {
  return TarBuilder()
      .File("name", "3.0\n")
      .File("big", Noise(3'000'000, 7))
      .Bytes();
}

TEST_CASE_FIXTURE(Fixture,
                  "SIGINT and SIGTERM during an upload change nothing") {
  const std::string bytes = BigTar();
  for (const int signal : {SIGINT, SIGTERM}) {
    CAPTURE(signal);
    const auto before = Listing(site.root(), kRecorded);
    Running deploy(
        site.CommandLine({"--json", "deploy", "-", "--version", "3.0"}),
        Running::Input::kPipe);
    deploy.WriteInput(bytes.substr(0, bytes.size() / 2));
    AwaitUnpack();
    deploy.Signal(signal);
    const Finished finished = deploy.Wait();
    INFO(finished.Describe());
    CHECK(finished.exit == 1);
    const auto object = nlohmann::json::parse(finished.out);
    CHECK(object["error"]["code"] == "interrupted");
    CHECK(object["live"] == "2.0");
    CheckNothingChanged(before);
    CHECK(site.Status()["last"]["code"] == "interrupted");
  }
}

TEST_CASE_FIXTURE(Fixture, "SIGHUP during an upload does not end it") {
  const std::string bytes = BigTar();
  Running deploy(site.CommandLine({"deploy", "-", "--version", "3.0"}),
                 Running::Input::kPipe);
  deploy.WriteInput(bytes.substr(0, bytes.size() / 2));
  AwaitUnpack();
  deploy.Signal(SIGHUP);
  deploy.WriteInput(bytes.substr(bytes.size() / 2));
  deploy.EndInput();
  CHECK(deploy.Wait().exit == 0);
  CHECK(site.Live() == "3.0");
}

TEST_CASE_FIXTURE(Fixture, "SIGTERM after the switch undoes it") {
  Running deploy(site.CommandLine({"--json", "deploy", archive, "--version",
                                   "3.0", "--confirm-within", "60s"}));
  REQUIRE(Eventually([&] { return site.Live() == "3.0"; }));
  deploy.Signal(SIGTERM);
  const Finished finished = deploy.Wait();
  INFO(finished.Describe());
  CHECK(finished.exit == 4);
  CHECK(nlohmann::json::parse(finished.out)["error"]["code"] == "interrupted");
  CHECK(site.Live() == "2.0");
  CHECK_FALSE(RecordLeftOpen(site.root()));
}

TEST_CASE_FIXTURE(Fixture,
                  "once the archive is complete a SIGHUP stops nothing") {
  Running deploy(site.CommandLine(
      {"deploy", archive, "--version", "3.0", "--confirm-within", "60s"}));
  REQUIRE(Eventually([&] { return site.Live() == "3.0"; }));
  deploy.Signal(SIGHUP);
  site.Must({"confirm"});
  CHECK(deploy.Wait().exit == 0);
  CHECK(site.Live() == "3.0");
  CHECK(site.Status()["release"]["state"] == "good");
}

TEST_CASE_FIXTURE(Fixture, "closed descriptors stop nothing") {
  int version = 3;
  for (const char* closed : {">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"}) {
    CAPTURE(closed);
    const std::string name = std::to_string(version++) + ".0";
    const Finished finished =
        RunShell("exec $release --root " + site.root() + " --json deploy " +
                 site.Archive(name) + " --version " + name + " " + closed);
    INFO(finished.Describe());
    CHECK(finished.exit == 0);
    CHECK(site.Live() == name);
    CHECK(site.Release({"verify", "--all"}).exit == 0);
  }
}

TEST_CASE_FIXTURE(Fixture, "a reader that is gone stops nothing") {
  for (const char* words : {"--json deploy", "--progress=json deploy"}) {
    const std::string name = words[2] == 'j' ? "3.0" : "4.0";
    // `true` has exited before the command writes its first word.
    const Finished finished = RunShell(
        "{ sleep 0.3; $release --root " + site.root() + " " + words + " " +
        site.Archive(name) + " --version " + name + "; echo $? > " +
        site.files() + "/exit; } 2>&1 | true; while [ ! -s " + site.files() +
        "/exit ]; do sleep 0.05; done; cat " + site.files() + "/exit; rm " +
        site.files() + "/exit");
    CHECK(finished.out == "0\n");
    CHECK(site.Live() == name);
  }
}

TEST_CASE_FIXTURE(Fixture, "a second command is told who holds the lock") {
  Running first(site.CommandLine({"deploy", "-", "--version", "3.0"}),
                Running::Input::kPipe);
  const std::string bytes = BigTar();
  first.WriteInput(bytes.substr(0, bytes.size() / 2));
  AwaitUnpack();
  const nlohmann::json status = site.Status();
  CHECK(status["in_progress"]["pid"] == first.pid());
  CHECK(status["interrupted"] == false);
  for (const char* wait : {"--wait=0s", "--wait=300ms"}) {
    const auto before = Listing(site.root(), {".release"});
    const Finished finished = site.Release({"--json", wait, "activate", "1.0"});
    INFO(finished.Describe());
    CHECK(finished.exit == 6);
    const auto object = nlohmann::json::parse(finished.out);
    CHECK(object["error"]["code"] == "busy");
    const std::string message = object["error"]["message"];
    CHECK(message.find("pid " + std::to_string(first.pid())) !=
          std::string::npos);
    CHECK(message.find("step unpack") != std::string::npos);
    CHECK(Listing(site.root(), {".release"}) == before);
  }
  first.WriteInput(bytes.substr(bytes.size() / 2));
  first.EndInput();
  CHECK(first.Wait().exit == 0);
  CHECK(site.Live() == "3.0");
}

TEST_CASE_FIXTURE(Fixture,
                  "a command waits for the lock and then does its work") {
  Running first(site.CommandLine({"deploy", "-", "--version", "3.0"}),
                Running::Input::kPipe);
  const std::string bytes = BigTar();
  first.WriteInput(bytes.substr(0, bytes.size() / 2));
  AwaitUnpack();
  Running second(site.CommandLine({"--wait=30s", "activate", "2.0"}));
  first.WriteInput(bytes.substr(bytes.size() / 2));
  first.EndInput();
  CHECK(first.Wait().exit == 0);
  CHECK(second.Wait().exit == 0);
  // It went back from the release that the first command made live.
  CHECK(site.Live() == "2.0");
  CHECK(site.Json({"history"})["transactions"][0]["from"] == "3.0");
}

TEST_CASE_FIXTURE(Fixture,
                  "a command killed while it held the lock blocks nobody") {
  Running first(site.CommandLine({"deploy", "-", "--version", "3.0"}),
                Running::Input::kPipe);
  first.WriteInput(BigTar().substr(0, 1'500'000));
  AwaitUnpack();
  first.Signal(SIGKILL);
  first.Wait();
  CHECK(site.Status()["interrupted"] == true);
  CHECK(site.Release({"rollback"}).exit == 0);
  CHECK(site.Live() == "1.0");
  CHECK(Garbage(site.root()) == std::vector<std::string>{});
}

// -- a full disk

// A small file system with a site whose releases 1.0 and 2.0 are good.
struct SmallDisk {
  explicit SmallDisk(const std::string& form) {
    const std::string image = own.path() + "/image";
    disk = own.path() + "/disk";
    if (form == "tmpfs") {
      mount.emplace("-t tmpfs -o size=2m none", disk);
    } else {
      Shell("truncate -s 8M " + image + "; mkfs." + form + " -q " + image);
      mount.emplace("-o loop " + image, disk);
    }
    site.emplace(disk);
    site->Deploy("1.0");
    site->Deploy("2.0");
    big = own.path() + "/big.tar";
    Spill(big, TarBuilder().File("big", Noise(9'000'000, 3)).Bytes());
  }

  void CheckNoSpace(const std::string& line) {
    CAPTURE(line);
    const auto before = Listing(site->root(), kRecorded);
    const Finished finished = RunShell(line);
    INFO(finished.Describe());
    CHECK(finished.exit == 1);
    CHECK(nlohmann::json::parse(finished.out)["error"]["code"] == "no-space");
    CHECK(Listing(site->root(), kRecorded) == before);
    CHECK(Garbage(site->root()) == std::vector<std::string>{});
    CHECK_FALSE(RecordLeftOpen(site->root()));
  }

  // Fills the file system completely.
  void Fill() {
    RunShell("cat /dev/zero > " + disk + "/filler; cat /dev/zero > " + disk +
             "/filler2; true");
    REQUIRE(bfs::space(disk).available == 0);
  }

  TempDir own;
  std::string disk;
  std::string big;
  std::optional<PrivateMount> mount;
  std::optional<Site> site;
};

TEST_CASE("a release that does not fit is no-space, and cleaned up") {
  for (const char* form : {"tmpfs", "ext4"}) {
    CAPTURE(form);
    SmallDisk small(form);
    const std::string deploy =
        "$release --root " + small.site->root() + " --json deploy ";
    small.CheckNoSpace(deploy + small.big + " --version 3.0");
    // The size of a stream is unknown, so the disk fills up during the deploy.
    small.CheckNoSpace("cat " + small.big + " | " + deploy + "- --version 3.0");
    CHECK(small.site->Release({"verify", "--all"}).exit == 0);
  }
}

TEST_CASE("a rollback works on a full disk") {
  for (const char* form : {"tmpfs", "ext4"}) {
    CAPTURE(form);
    SmallDisk small(form);
    small.Fill();
    // A deploy that does not fit must not use the space that is reserved for a
    // rollback.
    small.CheckNoSpace("$release --root " + small.site->root() +
                       " --json deploy " + small.big + " --version 3.0");
    const Finished finished = small.site->Release({"--json", "rollback"});
    INFO(finished.Describe());
    CHECK(finished.exit == 0);
    CHECK(small.site->Live() == "1.0");
    CHECK_FALSE(RecordLeftOpen(small.site->root()));
    CHECK(small.site->Status()["last"]["result"] == "committed");
  }
}

TEST_CASE_FIXTURE(Fixture, "an upload that has stalled can be aborted") {
  const std::string bytes = BigTar();
  // While no byte has arrived, the deploy has no record yet.
  for (const std::size_t fed : {std::size_t{0}, bytes.size() / 2}) {
    CAPTURE(fed);
    const auto before = Listing(site.root(), kRecorded);
    Running deploy(
        site.CommandLine({"--json", "deploy", "-", "--version", "3.0"}),
        Running::Input::kPipe);
    deploy.WriteInput(bytes.substr(0, fed));
    if (fed != 0) AwaitUnpack();
    REQUIRE(Eventually([&] { return site.Release({"abort"}).exit == 0; }));
    const Finished finished = deploy.Wait();
    INFO(finished.Describe());
    CHECK(finished.exit == 1);
    CHECK(nlohmann::json::parse(finished.out)["error"]["code"] == "aborted");
    CheckNothingChanged(before);
  }
  CHECK(site.Release({"abort"}).exit == 1);
  site.Must({"deploy", archive, "--version", "3.0"});
}

TEST_CASE_FIXTURE(Fixture, "a rollback does not wait for a stalled upload") {
  const std::string bytes = BigTar();
  // While no byte has arrived, the deploy has no record yet.
  for (const std::size_t fed : {std::size_t{0}, bytes.size() / 2}) {
    CAPTURE(fed);
    Running deploy(
        site.CommandLine({"--json", "deploy", "-", "--version", "3.0"}),
        Running::Input::kPipe);
    deploy.WriteInput(bytes.substr(0, fed));
    if (fed != 0) AwaitUnpack();
    if (fed == 0) {
      REQUIRE(
          Eventually([&] { return site.Status()["in_progress"].is_object(); }));
    }
    const Finished rollback = site.Release({"rollback"});
    INFO(rollback.Describe());
    CHECK(rollback.exit == 0);
    CHECK(rollback.err.find("  asked ") != std::string::npos);
    CHECK(site.Live() == "1.0");
    const Finished finished = deploy.Wait();
    INFO(finished.Describe());
    CHECK(finished.exit == 1);
    const auto error = nlohmann::json::parse(finished.out)["error"];
    CHECK(error["code"] == "aborted");
    CHECK(error["message"].get<std::string>().find("by a rollback of ") !=
          std::string::npos);
    site.Must({"activate", "2.0"});
  }
}

TEST_CASE_FIXTURE(Fixture, "a rollback undoes a deploy that awaits a person") {
  Running deploy(site.CommandLine(
      {"deploy", archive, "--version", "3.0", "--confirm-within", "60s"}));
  REQUIRE(Eventually([&] {
    const nlohmann::json open = site.Status()["open"];
    return open.is_object() && open["step"] == "confirm";
  }));
  // The undo is the rollback: 2.0 was live before, and 1.0 is not meant.
  const Finished rollback = site.Release({"rollback"});
  INFO(rollback.Describe());
  CHECK(rollback.exit == 0);
  CHECK(site.Live() == "2.0");
  CHECK(deploy.Wait().exit == 4);
}

TEST_CASE_FIXTURE(Fixture, "a limit on the size of files is a failure told") {
  Spill(site.files() + "/big.tar", BigTar());
  const auto before = Listing(site.root(), kRecorded);
  const Finished finished =
      RunShell("ulimit -f 1000; exec $release --json --root " + site.root() +
               " deploy --version 3.0 " + site.files() + "/big.tar");
  INFO(finished.Describe());
  CHECK(finished.signal == 0);
  CHECK(finished.exit == 1);
  CHECK(finished.err.find("File too large") != std::string::npos);
  CheckNothingChanged(before);
}

TEST_CASE_FIXTURE(Fixture, "few descriptors, little memory: told, or enough") {
  const auto before = Listing(site.root(), kRecorded);
  for (const char* limit : {"-n 3", "-n 8", "-n 12", "-v 20000", "-v 60000"}) {
    CAPTURE(limit);
    const Finished finished = RunShell(
        std::string("ulimit ") + limit + "; exec $release --json --root " +
        site.root() + " deploy --version 3.0 " + archive);
    INFO(finished.Describe());
    // 127: the dynamic loader could not start the program.
    CHECK((finished.exit == 0 || finished.exit == 1 || finished.exit == 127));
    if (finished.exit != 0) {
      // Without descriptors the command could not clean up; the next command
      // must do so.
      site.Must({"recover"});
      CheckNothingChanged(before);
      continue;
    }
    CHECK(site.Live() == "3.0");
    break;
  }
}

}  // namespace
}  // namespace release
