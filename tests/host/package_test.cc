// Checks the files that `cmake --install`, the Debian package and the tarball
// install, and that installing, upgrading and removing the package does no
// harm.
#include <doctest/doctest.h>

#include <boost/filesystem.hpp>
#include <regex>

#include "host/command.h"
#include "host/packages.h"
#include "host/systemd_rig.h"
#include "support/archives.h"
#include "support/temp_dir.h"
#include "support/torture.h"

namespace release {
namespace {

namespace bfs = boost::filesystem;
using std::chrono::seconds;

// The installed files other than the program, relative to the prefix.
const char* const kInstalled[] = {
    "share/man/man8/release.8.gz",
    "share/man/man5/release.toml.5.gz",
    "share/bash-completion/completions/release",
    "share/fish/vendor_completions.d/release.fish",
    "lib/systemd/system/release-intake@.path",
    "lib/systemd/system/release-intake@.service",
    "lib/systemd/system/release-recover@.service",
    "lib/systemd/system/release-verify@.timer",
    "lib/systemd/system/release-notify@.timer",
    "lib/systemd/system/release-failed@.service",
    "lib/sysusers.d/release.conf",
    "lib/tmpfiles.d/release.conf",
    "share/doc/release/README.md",
    "share/doc/release/copyright",
    "share/doc/release/changelog.gz",
    "share/doc/release/docs/operations.md",
    "share/doc/release/scripts/ansible/README.md",
    "share/ansible/collections/ansible_collections/release/release/galaxy.yml",
    "share/doc/release/scripts/ci-templates/action.yml",
    "share/doc/release/scripts/ci-templates/deploy",
    "share/doc/release/examples/shop.toml",
    "share/doc/release/examples/polkit.rules",
    "share/doc/release/examples/sudoers",
    "share/doc/release/linked/libarchive",
};

void CheckInstalled(const std::string& prefix, const std::string& named) {
  for (const std::string path : kInstalled) {
    CHECK_MESSAGE(bfs::exists(prefix + "/" + path), path);
  }
  CHECK(Run({prefix + "/bin/release", "--help"}).exit == 0);
  const std::string unit =
      Slurp(prefix + "/lib/systemd/system/release-intake@.service");
  CHECK(unit.find("ExecStart=" + named + "/bin/release ") != std::string::npos);
  CHECK(Run({"bash", "-n", prefix + "/" + kInstalled[2]}).exit == 0);
}

// Returns the path of the package, which is made once for all tests.
const std::string& DebianPackage() {
  static const TempDir dir;
  static const std::string path = MakePackage(dir.path(), "--only deb");
  return path;
}

// A container with a package manager and without network.
class Machine {
 public:
  CommandResult Shell(const std::string& line) {
    return container_.Shell(line);
  }
  void Must(const std::string& line) {
    const CommandResult result = Shell(line);
    INFO(line << "\n" << result.output);
    CHECK(result.ok());
  }
  void Apt(const std::string& words) {
    const CommandResult result = container_.Exec(
        {"sh", "-c", "DEBIAN_FRONTEND=noninteractive apt-get -y " + words},
        seconds(120));
    INFO(words << "\n" << result.output);
    CHECK(result.ok());
  }
  // Returns a digest of all files of the admin and the app: names, types,
  // modes, owners and content.
  std::string Fingerprint() {
    return Shell(
               "find /srv/shop /etc/release -not -path '*/.release/lock' "
               "-printf '%p %y %m %u %l\\n' -type f -exec sha256sum {} + | "
               "sort | sha256sum")
        .output;
  }

 private:
  SystemdContainer container_;
};

// Checks that everything is installed, and that no unit is enabled or loaded.
void CheckComes(Machine* machine) {
  machine->Must("release --help && test -d /etc/release");
  machine->Must("getent group release-upload");
  machine->Must(
      "! systemctl list-unit-files --state=enabled 'release-*' | grep "
      "release-");
  machine->Must("! systemctl list-units --all 'release-*' | grep release-");
}

// Makes release 1 live, enables the intake, and starts a deploy of release 2
// that waits for its confirmation.
void StartDeploy(Machine* machine) {
  machine->Must("printf 'root = \"/srv/shop\"\n' > /etc/release/shop.toml");
  machine->Must(
      "release init && cd /tmp && mkdir t && echo one > t/a && "
      "release pack t -o shop-1.tar.gz --version 1 && echo two > t/a && "
      "release pack t -o shop-2.tar.gz --version 2 && "
      "release deploy shop-1.tar.gz");
  machine->Must("systemctl enable --now release-intake@shop.path");
  machine->Must(
      "systemd-run --unit=deploying release deploy /tmp/shop-2.tar.gz "
      "--confirm-within 300s && "
      "for i in $(seq 300); do release status | grep -q confirm && break; "
      "sleep 0.1; done");
}

// Checks that the upgrade kept the running deploy and the intake, and that the
// new program can confirm a deploy of the old one.
void CheckRenewed(Machine* machine) {
  machine->Must("dpkg -s release | grep -qx 'Version: 0.1.1'");
  machine->Must("systemctl is-active release-intake@shop.path");
  machine->Must("systemctl is-active deploying");
  machine->Must("release status | grep 'confirm'");
  machine->Must("release confirm");
  machine->Must(
      "for i in $(seq 300); do release status | grep -q 'live *2 since' && "
      "exit 0; sleep 0.1; done; exit 1");
}

// Checks that remove and purge delete the files of the package and nothing
// else.
void CheckGoes(Machine* machine) {
  const std::string gone =
      "while read -r path; do test -d \"$path\" || ! test -e \"$path\" || "
      "exit 1; done < /tmp/brought";
  const std::string before = machine->Fingerprint();
  machine->Must("dpkg -L release > /tmp/brought");
  CHECK_FALSE(machine->Shell(gone).ok());
  machine->Must("dpkg --no-triggers -r release");
  machine->Must(gone);
  machine->Must("! systemctl is-active release-intake@shop.path");
  CHECK(machine->Fingerprint() == before);
  machine->Must("dpkg --no-triggers -P release");
  CHECK(machine->Fingerprint() == before);
  machine->Must("! find /etc/systemd -name '*release*' | grep .");
  // Control: the fingerprint notices the removal of a configuration.
  machine->Must("rm /etc/release/shop.toml");
  CHECK(machine->Fingerprint() != before);
}

}  // namespace

TEST_CASE("cmake --install puts everything where hosts look for it") {
  const TempDir dir;
  const Finished installed =
      RunShell("DESTDIR=" + dir.path() +
               " cmake --install " RELEASE_BUILD_DIR " --prefix /opt/release");
  REQUIRE_MESSAGE(installed.exit == 0, installed.Describe());
  const std::string prefix = dir.path() + "/opt/release";
  CheckInstalled(prefix, "/opt/release");
  CHECK(bfs::exists(prefix + "/share/zsh/site-functions/_release"));
  CHECK_FALSE(bfs::exists(prefix + "/share/lintian"));
}

TEST_CASE("the command accepts the sample configuration") {
  const TempDir dir;
  std::string text = Slurp(RELEASE_SOURCE_DIR "/docs/samples/shop.toml");
  text.replace(text.find("/srv/shop"), 9, dir.path() + "/srv");
  Spill(dir.path() + "/shop.toml", text);
  CHECK(Run({RELEASE_BINARY, "--config", dir.path() + "/shop.toml", "init"})
            .exit == 0);
  Spill(dir.path() + "/shop.toml", text + "nonsense = 1\n");
  CHECK(Run({RELEASE_BINARY, "--config", dir.path() + "/shop.toml", "init"})
            .exit == 2);
}

TEST_CASE("lintian reports nothing about the Debian package") {
  const auto lintian = [](const std::string& file) {
    return Run({"lintian", "--allow-root", "--fail-on", "error,warning", file},
               seconds(200));
  };
  const Finished clean = lintian(DebianPackage());
  CHECK_MESSAGE(clean.exit == 0, clean.Describe());
  CHECK(clean.out.empty());
  if (!Torture()) return;
  const TempDir dir;
  Shell("cd " + dir.path() + "; dpkg-deb -R " + DebianPackage() +
        " tree; chmod 666 tree/usr/share/man/man8/release.8.gz; "
        "dpkg-deb -b tree bad.deb >/dev/null");
  CHECK(lintian(dir.path() + "/bad.deb").exit == 2);
  // The packages are reproducible: the same sources give the same bytes.
  bfs::create_directory(dir.path() + "/again");
  for (const std::string kind : {"deb", "tarball"}) {
    const std::string one = MakePackage(dir.path(), "--only " + kind);
    const std::string two =
        MakePackage(dir.path() + "/again", "--only " + kind);
    CHECK((Slurp(one) == Slurp(two)));
  }
}

TEST_CASE("the package installs, upgrades during a deploy, and goes") {
  const TempDir dir;
  const std::string second =
      MakePackage(dir.path(), "--only deb --version 0.1.1");
  Machine machine;
  // Container images have this file, which keeps packages from starting and
  // stopping units.
  machine.Must("rm -f /usr/sbin/policy-rc.d");
  machine.Apt("install " + DebianPackage());
  CheckComes(&machine);
  StartDeploy(&machine);
  machine.Must("dpkg --no-triggers -i " + second);
  CheckRenewed(&machine);
  CheckGoes(&machine);
  machine.Must("dpkg --no-triggers -i " + second);
  machine.Must("dpkg --no-triggers -P release && ! test -e /etc/release");
}

TEST_CASE("the tarball installs with the commands of the README") {
  const TempDir dir;
  const std::string tarball = MakePackage(dir.path(), "--only tarball");
  const std::string readme = Slurp(RELEASE_SOURCE_DIR "/README.md");
  std::smatch block;
  REQUIRE(std::regex_search(readme, block,
                            std::regex("```\n(tar -C /usr/local[^`]*)```")));
  Machine machine;
  machine.Must("cd " + dir.path() + " && " + block[1].str());
  CHECK(machine.Shell("command -v release").output ==
        "/usr/local/bin/release\n");
  machine.Must("getent group release-upload && test -d /etc/release");
  machine.Must(
      "printf 'root = \"/srv/shop\"\\n' > /etc/release/shop.toml && "
      "release init && systemctl start release-recover@shop.service && "
      "systemctl show -P Result release-recover@shop.service | "
      "grep -x success && systemctl cat release-recover@shop.service | "
      "grep ExecStart=/usr/local/bin/release");
  Shell("cd " + dir.path() + "; tar -xzf " + tarball);
  CheckInstalled(tarball.substr(0, tarball.size() - 7), "/usr/local");
}

}  // namespace release
