// Checks the files that `cmake --install` and the packages install, what the
// packages say is linked in, and that installing, upgrading and removing the
// Debian package does no harm.
#include <doctest/doctest.h>

#include <boost/filesystem.hpp>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <sstream>

#include "host/command.h"
#include "host/packages.h"
#include "host/systemd_rig.h"
#include "support/archives.h"
#include "support/temp_dir.h"
#include "support/torture.h"

namespace release {
namespace {

namespace bfs = boost::filesystem;
using nlohmann::json;
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
    "share/doc/release/release.spdx.json",
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

// Returns the path of the package: "deb", "tarball" or "rpm". Each is made once
// for all tests.
const std::string& Package(const std::string& kind) {
  static const TempDir dir;
  static std::map<std::string, std::string> paths;
  std::string& path = paths[kind];
  if (path.empty()) path = MakePackage(dir.path(), "--only " + kind);
  return path;
}
const std::string& DebianPackage() { return Package("deb"); }

// Returns what a command prints, which must succeed.
std::string Printed(const std::string& line) {
  const Finished finished = RunShell(line, seconds(400));
  REQUIRE_MESSAGE(finished.exit == 0, finished.Describe());
  return finished.out;
}

std::set<std::string> Lines(const std::string& text) {
  std::istringstream in(text);
  std::set<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.insert(line);
  return lines;
}

// Unpacks the package below `dir`/`kind`. Returns the path of the package.
std::string Unpacked(const std::string& kind, const TempDir& dir) {
  const std::string path = Package(kind);
  const std::string to = dir.path() + "/" + kind;
  bfs::create_directory(to);
  Printed("cd " + to + " && " +
          (kind == "deb"   ? "dpkg-deb -x " + path + " ."
           : kind == "rpm" ? "rpm2cpio " + path + " | cpio -idm --quiet"
                           : "tar --strip-components=1 -xzf " + path));
  return path;
}

// The list of what is linked in, by SPDX 2.3, that a package has.
class Sbom {
 public:
  explicit Sbom(const std::string& prefix)
      : documents_(prefix + "/share/doc/release"),
        document_(json::parse(Slurp(documents_ + "/release.spdx.json"))) {
    for (const json& package : document_.at("packages")) {
      const std::string id = package.at("SPDXID");
      CHECK_MESSAGE(packages_.emplace(id, package).second, id);
    }
    for (const json& relation : document_.at("relationships")) {
      const std::string to = relation.at("relatedSpdxElement");
      REQUIRE_MESSAGE(packages_.contains(to), to);
      linked_[relation.at("relationshipType")].insert(
          packages_.at(to).at("name"));
    }
  }

  // The names of the Debian packages that are linked in like this.
  std::set<std::string> Linked(const std::string& how) const {
    const auto found = linked_.find(how);
    return found == linked_.end() ? std::set<std::string>() : found->second;
  }

  void CheckDocument(const std::string& version) const {
    CHECK(document_.at("spdxVersion") == "SPDX-2.3");
    CHECK(document_.at("dataLicense") == "CC0-1.0");
    CHECK(document_.at("SPDXID") == "SPDXRef-DOCUMENT");
    CHECK(document_.at("documentNamespace")
              .get<std::string>()
              .starts_with("urn:uuid:"));
    // The time of the changelog.
    CHECK(document_.at("creationInfo").at("created") == "2026-11-26T12:00:00Z");
    CHECK(Linked("DESCRIBES") == std::set<std::string>{"release"});
    CHECK(packages_.at("SPDXRef-release").at("versionInfo") == version);
  }

  // Each component has a version, a Debian source, and terms.
  void CheckComponents() const {
    std::set<std::string> texts;
    for (const json& text : document_.at("hasExtractedLicensingInfos")) {
      CHECK(text.at("extractedText").get<std::string>().size() > 50);
      texts.insert(text.at("licenseId"));
    }
    for (const auto& [id, package] : packages_) {
      if (id == "SPDXRef-release") continue;
      CAPTURE(id);
      CheckComponent(package, texts);
    }
  }

 private:
  void CheckComponent(const json& package,
                      const std::set<std::string>& texts) const {
    const std::string license = package.at("licenseDeclared");
    CHECK(license != "NOASSERTION");
    if (license.starts_with("LicenseRef-")) CHECK(texts.contains(license));
    REQUIRE(package.contains("sourceInfo"));
    const std::string source = package.at("sourceInfo");
    std::smatch words;
    REQUIRE(std::regex_match(
        source, words,
        std::regex("built by Debian from its source package (\\S+) \\S+")));
    CHECK(bfs::exists(documents_ + "/linked/" + words[1].str()));
    CHECK_FALSE(package.at("versionInfo").get<std::string>().empty());
    CHECK(package.at("externalRefs")
              .at(0)
              .at("referenceLocator")
              .get<std::string>()
              .starts_with("pkg:deb/debian/"));
  }

  std::string documents_;
  json document_;
  std::map<std::string, json> packages_;                 // by their SPDXID
  std::map<std::string, std::set<std::string>> linked_;  // by the relationship
};

// The Debian packages of the shared libraries that the program names.
std::set<std::string> SharedLibraries(const std::string& program) {
  return Lines(
      Printed("readelf -d " + program +
              " | sed -n 's/.*(NEEDED).*\\[\\(.*\\)\\]/\\1/p' | "
              "while read -r name; do dpkg-query -S \"/lib/*/$name\"; done | "
              "cut -d: -f1"));
}

// What people see of the files of an unpacked package: path, mode and, except
// for the program and what is linked into it, the content.
std::set<std::string> Files(const std::string& root) {
  return Lines(
      Printed("cd " + root +
              " && find . -type f -printf '%m %p ' "
              "\\( -path ./usr/bin/release -o -name release.spdx.json \\) "
              "-printf 'differs\\n' -o -type f -exec sh -c "
              "'sha256sum < \"$1\"' sh {} \\;"));
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
}

#ifdef __x86_64__
TEST_CASE("a build for another processor is not packaged") {
  const TempDir dir;
  const Finished refused =
      RunShell("BUILD=" RELEASE_BUILD_DIR " " RELEASE_SOURCE_DIR
               "/scripts/package --arch arm64 " +
               dir.path());
  CHECK(refused.exit == 1);
  CHECK(refused.err.find("X86-64, not for arm64") != std::string::npos);
  CHECK(bfs::is_empty(dir.path()));
}
#endif

TEST_CASE("packed again, the same program gives the same packages") {
  const TempDir dir;
  // Zone, umask and directory are not those of the first time.
  Printed(
      "umask 077; export TZ=Asia/Tokyo LC_ALL=C.UTF-8; cd /; "
      "BUILD=" RELEASE_BUILD_DIR " " RELEASE_SOURCE_DIR "/scripts/package " +
      dir.path());
  for (const std::string kind : {"deb", "tarball", "rpm"}) {
    const std::string first = Package(kind);
    CAPTURE(first);
    CHECK((Slurp(first) ==
           Slurp(dir.path() + "/" + bfs::path(first).filename().string())));
  }
}

TEST_CASE("each package lists what is linked into its program") {
  const TempDir dir;
  const std::string version =
      json::parse(Printed(RELEASE_BINARY " --version --json")).at("version");
  const std::string headers[] = {"libcli11-dev", "libfmt-dev",
                                 "libtomlplusplus-dev", "libxxhash-dev",
                                 "nlohmann-json3-dev"};
  const std::string archives[] = {"libarchive-dev", "nettle-dev",
                                  "libbz2-dev",     "liblzma-dev",
                                  "libzstd-dev",    "zlib1g-dev"};
  for (const std::string kind : {"deb", "tarball", "rpm"}) {
    CAPTURE(kind);
    Unpacked(kind, dir);
    const std::string prefix =
        dir.path() + "/" + kind + (kind == "tarball" ? "" : "/usr");
    const Sbom sbom(prefix);
    sbom.CheckDocument(version);
    sbom.CheckComponents();
    for (const std::string& name : headers) {
      CHECK_MESSAGE(sbom.Linked("CONTAINS").contains(name), name);
    }
    for (const std::string& name : archives) {
      CHECK_MESSAGE(sbom.Linked("STATIC_LINK").contains(name), name);
    }
    CHECK(sbom.Linked("STATIC_LINK").contains("libc6-dev"));
    CHECK(sbom.Linked("DYNAMIC_LINK") ==
          SharedLibraries(prefix + "/bin/release"));
    CHECK(sbom.Linked("DYNAMIC_LINK").empty() == (kind != "deb"));
    // It is not linked: only tests use it.
    CHECK_FALSE(sbom.Linked("CONTAINS").contains("doctest-dev"));
  }
}

TEST_CASE("the .rpm has the files of the Debian package") {
  const TempDir dir;
  Unpacked("deb", dir);
  const std::string rpm = Unpacked("rpm", dir);
  // Only Debian has lintian, and only there zsh looks into this directory.
  const std::string debian = dir.path() + "/deb/usr/share/";
  bfs::remove_all(debian + "lintian");
  bfs::rename(debian + "zsh/vendor-completions", debian + "zsh/site-functions");
  const std::set<std::string> files = Files(dir.path() + "/rpm");
  CHECK(files.size() > 50);
  CHECK(files == Files(dir.path() + "/deb"));
  // Neither has a file that an admin changes.
  CHECK(Printed("rpm -qp --configfiles " + rpm) == "");
  CHECK(Printed("dpkg-deb --ctrl-tarfile " + DebianPackage() +
                " | tar -tf - | grep -c conffiles || true") == "0\n");
  // It owns no directory that other packages have.
  for (const std::string& line :
       Lines(Printed("rpm -qp --qf '[%{FILEMODES:perms} %{FILENAMES}\\n]' " +
                     rpm + " | grep ^d"))) {
    const std::string path = line.substr(line.find('/'));
    const bool own = path.starts_with("/usr/share/doc/release") ||
                     path.starts_with(
                         "/usr/share/ansible/collections/"
                         "ansible_collections/release");
    CHECK_MESSAGE((own && line.starts_with("drwxr-xr-x ")), line);
  }
}

TEST_CASE("rpmlint reports nothing about the .rpm") {
  const std::string rpm = Package("rpm");
  const Finished clean = RunShell("rpmlint -c " RELEASE_SOURCE_DIR
                                  "/scripts/package.d/rpm/rpmlint.toml " +
                                      rpm,
                                  seconds(200));
  CHECK_MESSAGE(clean.exit == 0, clean.Describe());
  CHECK_MESSAGE(clean.out.find("0 errors, 0 warnings") != std::string::npos,
                clean.Describe());
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
