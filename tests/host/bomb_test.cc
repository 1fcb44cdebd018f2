// Small archives that would use much space, time or memory. The command must
// refuse them as soon as they exceed a limit, in bounded memory, and leave
// nothing behind.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/filesystem.hpp>
#include <cstring>
#include <functional>

#include "host/site.h"
#include "support/archives.h"
#include "support/tar_builder.h"
#include "support/torture.h"

namespace release {
namespace {

namespace bfs = boost::filesystem;
using nlohmann::json;

struct Measured {
  int exit = -1;
  long peak = 0;  // peak resident memory in KiB
  std::string out;
};

// Runs a program with its stdout in the file `out`. `feed`, if given, writes to
// the program's stdin; it must return when a write fails.
Measured Measure(const std::vector<std::string>& line, const std::string& out,
                 const std::function<void(int)>& feed = nullptr) {
  signal(SIGPIPE, SIG_IGN);
  int ends[2] = {-1, -1};
  REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
  const pid_t pid = fork();
  if (pid == 0) {
    dup2(ends[0], STDIN_FILENO);
    const int fd = open(out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    dup2(fd, STDOUT_FILENO);
    std::vector<char*> words;
    for (const std::string& word : line) {
      words.push_back(const_cast<char*>(word.c_str()));
    }
    words.push_back(nullptr);
    execv(words[0], words.data());
    _exit(127);
  }
  close(ends[0]);
  if (feed) feed(ends[1]);
  close(ends[1]);
  int status = 0;
  rusage usage = {};
  wait4(pid, &status, 0, &usage);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, usage.ru_maxrss,
          Slurp(out)};
}

struct Bombed {
  Bombed() { site.Deploy("1.0"); }

  // Runs the command and checks that it fails with exit status 3 and `code`,
  // uses less than `most_mebibytes` of memory, and changes nothing.
  void CheckRefused(const std::vector<std::string>& words,
                    const std::string& code, long most_mebibytes,
                    const std::function<void(int)>& feed = nullptr) {
    const auto before =
        Listing(site.root(), {".release/transactions", ".release/lock"});
    std::vector<std::string> all = {"--json"};
    all.insert(all.end(), words.begin(), words.end());
    const Measured measured =
        Measure(site.CommandLine(all), site.files() + "/out", feed);
    INFO(measured.out);
    CHECK(measured.exit == 3);
    CHECK(json::parse(measured.out)["error"]["code"] == code);
    MESSAGE(words.back() << ": " << measured.peak / 1024 << " MiB");
    CHECK(measured.peak < most_mebibytes * 1024);
    CHECK((Listing(site.root(), {".release/transactions", ".release/lock"}) ==
           before));
    CHECK(Garbage(site.root()) == std::vector<std::string>{});
  }

  TempDir own;
  // In memory, because the speed of the disk is not under test.
  PrivateMount mount{"-t tmpfs -o size=1g none", own.path() + "/disk"};
  Site site{own.path() + "/disk"};
};

// Limits of memory in MiB: for a normal refusal, and for archives that fill the
// memory that the reader may use.
constexpr long kSmall = 64;
constexpr long kFlood = 256;

// Makes an archive with rig/bombs.py (`count` as described there) and
// compresses it with the command `pack` if that is not empty. Returns its path.
std::string Bomb(const Site& site, const std::string& kind,
                 const std::string& end, std::uint64_t count,
                 const std::string& pack = "") {
  const std::string path = site.files() + "/" + kind + end;
  Shell("python3 " RELEASE_SOURCE_DIR "/tests/host/rig/bombs.py " + kind + " " +
        path + " " + std::to_string(count));
  if (!pack.empty()) Shell(pack + " < " + path + " > " + path + ".x");
  return pack.empty() ? path : path + ".x";
}

TEST_CASE_FIXTURE(Bombed, "a 42 KB bomb is refused, in every compression") {
  const std::string bombs[][2] = {
      // Concatenated streams count as one, so the same few bytes can be
      // repeated.
      {"bz2", "head -c 50M /dev/zero | bzip2"},
      {"zst", "head -c 100M /dev/zero | zstd -q"},
      {"xz", "head -c 20M /dev/zero | xz -1"},
      {"gz", "head -c 20M /dev/zero | gzip"},
  };
  for (const auto& [suffix, zeros] : bombs) {
    const std::string path = site.files() + "/bomb.tar." + suffix;
    const std::string pack = zeros.substr(zeros.find('|') + 1);
    // The header of a file of 8 GiB, followed by as many compressed zeros as
    // fit into 42 KB. With gzip these are too few to reach the limit, so the
    // archive counts as truncated.
    Shell("cd " + site.files() +
          "; truncate -s 8G f; tar -cf - f 2>/dev/null |"
          " head -c 512 |" +
          pack + " > " + path + "; rm f; " + zeros +
          " > zeros; while [ $(stat -c %s " + path +
          ") -lt 42000 ]; do cat "
          "zeros; done >> " +
          path);
    CheckRefused({"deploy", "--version", "2.0", path},
                 suffix == "gz" ? "archive-truncated" : "limit-exceeded",
                 kSmall);
  }
}

TEST_CASE_FIXTURE(Bombed, "a zip bomb of many layers is taken for one layer") {
  Shell("cd " + site.files() +
        "; head -c 50M /dev/zero > 0; zip -q 1.zip 0; "
        "for i in 1 2 3 4 5 6 7 8 9; do cp 1.zip $i-1.zip; done; "
        "zip -q 2.zip ?-1.zip; rm 0");
  // Archives inside an archive are files; the command does not unpack them.
  CHECK(site.Release({"stage", "--version", "2.0", site.files() + "/2.zip"})
            .exit == 0);
  CHECK(bfs::file_size(site.root() + "/releases/2.0/1-1.zip") < 100'000);
  Shell("cd " + site.files() +
        "; head -c 300M /dev/zero > 0; zip -q b.zip 0; "
        "rm 0");
  CheckRefused({"deploy", "--version", "3.0", site.files() + "/b.zip"},
               "limit-exceeded", kSmall);
}

// The disk holds 1 GiB.
TEST_CASE_FIXTURE(Bombed,
                  "a sparse file of 4 GiB takes no room, or is refused") {
  const std::string config =
      site.ConfigFile("small.toml", "[unpack]\nmax_size = \"16MiB\"\n");
  for (const std::string form : {"gnu", "pax"}) {
    const std::string path = site.files() + "/sparse." + form + ".tar";
    Shell("cd " + site.files() + "; truncate -s 4G f; tar --format=" + form +
          " -Scf " + path + " f; rm f");
    CheckRefused({"--config", config, "deploy", "--version", "2.0", path},
                 "limit-exceeded", kSmall);
    CHECK(site.Release({"stage", "--version", form, path}).exit == 0);
    const std::string made = site.root() + "/releases/" + form + "/f";
    CHECK(bfs::file_size(made) == std::uintmax_t{4} << 30);
    Shell("test $(stat -c %b " + made + ") -lt 100");
  }
}

TEST_CASE_FIXTURE(Bombed, "archives in their own compression are no archives") {
  Shell("cd " + site.files() +
        "; cp 1.0.tar q; for i in 1 2 3 4 5 6 7 8 9; do "
        "gzip -c q > r; mv r q; done");
  CheckRefused({"deploy", "--version", "2.0", site.files() + "/q"},
               "archive-unsupported", kSmall);
  const std::string quine = Bomb(site, "quine", ".tar.gz", 0);
  // Proves that it is a quine: it unpacks to itself.
  Shell("gzip -dc < " + quine + " | cmp - " + quine);
  CheckRefused({"deploy", "--version", "2.0", quine}, "archive-unsupported",
               kSmall);
}

TEST_CASE_FIXTURE(Bombed,
                  "what costs more to look at than to send is refused") {
  const bool full = Torture();
  const std::string few =
      site.ConfigFile("few.toml", "[unpack]\nmax_entries = 20000\n");
  const auto check = [&](const std::string& path, const std::string& code,
                         long most) {
    std::vector<std::string> words = {"deploy", "--version", "2.0", path};
    if (!full) words.insert(words.begin(), {"--config", few});
    CheckRefused(words, code, most);
    boost::filesystem::remove(path);
  };
  const auto many = [&](std::uint64_t some, std::uint64_t all) {
    return full ? all : some;
  };
  check(Bomb(site, "sparse", ".tar", many(2'000'000, 16'000'000), "zstd -q"),
        "limit-exceeded", kSmall);
  check(Bomb(site, "junk", ".tar", many(20'000'000, 60'000'000), "zstd -q"),
        "archive-corrupt", kSmall);
  check(Bomb(site, "manifest", ".tar", many(200'000, 3'000'000)),
        "limit-exceeded", full ? kFlood : kSmall);
  for (const char* kind : {"lines", "thin"}) {
    check(Bomb(site, kind, ".tar", 10'000'000), "limit-exceeded", kSmall);
  }
  check(Bomb(site, "zip", ".zip", many(30'000, 3'000'000)), "limit-exceeded",
        kSmall);
  check(Bomb(site, "shared", ".cpio", many(19'000, 150'000)), "limit-exceeded",
        kSmall);
  // First with a list that fits into the memory of the reader, then with one
  // that does not.
  check(Bomb(site, "list", ".7z", many(100'000, 2'000'000)), "limit-exceeded",
        full ? kFlood : kSmall);
  check(Bomb(site, "list", ".7z", 30'000'000), "limit-exceeded", kFlood + 64);
}

// Writes a tar of empty files with distinct names to the pipe, until `count`
// are written or the reader closes it.
void FeedEntries(int pipe, unsigned count) {
  const std::string block =
      TarBuilder().File("f0000000", "").Bytes().substr(0, 512);
  std::string batch;
  for (unsigned i = 0; i < count; ++i) {
    std::string header = block;
    std::snprintf(header.data(), 9, "f%07u", i % 10'000'000);
    std::memset(header.data() + 148, ' ', 8);
    unsigned sum = 0;
    for (const char c : header) sum += static_cast<unsigned char>(c);
    std::snprintf(header.data() + 148, 7, "%06o", sum);
    batch += header;
    if (batch.size() < 65'536) continue;
    for (std::size_t at = 0; at < batch.size();) {
      const ssize_t n = write(pipe, batch.data() + at, batch.size() - at);
      if (n < 0) return;
      at += static_cast<std::size_t>(n);
    }
    batch.clear();
  }
}

TEST_CASE_FIXTURE(Bombed, "ten million empty entries are refused") {
  const auto flood = [](int pipe) { FeedEntries(pipe, 10'000'000); };
  const std::string config =
      site.ConfigFile("few.toml", "[unpack]\nmax_entries = 20000\n");
  CheckRefused({"--config", config, "deploy", "--version", "2.0", "-"},
               "limit-exceeded", kSmall, flood);
  // The default limit is a million entries, whose names need more memory.
  CheckRefused({"deploy", "--dry-run", "--version", "2.0", "-"},
               "limit-exceeded", kFlood, flood);
  if (Torture()) {
    CheckRefused({"deploy", "--version", "2.0", "-"}, "limit-exceeded", kFlood,
                 flood);
  }
}

TEST_CASE_FIXTURE(Bombed, "directories 100,000 deep are refused") {
  const std::string python =
      "import tarfile, io\n"
      "t = tarfile.open('" +
      site.files() +
      "/deep.tar', 'w', format=1)\n"
      "name = 'd/' * 100000 + 'f'\n"
      "t.addfile(tarfile.TarInfo(name), io.BytesIO())\nt.close()\n"
      "t = tarfile.open('" +
      site.files() +
      "/chain.tar', 'w', format=1)\n"
      "for i in range(1, 2000):\n"
      "  e = tarfile.TarInfo('d/' * i); e.type = tarfile.DIRTYPE; "
      "t.addfile(e)\n"
      "t.close()\n";
  const Finished made = Run({"python3", "-c", python});
  REQUIRE_MESSAGE(made.exit == 0, made.Describe());
  for (const char* name : {"/deep.tar", "/chain.tar"}) {
    CheckRefused({"deploy", "--version", "2.0", site.files() + name},
                 "unsafe-entry", kSmall);
  }
}

}  // namespace
}  // namespace release
