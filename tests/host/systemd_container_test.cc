#include <doctest/doctest.h>
#include <signal.h>

#include <boost/filesystem.hpp>
#include <fstream>
#include <functional>
#include <sstream>
#include <thread>

#include "host/live_shop.h"
#include "host/systemd_rig.h"

namespace release {
namespace {

std::string ReadAll(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

// Returns the command lines on this host that contain `part`.
std::vector<std::string> ProcessesWith(const std::string& part) {
  std::vector<std::string> found;
  for (const auto& entry : boost::filesystem::directory_iterator("/proc")) {
    const std::string line = ReadAll(entry.path().string() + "/cmdline");
    if (line.find(part) != line.npos) found.push_back(line);
  }
  return found;
}

// Whether both the container's init and its supervisor are gone. All other
// processes inside end with the init.
bool NothingLeft(const std::string& directory, int leader) {
  return leader > 1 && kill(leader, 0) != 0 &&
         ProcessesWith(directory).empty() &&
         ReadAll("/proc/mounts").find(directory) == std::string::npos;
}

}  // namespace

TEST_CASE("the container runs a systemd that answers and runs units") {
  SystemdContainer container;
  CHECK(container.Exec({"systemctl", "is-system-running"}).output ==
        "running\n");
  const CommandResult result = container.Shell("cat /proc/1/comm; exit 7");
  CHECK(result.output == "systemd\n");
  CHECK(result.status == 7);
  CHECK(
      container.Shell("cat /proc/self/cgroup").output.find("/system.slice/") !=
      std::string::npos);
}

TEST_CASE("a reboot keeps what was written inside, and no process") {
  SystemdContainer container;
  CHECK(container.Shell("echo kept > /srv/kept; echo gone > /run/gone").ok());
  // The start time in /proc/1/stat tells two boots apart.
  const std::string boot = container.Shell("cat /proc/1/stat").output;
  const CommandResult reboot = container.Reboot();
  CAPTURE(reboot.output);
  REQUIRE(reboot.ok());
  CHECK(container.Shell("cat /srv/kept").output == "kept\n");
  CHECK_FALSE(container.Shell("test -e /run/gone").ok());
  CHECK(container.Shell("cat /proc/1/stat").output != boot);
  // The file exists only in the overlay of the container.
  CHECK_FALSE(boost::filesystem::exists("/srv/kept"));
}

TEST_CASE("a container that is stopped leaves no process, mount or file") {
  SystemdContainer container;
  const std::string directory = container.directory();
  const int leader = container.leader();
  // Control: NothingLeft is false while the container runs.
  CHECK_FALSE(NothingLeft(directory, leader));
  container.Stop();
  CHECK(Within(std::chrono::seconds(60),
               [&] { return NothingLeft(directory, leader); }));
  CHECK_FALSE(boost::filesystem::exists(directory));
}

TEST_CASE("a container ends with the process that it was started for") {
  const std::string directory =
      (boost::filesystem::temp_directory_path() /
       boost::filesystem::unique_path("release-systemd-%%%%%%%%"))
          .string();
  Command shell;
  shell.argv = {"sh", "-c",
                RELEASE_SOURCE_DIR "/tests/host/rig/systemd-container start " +
                    directory + " $$ && cat " + directory + "/leader"};
  const CommandResult started = PosixRunner().Run(shell);
  REQUIRE(started.ok());
  const int leader = std::stoi(started.output);
  CHECK(Within(std::chrono::seconds(60),
               [&] { return NothingLeft(directory, leader); }));
  boost::filesystem::remove_all(directory);
}

TEST_CASE("a container ends when its supervisor is killed") {
  SystemdContainer container;
  const int leader = container.leader();
  REQUIRE(container.supervisor() > 1);
  kill(container.supervisor(), SIGKILL);
  CHECK(Within(std::chrono::seconds(60),
               [&] { return NothingLeft(container.directory(), leader); }));
}

}  // namespace release
