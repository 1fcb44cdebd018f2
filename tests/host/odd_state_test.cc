// Roots that people or accidents have damaged. `status` must name the problem
// and a remedy, and `rollback` must reach a good release.
#include <doctest/doctest.h>

#include <boost/filesystem.hpp>
#include <fstream>
#include <functional>
#include <optional>

#include "host/site.h"
#include "support/archives.h"
#include "support/tar_builder.h"

namespace release {
namespace {

namespace bfs = boost::filesystem;
using nlohmann::json;

std::string Record(const Site& site, int number) {
  return site.root() + "/.release/transactions/00000" + std::to_string(number) +
         ".log";
}

void FlipAt(const std::string& path, std::size_t offset) {
  std::string bytes = Slurp(path);
  bytes.at(offset) = static_cast<char>(bytes.at(offset) ^ 1);
  Spill(path, bytes);
}

void LinkTo(const Site& site, const std::string& target) {
  bfs::remove(site.root() + "/current");
  bfs::create_symlink(target, site.root() + "/current");
}

// A way to damage a root on which 1.0, 2.0 and 3.0 are good and 3.0 is live,
// with records 1 to 3.
struct Odd {
  const char* what;
  std::function<void(const Site&)> make;
  // A part of the problem that `status` must report; empty if it must report
  // none, because the damage is harmless.
  const char* doubt;
  const char* remedy;
  const char* after;  // the version that is live after one rollback
};

const Odd kOdds[] = {
    {"a torn newest record",
     [](const Site& site) {
       bfs::resize_file(Record(site, 3), bfs::file_size(Record(site, 3)) - 40);
     },
     "was interrupted", "`release recover`", "2.0"},
    {"a newest record torn in its first line",
     [](const Site& site) { bfs::resize_file(Record(site, 3), 30); },
     "no beginning", "`release recover`", "2.0"},
    {"an empty newest record",
     [](const Site& site) { bfs::resize_file(Record(site, 3), 0); },
     "no beginning", "`release recover`", "2.0"},
    {"a newest record with a bad beginning",
     [](const Site& site) { FlipAt(Record(site, 3), 40); }, "is damaged",
     "`release history`", "2.0"},
    {"a newest record with a bad end",
     [](const Site& site) {
       FlipAt(Record(site, 3), bfs::file_size(Record(site, 3)) - 40);
     },
     "is damaged", "`release recover`", "2.0"},
    {"a newest record of noise",
     [](const Site& site) { Spill(Record(site, 3), Noise(5000, 1)); },
     "no beginning", "`release recover`", "2.0"},
    {"an older record of noise",
     [](const Site& site) { Spill(Record(site, 2), Noise(5000, 1)); }, "", "",
     "2.0"},
    {"no newest record", [](const Site& site) { bfs::remove(Record(site, 3)); },
     "a record is lost", "`release rollback`", "2.0"},
    {"no manifest of the live release",
     [](const Site& site) {
       bfs::remove(site.root() + "/.release/manifests/3.0");
     },
     "there is no .release/manifests/3.0", "another version", "2.0"},
    {"no manifest of the release before",
     [](const Site& site) {
       bfs::remove(site.root() + "/.release/manifests/2.0");
     },
     "there is no .release/manifests/2.0", "another version", "2.0"},
    {"a hand-made directory in releases/",
     [](const Site& site) {
       bfs::create_directories(site.root() + "/releases/9.9/x");
     },
     "releases/9.9 was not put there", "`release activate 9.9`", "2.0"},
    {"a hand-made file in releases/",
     [](const Site& site) { Spill(site.root() + "/releases/notes", "x"); },
     "releases/notes is no release", "neither uses nor removes", "2.0"},
    {"the release before removed by hand",
     [](const Site& site) { bfs::remove_all(site.root() + "/releases/2.0"); },
     "", "", "1.0"},
    {"the live release removed by hand",
     [](const Site& site) { bfs::remove_all(site.root() + "/releases/3.0"); },
     "no release here", "`release rollback`", "2.0"},
    {"current moved to an older release",
     [](const Site& site) { LinkTo(site, "releases/1.0"); }, "moved by hand",
     "`release activate`", "3.0"},
    {"current moved outside", [](const Site& site) { LinkTo(site, "/usr"); },
     "no release here", "`release rollback`", "3.0"},
    {"current moved outside by a way up",
     [](const Site& site) { LinkTo(site, "../files"); }, "no release here",
     "`release rollback`", "3.0"},
    {"current dangling", [](const Site& site) { LinkTo(site, "releases/7.7"); },
     "no release here", "`release rollback`", "3.0"},
    {"current pointing at itself",
     [](const Site& site) { LinkTo(site, "current"); }, "no release here",
     "`release rollback`", "3.0"},
    {"no current",
     [](const Site& site) { bfs::remove(site.root() + "/current"); },
     "there is no current", "`release rollback`", "3.0"},
    {"a directory called current",
     [](const Site& site) {
       bfs::remove(site.root() + "/current");
       bfs::create_directories(site.root() + "/current/precious");
     },
     "not a symbolic link", "`release rollback`", "3.0"},
    {"a file called current",
     [](const Site& site) {
       bfs::remove(site.root() + "/current");
       Spill(site.root() + "/current", "x");
     },
     "not a symbolic link", "`release rollback`", "3.0"},
    {"no lock file",
     [](const Site& site) { bfs::remove(site.root() + "/.release/lock"); }, "",
     "", "2.0"},
    {"no spare record",
     [](const Site& site) {
       bfs::remove(site.root() + "/.release/transactions/.spare");
     },
     "", "", "2.0"},
};

void MakeThree(const Site& site) {
  for (const char* version : {"1.0", "2.0", "3.0"}) site.Deploy(version);
}

std::string All(const json& problems) {
  std::string all;
  for (const json& doubt : problems) all += doubt.get<std::string>() + "\n";
  return all;
}

void CheckStatus(const Site& site, const Odd& odd) {
  const auto before = Listing(site.root());
  const Finished checked = site.Release({"status", "--check"});
  const std::string problems = All(site.Status()["problems"]);
  CAPTURE(problems);
  const bool wrong = *odd.doubt != '\0';
  CHECK(checked.exit == (wrong ? 8 : 0));
  CHECK(problems.empty() == !wrong);
  CHECK(problems.find(odd.doubt) != std::string::npos);
  CHECK(problems.find(odd.remedy) != std::string::npos);
  // The plain output must contain it too.
  CHECK(checked.out.find(odd.doubt) != std::string::npos);
  CHECK(site.Release({"status", "--metrics"}).exit == 0);
  CHECK(Listing(site.root()) == before);
}

TEST_CASE("status reports an odd state, and rollback leads out of it") {
  for (const Odd& odd : kOdds) {
    CAPTURE(odd.what);
    Site site;
    MakeThree(site);
    odd.make(site);
    CheckStatus(site, odd);
    for (const char* words : {"list", "history", "verify"}) {
      CHECK(site.Release({words}).signal == 0);
    }
    const Finished finished = site.Release({"rollback"});
    INFO(finished.Describe());
    CHECK(finished.exit == 0);
    CHECK(site.Live() == odd.after);
    CHECK(site.Release({"verify", odd.after}).exit ==
          (bfs::exists(site.root() + "/.release/manifests/" + odd.after) ? 0
                                                                         : 8));
    CHECK(bfs::exists(site.root() + "/current/name"));
    CHECK_FALSE(RecordLeftOpen(site.root()));
    // A deploy and a rollback work from there.
    site.Deploy("4.0");
    CHECK(site.Live() == "4.0");
    CHECK(site.Release({"rollback"}).exit == 0);
    CHECK(site.Live() == odd.after);
  }
}

TEST_CASE("a rollback keeps a directory that was in place of the link") {
  Site site;
  MakeThree(site);
  bfs::remove(site.root() + "/current");
  bfs::create_directories(site.root() + "/current/precious");
  const Finished finished = site.Release({"rollback"});
  CHECK(finished.err.find("current-before-000004") != std::string::npos);
  site.Must({"recover"});
  CHECK(bfs::exists(site.root() + "/current-before-000004/precious"));
  CHECK(site.Status()["ok"] == true);
}

TEST_CASE("without a layout only a named rollback works") {
  Site site;
  MakeThree(site);
  bfs::remove_all(site.root() + "/.release");
  const Finished refused = site.Release({"rollback"});
  INFO(refused.Describe());
  CHECK(refused.exit == 2);
  CHECK(refused.err.find("`release init`") != std::string::npos);
  site.Must({"init"});
  // The records are lost, so no release is known to be good.
  CHECK(site.Release({"rollback"}).exit == 7);
  CHECK(site.Release({"rollback", "2.0"}).exit == 0);
  CHECK(site.Live() == "2.0");
}

// -- a disk that turns read-only

// An ext4 that turns read-only at the first error.
struct FragileDisk {
  FragileDisk() {
    const std::string image = own.path() + "/image";
    Shell("truncate -s 32M " + image + "; mkfs.ext4 -q -e remount-ro " + image);
    mount.emplace("-o loop " + image, disk);
    site.emplace(disk);
    MakeThree(*site);
  }

  // Triggers the same error handling as damage that the kernel finds.
  void TurnReadOnly() const {
    const Finished device =
        RunShell("basename $(findmnt -no SOURCE " + disk + ")");
    const std::string name = device.out.substr(0, device.out.find('\n'));
    std::ofstream trigger("/sys/fs/ext4/" + name + "/trigger_fs_error");
    trigger << "test\n";
    REQUIRE(trigger.flush());
    REQUIRE(RunShell("touch " + disk + "/probe").exit != 0);
  }

  // Repairs and mounts the file system, as an admin would.
  void Repair() {
    mount.reset();
    const std::string image = own.path() + "/image";
    Shell("e2fsck -fy " + image + " >/dev/null 2>&1 || [ $? -le 2 ]");
    mount.emplace("-o loop " + image, disk);
  }

  TempDir own;
  std::string disk = own.path() + "/disk";
  std::optional<PrivateMount> mount;
  std::optional<Site> site;
};

// Starts a deploy of 4.0 and turns the disk read-only halfway through.
Finished DeployOntoReadOnly(const FragileDisk& fragile) {
  const Site& site = *fragile.site;
  const std::string bytes = TarBuilder()
                                .File("name", "4.0\n")
                                .File("big", Noise(3'000'000, 7))
                                .Bytes();
  Running deploy(
      site.CommandLine({"--json", "deploy", "-", "--version", "4.0"}),
      Running::Input::kPipe);
  deploy.WriteInput(bytes.substr(0, bytes.size() / 2));
  REQUIRE(Eventually([&] {
    const json open = site.Status()["open"];
    return open.is_object() && open["step"] == "unpack";
  }));
  fragile.TurnReadOnly();
  deploy.WriteInput(bytes.substr(bytes.size() / 2));
  deploy.EndInput();
  return deploy.Wait();
}

TEST_CASE("a disk that turns read-only in a deploy leaves the truth behind") {
  FragileDisk fragile;
  const Site& site = *fragile.site;
  const Finished finished = DeployOntoReadOnly(fragile);
  INFO(finished.Describe());
  const json object = json::parse(finished.out);
  // The undo could not be recorded, so the outcome is in doubt.
  CHECK(finished.exit == 5);
  CHECK(object["error"]["code"] == "undo-failed");
  CHECK(object["live"] == "3.0");

  const json status = site.Status();
  CHECK(status["live"] == "3.0");
  CHECK(status["interrupted"] == true);
  CHECK(All(status["problems"]).find("`release recover`") != std::string::npos);
  CHECK(site.Release({"rollback"}).exit == 1);
  CHECK(site.Live() == "3.0");

  fragile.Repair();
  CHECK(site.Release({"recover"}).exit == 0);
  CHECK(site.Status()["ok"] == true);
  CHECK(site.Live() == "3.0");
  CHECK(Garbage(site.root()) == std::vector<std::string>{});
  CHECK(site.Release({"rollback"}).exit == 0);
  CHECK(site.Live() == "2.0");
}

TEST_CASE("on a read-only disk status works and changes are refused") {
  FragileDisk fragile;
  fragile.TurnReadOnly();
  Site& site = *fragile.site;
  CHECK(site.Release({"status", "--check"}).exit == 0);
  CHECK(site.Release({"verify", "--all"}).exit == 0);
  const Finished back = site.Release({"--json", "rollback"});
  INFO(back.Describe());
  CHECK(back.exit == 1);
  const json object = json::parse(back.out);
  CHECK(object["error"]["code"] == "read-only");
  CHECK(site.Live() == "3.0");
}

}  // namespace
}  // namespace release
