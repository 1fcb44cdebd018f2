// The portable program needs only a kernel to deploy: no library, no locale and
// no file of the host.
#include <doctest/doctest.h>

#include <boost/filesystem.hpp>
#include <regex>

#include "host/command.h"
#include "host/site.h"
#include "support/archives.h"
#include "support/http_server.h"
#include "support/temp_dir.h"

namespace release {
namespace {

const char kPortable[] = RELEASE_BUILD_DIR "/portable/release";

// For rig/old_kernel: the number of the first system call that a kernel does
// not have.
const char kAll[] = "100000";
const char kLinux44[] = "326";   // no copy_file_range, statx, clone3, openat2
const char kLinux315[] = "317";  // nor getrandom, memfd_create
const char kLinux310[] = "314";  // nor renameat2

// A directory to chroot into, with only the program and archives: without
// libraries, /proc, /dev and /etc.
class Jail {
 public:
  explicit Jail(const std::string& program = kPortable) {
    CopyFile(program, path() + "/release");
    boost::filesystem::create_directory(path() + "/tree");
    MakeTree(path() + "/tree/in");
    // Names that are not ASCII, in each encoding that archives use.
    Shell("cd " + path() + "/tree; tar --format=pax -cf - in | gzip > " +
          path() + "/a-1.0.tar.gz; zip -qry " + path() +
          "/a-2.0.zip in; LC_ALL=C.UTF-8 bsdtar --format 7zip -cf " + path() +
          "/a-3.0.7z in");
    boost::filesystem::remove_all(path() + "/tree");
  }

  const std::string& path() const { return dir_.path(); }

  // Writes the configuration /a.toml of the app `a`: a line with the root,
  // followed by `text`.
  void Configure(const std::string& text) const {
    Spill(path() + "/a.toml", "root = \"/srv\"\n" + text);
  }

  Finished Release(const char* lacking,
                   const std::vector<std::string>& words) const {
    std::vector<std::string> line = {RELEASE_OLD_KERNEL, lacking, "chroot",
                                     path(), "/release"};
    line.insert(line.end(), {"--config", "/a.toml"});
    line.insert(line.end(), words.begin(), words.end());
    return Run(line);
  }
  int Exit(const char* lacking, const std::vector<std::string>& words) const {
    const Finished finished = Release(lacking, words);
    INFO(finished.Describe());
    return finished.exit;
  }

  std::string Live() const {
    return boost::filesystem::read_symlink(path() + "/srv/current").string();
  }

 private:
  TempDir dir_;
};

std::string Traced(const std::string& program, const TempDir& dir) {
  boost::filesystem::remove_all(dir.path() + "/srv");
  const Finished finished =
      RunShell("cd " + dir.path() + "; " + program +
               " -q --root srv init && strace -f -o trace -e trace=open,openat,"
               "execve " +
               program +
               " --config c.toml deploy a.zip --version 1 --sha256 "
               "$(sha256sum < a.zip | cut -c1-64)");
  CHECK_MESSAGE(finished.exit == 4, finished.Describe());
  return Slurp(dir.path() + "/trace");
}

// Returns the libraries, locales, converters and configurations of other
// programs that the trace shows as opened or looked for.
std::string OpenedOfHost(const std::string& trace) {
  const std::regex pattern(
      "open(?:at)?\\([^\"]*\"([^\"]*(?:\\.so|/lib/|/lib64/|locale|gconv|ssl)[^"
      "\"]*)\"");
  std::smatch match;
  return std::regex_search(trace, match, pattern) ? match[1].str() : "";
}

}  // namespace

TEST_CASE("the portable program needs neither a library nor a linker") {
  const auto needs = [](const std::string& program) {
    const Finished read = RunShell("readelf -dl " + program);
    REQUIRE(read.exit == 0);
    return read.out.find("(NEEDED)") != std::string::npos ||
           read.out.find("INTERP") != std::string::npos;
  };
  CHECK_FALSE(needs(kPortable));
  CHECK(needs(RELEASE_BINARY));
  // It is position-independent, so address randomization works.
  CHECK(RunShell(std::string("readelf -h ") + kPortable).out.find("DYN") !=
        std::string::npos);
}

TEST_CASE(
    "in an empty root, on old kernels too, all of a release's life works") {
  HttpServer server([](const std::string&) { return HttpAnswer(200, ""); });
  const std::string here = "127.0.0.1:" + std::to_string(server.port());
  for (const char* lacking : {kAll, kLinux44, kLinux315}) {
    CAPTURE(lacking);
    const Jail jail;
    boost::filesystem::create_directory(jail.path() + "/srv");
    jail.Configure("[healthcheck]\ntcp = \"" + here +
                   "\"\ninterval = \"100ms\"\nmin_healthy_time = \"200ms\"\n");
    CHECK(jail.Exit(lacking, {"init"}) == 0);
    CHECK(jail.Exit(lacking, {"deploy", "/a-1.0.tar.gz"}) == 0);
    CHECK(jail.Exit(lacking, {"deploy", "/a-2.0.zip"}) == 0);
    CHECK(jail.Exit(lacking, {"deploy", "/a-3.0.7z"}) == 0);
    CHECK(jail.Live() == "releases/3.0");
    for (const char* version : {"1.0", "2.0", "3.0"}) {
      CHECK(Slurp(jail.path() + "/srv/releases/" + version +
                  "/in/caf\xC3\xA9 \xE6\x97\xA5") == "accents\n");
    }
    CHECK(jail.Exit(lacking, {"rollback"}) == 0);
    CHECK(jail.Live() == "releases/2.0");
    CHECK(jail.Exit(lacking, {"deploy", "/a-1.0.tar.gz", "--version", "4.0",
                              "--confirm-within", "500ms"}) == 4);
    CHECK(jail.Live() == "releases/2.0");
    CHECK(jail.Exit(lacking, {"verify", "--all"}) == 0);
    CHECK(jail.Exit(lacking, {"status"}) == 0);
  }
}

TEST_CASE("control: an empty root and an old kernel do stop programs") {
  const Jail dynamic(RELEASE_BINARY);
  dynamic.Configure("");
  CHECK(dynamic.Exit(kAll, {"status"}) == 127);
  // renameat2 came with Linux 3.15. Without it a deploy looks before it
  // renames, but an exchange has no other way, so `check` fails.
  const Jail jail;
  boost::filesystem::create_directory(jail.path() + "/srv");
  jail.Configure("");
  CHECK(jail.Exit(kLinux310, {"init"}) == 0);
  CHECK(jail.Exit(kLinux310, {"deploy", "/a-1.0.tar.gz"}) == 0);
  CHECK(jail.Live() == "releases/1.0");
  const Finished checked = jail.Release(kLinux310, {"check"});
  CHECK(checked.exit == 8);
  CHECK(checked.out.find("the kernel lacks RENAME_NOREPLACE") !=
        std::string::npos);
}

TEST_CASE("owners come from /etc/passwd, without nsswitch.conf") {
  const Jail jail;
  boost::filesystem::create_directories(jail.path() + "/srv");
  boost::filesystem::create_directories(jail.path() + "/etc");
  Spill(jail.path() + "/etc/nsswitch.conf",
        "passwd: ldap\ngroup: sss ldap\nhosts: mdns\n");
  Spill(jail.path() + "/etc/passwd", "shop:x:4242:4343::/:/bin/sh\n");
  Spill(jail.path() + "/etc/group", "web:x:4444:\n");
  Spill(jail.path() + "/etc/hosts", "127.0.0.1 backend\n");
  HttpServer server([](const std::string&) { return HttpAnswer(200, ""); });
  jail.Configure(
      "[unpack]\nowner = \"shop:web\"\n[healthcheck]\ntcp = "
      "\"backend:" +
      std::to_string(server.port()) + "\"\nmin_healthy_time = \"0s\"\n");
  CHECK(jail.Exit(kAll, {"init"}) == 0);
  CHECK(jail.Exit(kAll, {"deploy", "/a-1.0.tar.gz"}) == 0);
  CHECK(RunShell("stat -c %u:%g " + jail.path() + "/srv/current/in/nothing")
            .out == "4242:4444\n");
  jail.Configure("[unpack]\nowner = \"nobody-here\"\n");
  CHECK(jail.Exit(kAll, {"deploy", "/a-2.0.zip"}) == 2);
}

TEST_CASE("getent resolves owners that only a directory service knows") {
  const Jail jail;  // only for its archives
  const std::string bin = jail.path() + "/bin";
  boost::filesystem::create_directory(bin);
  Spill(bin + "/getent",
        "#!/bin/sh\ncase \"$1 $2\" in\n"
        "'passwd remote-user') echo 'remote-user:*:5151:5252::/:/bin/sh' ;;\n"
        "'group remote-group') echo 'remote-group:*:5353:' ;;\n"
        "*) exit 2 ;;\nesac\n");
  boost::filesystem::permissions(bin + "/getent",
                                 boost::filesystem::perms(0755));
  const Site site;
  const auto deploy = [&](const char* program, const std::string& owner) {
    const std::string config =
        site.ConfigFile("c.toml", "[unpack]\nowner = \"" + owner + "\"\n");
    return RunShell("PATH=" + bin + ":$PATH " + program + " --config " +
                    config + " deploy " + jail.path() + "/a-1.0.tar.gz")
        .exit;
  };
  CHECK(deploy(RELEASE_BINARY, "remote-user:remote-group") == 2);
  CHECK(deploy(kPortable, "remote-user:nobody-here") == 2);
  CHECK(deploy(kPortable, "remote-user:remote-group") == 0);
  CHECK(RunShell("stat -c %u:%g " + site.root() + "/current/in/nothing").out ==
        "5151:5353\n");
}

TEST_CASE("the portable program opens nothing of another libc") {
  const TempDir dir;
  MakeTree(dir.path() + "/tree");
  Shell("cd " + dir.path() + "/tree; zip -qry ../a.zip .");
  Spill(dir.path() + "/c.toml",
        "root = \"" + dir.path() +
            "/srv\"\n[unpack]\nowner = \"nobody:nogroup\"\n[healthcheck]\n"
            "tcp = \"localhost:1\"\ndeadline = \"300ms\"\n");
  boost::filesystem::create_directory(dir.path() + "/srv");
  CHECK(OpenedOfHost(Traced(kPortable, dir)) == "");
  CHECK(OpenedOfHost(Traced(RELEASE_BINARY, dir)) != "");
}

TEST_CASE("the portable program speaks HTTP through the program curl") {
  HttpServer server([](const std::string&) { return HttpAnswer(200, "well"); });
  const Site site;
  const std::string config = site.ConfigFile(
      "c.toml",
      "[healthcheck]\nurl = \"" + server.Url("/up") +
          "\"\nexpect_body = \"well\"\ndeadline = \"2s\"\nmin_healthy_time = "
          "\"0s\"\n");
  const auto deploy = [&](const std::string& version, const std::string& path) {
    return RunShell("PATH=" + path + " " + kPortable + " --config " + config +
                    " deploy " + site.Archive(version) + " --version " +
                    version);
  };
  const Finished done = deploy("1.0", "$PATH");
  CHECK_MESSAGE(done.exit == 0, done.Describe());
  CHECK(site.Live() == "1.0");
  CHECK_FALSE(server.Requests().empty());
  const Finished failed = deploy("2.0", "/nowhere");
  CHECK(failed.exit == 1);  // before the switch
  CHECK(failed.err.find("install the package curl") != std::string::npos);
  CHECK(site.Live() == "1.0");
}

}  // namespace release
