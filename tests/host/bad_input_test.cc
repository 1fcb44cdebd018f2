// Input that the command refuses: the exit status and the error code, and that
// nothing has changed and nothing is left behind.
#include <doctest/doctest.h>

#include <boost/filesystem.hpp>

#include "host/site.h"
#include "support/archives.h"
#include "support/tar_builder.h"

namespace release {
namespace {

namespace bfs = boost::filesystem;

// A refusal writes its record and the text in the lock file, so these two are
// excluded from comparisons.
const std::vector<std::string> kRecorded = {".release/transactions",
                                            ".release/lock"};

struct Refused {
  int exit = 0;
  std::string code;
  std::string message;
  std::string detail;  // the lines below the message
};

// A site where 1.0 and 2.0 are good and 2.0 is live.
struct Fixture {
  Fixture() {
    site.Deploy("1.0");
    site.Deploy("2.0");
    archive = site.Archive("3.0");
  }

  // Runs the command, checks that it fails and changes nothing, and returns the
  // error.
  Refused Refuse(const std::vector<std::string>& words) {
    return RefuseAt(site.root(), words);
  }

  // As Refuse, on another root.
  Refused RefuseAt(const std::string& root,
                   const std::vector<std::string>& words) {
    std::vector<std::string> line = {RELEASE_BINARY, "--json", "--root", root};
    line.insert(line.end(), words.begin(), words.end());
    const auto before = Listing(site.root(), kRecorded);
    return Judge(Run(line), before);
  }

  // As Refuse, for a line of shell in which $deploy is a deploy with --json.
  Refused RefuseShell(const std::string& line) {
    const auto before = Listing(site.root(), kRecorded);
    return Judge(RunShell("deploy=\"$release --root " + site.root() +
                          " --json deploy --version 3.0\"; " + line),
                 before);
  }

  Refused Judge(const Finished& finished,
                const std::map<std::string, std::string>& before) {
    INFO(finished.Describe());
    CHECK(Listing(site.root(), kRecorded) == before);
    CHECK(Garbage(site.root()) == std::vector<std::string>{});
    CHECK_FALSE(RecordLeftOpen(site.root()));
    const auto object = nlohmann::json::parse(finished.out, nullptr,
                                              /*allow_exceptions=*/false);
    REQUIRE(object.is_object());
    CHECK(object["exit"] == finished.exit);
    CHECK(object["schema"] == 2);
    const std::string message = object["error"]["message"];
    CHECK(message.starts_with("cannot "));
    CHECK(finished.err.find(message) != std::string::npos);
    return {finished.exit, object["error"]["code"], message,
            object["error"]["detail"].dump()};
  }

  // Checks that the command is refused with this exit status and code, and that
  // the refusal is recorded.
  void CheckRecorded(const std::vector<std::string>& words, int exit,
                     const std::string& code) {
    CAPTURE(words);
    const Refused refused = Refuse(words);
    CHECK(refused.exit == exit);
    CHECK(refused.code == code);
    const nlohmann::json last = site.Status()["last"];
    CHECK(last["exit"] == exit);
    CHECK(last["code"] == code);
    CHECK(last["message"] == refused.message);
  }

  Site site;
  std::string archive;
};

std::string With(const Site& site, const std::string& name,
                 const std::string& text) {
  const std::string path = site.files() + "/" + name;
  Spill(path, text);
  return path;
}

TEST_CASE_FIXTURE(Fixture, "what is no archive is refused") {
  CheckRecorded({"deploy", site.files() + "/nowhere.tar"}, 3,
                "archive-unreadable");
  CheckRecorded({"deploy", site.files()}, 3, "archive-unreadable");
  CheckRecorded({"deploy", "/dev/zero"}, 3, "archive-unreadable");
  CheckRecorded({"deploy", With(site, "empty.tar", "")}, 3, "archive-empty");
  CheckRecorded({"deploy", With(site, "no.tar", TarBuilder().Bytes())}, 3,
                "archive-empty");
  CheckRecorded({"deploy", With(site, "text.tar", std::string(5000, 'x'))}, 3,
                "archive-unsupported");
}

TEST_CASE_FIXTURE(Fixture, "a cut archive of any format is refused") {
  const std::string tree = site.files() + "/tree";
  bfs::create_directories(tree);
  Spill(tree + "/noise", Noise(60'000, 1));
  Spill(tree + "/last", "last\n");
  for (const std::string form :
       {"tar", "tar.gz", "tar.bz2", "tar.xz", "tar.zst", "cpio", "zip", "7z"}) {
    const std::string whole = site.files() + "/whole." + form;
    Shell("bsdtar -a -cf " + whole + " -C " + tree + " .");
    const std::string bytes = Slurp(whole);
    for (const std::size_t size :
         {bytes.size() / 2, bytes.size() - 20, bytes.size() - 1}) {
      CAPTURE(form);
      CAPTURE(size);
      const std::string cut = With(site, "cut." + form, bytes.substr(0, size));
      CheckRecorded({"deploy", cut, "--version", "3.0"}, 3,
                    "archive-truncated");
    }
    // Control: the whole archive is accepted.
    site.Must({"--dry-run", "deploy", whole, "--version", "3.0"});
  }
}

TEST_CASE_FIXTURE(Fixture, "a stream cut in the middle is refused") {
  for (const char* filter : {"cat", "gzip", "zstd -q"}) {
    CAPTURE(filter);
    Shell("head -c 300000 /dev/urandom > " + site.files() + "/noise; tar -C " +
          site.files() + " -cf - noise | " + filter + " > " + site.files() +
          "/stream");
    const Refused refused =
        RefuseShell("head -c 150000 " + site.files() + "/stream | $deploy -");
    CHECK(refused.exit == 3);
    CHECK(refused.code == "archive-truncated");
  }
}

TEST_CASE_FIXTURE(Fixture, "a wrong checksum is refused") {
  const std::string wrong(64, 'a');
  CheckRecorded({"deploy", archive, "--sha256", wrong}, 3, "checksum-mismatch");
  CheckRecorded({"deploy", archive, "--sha256", "abc"}, 2, "usage");
  const std::string beside = archive + ".sha256";
  Spill(beside, wrong + "  3.0.tar\n");
  CheckRecorded({"deploy", archive}, 3, "checksum-mismatch");
  Spill(beside, "not a checksum\n");
  CheckRecorded({"deploy", archive}, 3, "checksum-unreadable");
  bfs::remove(beside);
  Spill(site.files() + "/SHA256SUMS", wrong + "  3.0.tar\n");
  CheckRecorded({"deploy", archive}, 3, "checksum-mismatch");
}

TEST_CASE_FIXTURE(Fixture, "evidence that is required must be given") {
  const std::string config =
      site.ConfigFile("shop.toml", "[verify]\nrequire = [\"checksum\"]\n");
  CheckRecorded({"--config", config, "deploy", archive}, 3, "evidence-missing");
}

TEST_CASE_FIXTURE(Fixture,
                  "an archive with an entry that leads out is refused") {
  const std::string path =
      With(site, "evil.tar",
           TarBuilder().File("fine", "1").File("../../evil", "2").Bytes());
  CheckRecorded({"deploy", path, "--version", "3.0"}, 3, "unsafe-entry");
}

TEST_CASE_FIXTURE(Fixture, "wrong words and names are usage errors") {
  const std::vector<std::vector<std::string>> lines = {
      {"frobnicate"},
      {},
      {"deploy"},
      {"deploy", archive, "--nope"},
      {"rollback", "--wait=soon"},
      {"deploy", archive, "--confirm-within", "1 parsec"},
      {"status", "--color", "purple"},
      {"deploy", archive, "another"}};
  for (const auto& words : lines) {
    CAPTURE(words);
    const Refused refused = Refuse(words);
    CHECK(refused.exit == 2);
    CHECK(refused.code == "usage");
  }
  for (const std::string name :
       {"../evil", ".hidden", "a/b", "with space", "-x\n"}) {
    const Refused refused = Refuse({"deploy", archive, "--version=" + name});
    CHECK(refused.exit == 2);
    CHECK(refused.code == "version-invalid");
  }
}

TEST_CASE_FIXTURE(Fixture, "a release that is not there is exit 7") {
  for (const char* command : {"activate", "rollback", "pin", "unpin"}) {
    CheckRecorded({command, "9.9"}, 7, "no-such-release");
  }
  for (const char* command : {"verify", "diff"}) {
    const Refused refused = Refuse({command, "9.9"});
    CHECK(refused.exit == 7);
    CHECK(refused.code == "no-such-release");
  }
}

TEST_CASE_FIXTURE(Fixture,
                  "a config's errors are all told, each with its place") {
  const std::string path = site.ConfigFile(
      "shop.toml", "keep_release = 3\n[healthcheck]\n  deadline = \"soon\"\n");
  const Refused refused = Refuse({"--config", path, "rollback"});
  CHECK(refused.exit == 2);
  CHECK(refused.code == "config-invalid");
  CHECK(refused.detail.find("shop.toml:2:1: ") != std::string::npos);
  CHECK(refused.detail.find("keep_release") != std::string::npos);
  CHECK(refused.detail.find("shop.toml:4:") != std::string::npos);
  CHECK(refused.detail.find("deadline") != std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "a config that does not parse or is not there") {
  const std::string path =
      site.ConfigFile("shop.toml", "keep_releases = = 3\n");
  const Refused broken = Refuse({"--config", path, "rollback"});
  CHECK(broken.exit == 2);
  CHECK(broken.code == "config-invalid");
  CHECK(broken.detail.find("shop.toml:2:") != std::string::npos);
  const Refused missing =
      Refuse({"--config", site.files() + "/none.toml", "rollback"});
  CHECK(missing.exit == 2);
  CHECK(missing.code == "config-unreadable");
}

TEST_CASE_FIXTURE(Fixture, "root does not use a config that others can write") {
  const std::string path = site.ConfigFile("shop.toml", "");
  for (const unsigned mode : {0666U, 0664U}) {
    bfs::permissions(path, bfs::perms(mode));
    const Refused refused = Refuse({"--config", path, "rollback"});
    CHECK(refused.exit == 2);
    CHECK(refused.code == "config-unsafe");
  }
  bfs::permissions(path, bfs::perms(0600));
  REQUIRE(site.Release({"--config", path, "rollback"}).exit == 0);
}

TEST_CASE_FIXTURE(Fixture, "the same version with other content is refused") {
  const std::string other = site.Archive("2.0", "-other");
  CheckRecorded({"deploy", other, "--version", "2.0"}, 3, "version-conflict");
  CheckRecorded({"stage", other, "--version", "1.0"}, 3, "version-conflict");
}

TEST_CASE_FIXTURE(Fixture, "a root that cannot be written is told as such") {
  const std::string sealed = site.files() + "/sealed";
  const PrivateMount mount("-o bind,ro " + site.root(), sealed);
  for (const char* command : {"rollback", "prune", "recover"}) {
    const Refused refused = RefuseAt(sealed, {command});
    CHECK(refused.exit == 1);
    CHECK(refused.code == "read-only");
  }
  const Refused refused = RefuseAt(sealed, {"deploy", archive});
  CHECK(refused.exit == 1);
  CHECK(refused.code == "read-only");
  CHECK(refused.message.find(sealed) != std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "a root that is none is told as such") {
  const std::string bare = site.files() + "/bare";
  bfs::create_directories(bare);
  const std::string plain = With(site, "plain", "a file\n");
  for (const std::string& root : {bare, plain, site.files() + "/nowhere"}) {
    for (const char* command : {"rollback", "recover", "status", "list",
                                "history", "verify", "confirm", "abort"}) {
      CAPTURE(root);
      CAPTURE(command);
      const Refused refused = RefuseAt(root, {command});
      CHECK(refused.exit == 2);
      CHECK(refused.code == "not-initialized");
    }
  }
  CHECK(bfs::is_empty(bare));
  CHECK(Slurp(plain) == "a file\n");
}

TEST_CASE_FIXTURE(Fixture, "a `current` that is a directory is not lost") {
  bfs::remove(site.root() + "/current");
  bfs::create_directories(site.root() + "/current/precious");
  CheckRecorded({"deploy", archive, "--version", "3.0"}, 2,
                "current-not-a-link");
  CheckRecorded({"activate", "1.0"}, 2, "current-not-a-link");
  CHECK(bfs::is_directory(site.root() + "/current/precious"));
  // A rollback must work even now; it moves the directory aside.
  site.Must({"rollback", "1.0"});
  CHECK(site.Live() == "1.0");
  CHECK(bfs::is_directory(site.root() + "/current-before-000005/precious"));
}

}  // namespace
}  // namespace release
