// Gives six hundred hostile archives, made by rig/hostile_archives.py, to the
// built command. A refused archive must leave nothing behind; an accepted one
// must stay inside its release. The tests run with and without openat2, and
// while another process replaces the target directories with links.
//
// scripts/torture runs a thousand rounds of the races.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <boost/filesystem.hpp>
#include <cerrno>
#include <cstdio>
#include <set>
#include <thread>

#include "host/site.h"
#include "support/archives.h"
#include "support/tar_builder.h"
#include "support/torture.h"

namespace release {
namespace {

namespace bfs = boost::filesystem;
using nlohmann::json;

constexpr char kRig[] =
    RELEASE_SOURCE_DIR "/tests/host/rig/hostile_archives.py";

// Makes openat2 fail with ENOSYS for this thread and the programs that it
// starts.
void ForgetOpenat2() {
  std::array<sock_filter, 4> filter = {{
      {BPF_LD | BPF_W | BPF_ABS, 0, 0, 0},
      {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, SYS_openat2},
      {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | ENOSYS},
      {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW},
  }};
  sock_fprog program = {filter.size(), filter.data()};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0) {
    throw std::runtime_error("cannot forbid openat2");
  }
}

bool HasControlCharacters(const std::string& text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte < 0x20 && byte != '\n') || byte == 0x7F) return true;
    if (byte == 0xC2 && i + 1 < text.size() &&
        static_cast<unsigned char>(text[i + 1]) < 0xA0) {
      return true;
    }
  }
  return false;
}

class Gauntlet {
 public:
  Gauntlet() {
    bfs::create_directories(archives_);
    bfs::create_directories(canary_);
    Spill(canary_ + "/kept", "kept\n");
    const Finished made = Run({"python3", kRig, "make", archives_, canary_});
    REQUIRE_MESSAGE(made.exit == 0, made.Describe());
    index_ = json::parse(Slurp(archives_ + "/index.json"));
    site_.Deploy("1.0");
  }

  void RunAll() {
    std::set<std::string> attacks;
    std::map<std::string, unsigned> codes;
    for (const json& item : index_) {
      CAPTURE(item.dump());
      attacks.insert(item["attack"].get<std::string>());
      ++codes[OfferToRelease(item)];
    }
    MESSAGE(index_.size() << " archives of " << attacks.size()
                          << " kinds: " << json(codes).dump());
    CHECK(index_.size() > 500);
    CHECK(codes["unsafe-entry"] > 300);
    CHECK(codes["unpacked"] > 20);
    CHECK(codes["unpacked"] < 80);
    CHECK(site_.Release({"verify", "--all"}).exit == 0);
  }

 private:
  // Stages the archive and makes all checks. Returns the error code, or
  // "unpacked".
  std::string OfferToRelease(const json& item) {
    const auto before = Look();
    const Finished finished = site_.Release(
        {"--json", "stage", archives_ + "/" + item["file"].get<std::string>(),
         "--version", "9.9"});
    INFO(finished.Describe());
    CHECK_FALSE(HasControlCharacters(finished.err));
    const json object = json::parse(finished.out, nullptr, false);
    REQUIRE(object.is_object());
    if (finished.exit == 0) {
      CHECK(item["accept"] == true);
      CheckTree(site_.root() + "/releases/9.9");
      CHECK(site_.Release({"verify", "9.9"}).exit == 0);
      bfs::remove_all(site_.root() + "/releases/9.9");
      bfs::remove(site_.root() + "/.release/manifests/9.9");
    } else {
      CHECK(finished.exit == 3);
      CHECK(
          object["error"]["message"].get<std::string>().starts_with("cannot "));
    }
    CHECK((Look() == before));
    return finished.exit == 0 ? "unpacked"
                              : object["error"]["code"].get<std::string>();
  }

  // Lists everything that a refusal must not change.
  std::map<std::string, std::string> Look() const {
    auto all = Listing(own_.path(), {"disk/root/.release/transactions",
                                     "disk/root/.release/lock", "archives"});
    // The links that are kept ready for the next switch may be replaced.
    std::erase_if(all, [](const auto& item) {
      return item.first.find("/.release/link-") != std::string::npos;
    });
    return all;
  }

  // Checks that the tree contains only files, directories and links, no
  // permissions beyond 0755, and no hard links.
  static void CheckTree(const std::string& tree) {
    for (const auto& entry : bfs::recursive_directory_iterator(tree)) {
      const bfs::file_status status = entry.symlink_status();
      CAPTURE(entry.path().string());
      CHECK((bfs::is_regular_file(status) || bfs::is_directory(status) ||
             bfs::is_symlink(status)));
      if (bfs::is_symlink(status)) continue;
      CHECK((static_cast<unsigned>(status.permissions()) & ~0755U) == 0);
      if (bfs::is_directory(status)) continue;
      CHECK(bfs::hard_link_count(entry.path()) == 1);
    }
  }

  TempDir own_;
  std::string archives_ = own_.path() + "/archives";
  std::string canary_ = own_.path() + "/canary";
  // In memory, because each attempt syncs.
  PrivateMount mount_{"-t tmpfs -o size=256m none", own_.path() + "/disk"};
  Site site_{own_.path() + "/disk"};
  json index_;
};

TEST_CASE("no hostile archive leaves its place or anything behind") {
  Gauntlet().RunAll();
}

TEST_CASE("no hostile archive leaves its place without openat2") {
  std::jthread([] {
    ForgetOpenat2();
    // Checks that the filter works; otherwise this test would repeat the last.
    REQUIRE(syscall(SYS_openat2, -1, "", nullptr, 0) == -1);
    REQUIRE(errno == ENOSYS);
    Gauntlet().RunAll();
  }).join();
}

// -- a process that replaces directories with links

// Exchanges, as fast as it can, the given directories and all directories below
// them with a link to the canary, and back. It runs as root, so file modes do
// not stop it.
class Racer {
 public:
  Racer(std::vector<std::string> directories, std::string canary)
      : directories_(std::move(directories)),
        canary_(std::move(canary)),
        link_(canary_ + ".link") {
    bfs::create_symlink(canary_, link_);
    thread_ = std::jthread([this](const std::stop_token& stop) {
      while (!stop.stop_requested()) Swap();
    });
  }
  // The number of exchanges of this directory and those below it.
  unsigned SwapsIn(std::size_t directory) const { return swaps_[directory]; }

 private:
  void Swap() {
    for (std::size_t i = 0; i < directories_.size(); ++i) {
      boost::system::error_code error;
      for (bfs::recursive_directory_iterator it(directories_[i], error), end;
           !error && it != end; it.increment(error)) {
        if (it->symlink_status(error).type() == bfs::directory_file) {
          SwapOne(it->path().string(), i);
        }
      }
      SwapOne(directories_[i], i);
    }
  }

  bool Exchange(const std::string& path) const {
    return renameat2(AT_FDCWD, path.c_str(), AT_FDCWD, link_.c_str(),
                     RENAME_EXCHANGE) == 0;
  }

  // RENAME_EXCHANGE, so that the path exists at every moment.
  void SwapOne(const std::string& path, std::size_t directory) {
    // The command may have replaced the link, so `link_` may now be one of its
    // directories; make a new link.
    if (!bfs::is_symlink(bfs::symlink_status(link_))) MakeLink();
    if (!Exchange(path)) return;
    // The link stays alternately for an instant, and for about the time of one
    // or two file creations.
    if (++swaps_[directory] % 2 == 0) {
      std::this_thread::yield();
    } else {
      std::this_thread::sleep_for(std::chrono::microseconds(20));
    }
    // If the link at `path` was removed meanwhile, the exchange back fails and
    // the directory stays at `link_`; it is discarded.
    if (!Exchange(path)) MakeLink();
  }

  void MakeLink() const {
    boost::system::error_code ignored;
    bfs::remove_all(link_, ignored);
    bfs::create_symlink(canary_, link_, ignored);
  }

  std::vector<std::string> directories_;
  std::string canary_;
  std::string link_;
  std::array<std::atomic<unsigned>, 2> swaps_{};
  std::jthread thread_;
};

struct Race {
  Race() {
    Plant();
    TarBuilder tar;
    for (int folder = 0; folder < 10; ++folder) {
      const std::string name = "d" + std::to_string(folder);
      tar.Directory(name).Directory(name + "/e");
      for (int file = 0; file < 10; ++file) {
        const std::string in = "/f" + std::to_string(file);
        tar.File(name + in, "x").File(name + "/e" + in, "x");
      }
    }
    Spill(archive, tar.Bytes());
    Spill(own.path() + "/cut.tar", tar.Bytes().substr(0, 5000));
  }
  // Makes the canary, with files of the same names as in the archive, so that
  // overwriting and removing them is noticed too.
  void Plant() const {
    bfs::remove_all(canary);
    bfs::create_directories(canary + "/e");
    for (const char* name : {"/f9", "/e/f9"}) Spill(canary + name, "kept\n");
  }
  // Returns the paths in the canary that were added, changed or removed.
  std::set<std::string> Strange() const {
    std::set<std::string> found;
    std::set<std::string> missing = {"e", "e/f9", "f9"};
    for (const auto& entry : bfs::recursive_directory_iterator(canary)) {
      const std::string path = entry.path().lexically_relative(canary).string();
      const bool same =
          bfs::is_directory(entry.status()) || Slurp(entry.path()) == "kept\n";
      if (missing.erase(path) == 0 || !same) found.insert(path);
    }
    found.merge(missing);
    return found;
  }

  TempDir own;
  PrivateMount mount{"-t tmpfs -o size=256m none", own.path() + "/disk"};
  std::string archive = own.path() + "/race.tar";
  std::string canary = own.path() + "/disk/canary";
};

int Rounds() { return Torture() ? 1000 : 60; }

TEST_CASE("control: bsdtar and cp write outside in the same race") {
  Race race;
  const std::string out = race.own.path() + "/disk/out";
  const std::string box = race.own.path() + "/disk/incoming";
  bfs::create_directories(out);
  bfs::create_directories(box + "/rejected");
  const Racer racer({out, box}, race.canary);
  int unpackings = 0;
  CHECK(Eventually([&] {
    Run({"bsdtar", "-xf", race.archive, "-C", out});
    ++unpackings;
    return !race.Strange().empty();
  }));
  MESSAGE("bsdtar wrote outside in unpacking " << unpackings);
  race.Plant();
  CHECK(Eventually([&] {
    Run({"cp", race.archive, box + "/rejected/moved"});
    return bfs::exists(race.canary + "/moved");
  }));
}

// Stages the archive from elsewhere, or processes a good or a truncated upload
// in the drop box, depending on the round.
Finished RacedRound(const Race& race, const Site& site, int round) {
  const std::string version = "1." + std::to_string(round);
  if (round % 2 == 0) {
    return site.Release({"stage", race.archive, "--version", version});
  }
  const std::string name = "app-" + version + ".tar";
  RunShell("cd " + site.root() + "/incoming && rm -f app-*; cp " +
           race.own.path() + (round % 4 == 1 ? "/race.tar " : "/cut.tar ") +
           name + " && sha256sum " + name + " > " + name + ".sha256");
  return site.Release({"intake"});
}

void RaceRelease() {
  Race race;
  const Site site(race.own.path() + "/disk");
  const std::string releases = site.root() + "/releases";
  const std::string incoming = site.root() + "/incoming";
  bfs::create_directories(incoming + "/rejected");
  std::map<std::string, int> exits;
  std::array<unsigned, 2> swaps{};
  {
    const Racer racer({releases, incoming}, race.canary);
    // On a busy machine the racer runs less often, so more rounds are needed.
    const auto raced = [&] {
      swaps = {racer.SwapsIn(0), racer.SwapsIn(1)};
      return swaps[0] > 100 && swaps[1] > 100;
    };
    for (int i = 0; i < Rounds() || (!raced() && i < 10 * Rounds()); ++i) {
      const Finished finished = RacedRound(race, site, i);
      INFO(finished.Describe());
      // This test's own copies into the drop box use a path, so they may land
      // in the canary.
      for (const std::string& name : race.Strange()) {
        CAPTURE(name);
        REQUIRE((name.starts_with("app-") && !name.ends_with(".json")));
        bfs::remove(race.canary + "/" + name);
      }
      CHECK(finished.signal == 0);
      CHECK_FALSE(finished.timed_out);
      CHECK(finished.exit <= 5);
      ++exits[(i % 2 == 0 ? "stage " : "intake ") +
              std::to_string(finished.exit)];
      // Partial trees remain, so that the next command removes them under the
      // same race; whole releases are removed here.
      if (i % 10 == 9) RunShell("cd " + releases + " && rm -rf 1.*");
    }
  }
  MESSAGE(swaps[0] << " swaps in releases, " << swaps[1]
                   << " in incoming, exits " << json(exits).dump());
  CHECK(swaps[0] > 100);
  CHECK(swaps[1] > 100);
}

TEST_CASE("a process that swaps directories for links moves nothing out") {
  RaceRelease();
}

TEST_CASE("a process that swaps directories moves nothing without openat2") {
  std::jthread([] {
    ForgetOpenat2();
    RaceRelease();
  }).join();
}

}  // namespace
}  // namespace release
