#include "host/watched_shop.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <boost/filesystem.hpp>

#include "support/archives.h"

namespace release {

namespace fs = boost::filesystem;
using std::chrono::seconds;

WatchedShop::WatchedShop(const std::string& config) : LiveShop(config) {
  Shell("systemctl stop 'release-*@shop.*'; systemctl reset-failed");
  Deploy("1");
  InstallUnits();
}

void WatchedShop::InstallUnits() {
  Shell("rm -rf /etc/systemd/system/release-*.d");
  for (const fs::directory_entry& entry :
       fs::directory_iterator(RELEASE_SOURCE_DIR "/systemd")) {
    if (fs::is_directory(entry.path())) continue;
    Spill("/etc/systemd/system/" + entry.path().filename().string(),
          Slurp(entry.path().string()));
  }
  const CommandResult made = Shell(fmt::format(
      "set -e; systemctl daemon-reload;"
      "systemd-sysusers {0}/systemd/sysusers.d/release.conf;"
      "systemd-tmpfiles --create {0}/systemd/tmpfiles.d/release.conf;"
      // The units have a private /tmp, which would hide a build below it.
      "rm /usr/bin/release; cp -L {3} /usr/bin/release;"
      "id uploader || useradd -m -G release-upload -s /bin/sh uploader;"
      "install -d -m 1770 -g release-upload {1};"
      "systemctl enable --now release-recover@shop.service {2}",
      RELEASE_SOURCE_DIR, kBox, kPathUnit, RELEASE_BINARY));
  CAPTURE(made.output);
  REQUIRE(made.ok());
}

void WatchedShop::Put(const std::string& name, const std::string& bytes) {
  Spill("/tmp/upload", bytes);
  const CommandResult put = Shell(
      fmt::format("setpriv --reuid=uploader --regid=uploader --init-groups "
                  "cp /tmp/upload '{}{}'",
                  kBox, name));
  CAPTURE(put.output);
  REQUIRE(put.ok());
}

void WatchedShop::PutSum(const std::string& name, const std::string& bytes) {
  Spill("/tmp/summed", bytes);
  const CommandResult sum = Shell("sha256sum /tmp/summed | cut -c1-64");
  Put(name + ".sha256", sum.output.substr(0, 64) + "  " + name + "\n");
}

void WatchedShop::Upload(const std::string& name, const std::string& bytes) {
  // The checksum last: its arrival starts the intake.
  Put(name, bytes);
  PutSum(name, bytes);
}

std::string WatchedShop::Bytes(const std::string& version,
                               const std::string& behaviour) {
  return Slurp(Archive(version, behaviour));
}

void WatchedShop::AddToUnit(const std::string& unit, const std::string& lines) {
  const std::string directory = "/etc/systemd/system/" + unit + ".d";
  fs::create_directories(directory);
  Spill(directory + "/test.conf", lines);
  REQUIRE(Shell("systemctl daemon-reload").ok());
}

void WatchedShop::ResetUnit(const std::string& unit) {
  fs::remove_all("/etc/systemd/system/" + unit + ".d");
  REQUIRE(Shell("systemctl daemon-reload").ok());
}

bool WatchedShop::BoxIsEmpty() {
  return Shell(fmt::format("test -z \"$(ls -A {} | grep -vx rejected)\"", kBox))
      .ok();
}

// The box can be empty before the unit has ended, and the unit can end with an
// upload left for its next start, so both must hold.
bool WatchedShop::Settles() {
  return Within(seconds(300), [&] {
    return BoxIsEmpty() &&
           Shell(fmt::format("systemctl show -P ActiveState {} | grep -Eq "
                             "'inactive|failed'",
                             kIntakeUnit))
               .ok();
  });
}

std::string WatchedShop::CodeOf(const std::string& name) {
  const std::string path = fmt::format("{}rejected/{}.reason.json", kBox, name);
  if (!fs::exists(path)) return "no reason";
  return nlohmann::json::parse(Slurp(path))["error"]["code"];
}

void WatchedShop::CheckStillWatched(const std::string& live) {
  CHECK(Shell(fmt::format("systemctl is-active {}", kPathUnit)).ok());
  CheckLive(live);
}

}  // namespace release
