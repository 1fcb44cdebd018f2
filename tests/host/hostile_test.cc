// Archives that attack: six hundred of them, made by rig/hostile_archives.py,
// each offered to the built command. What is refused leaves nothing; what is
// not refused stays inside. With openat2 and without it, and while somebody
// swaps the directories that are unpacked into for links.
//
// scripts/torture takes more of the races.
#include <doctest/doctest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <filesystem>
#include <set>
#include <thread>

#include "host/site.h"
#include "support/archives.h"
#include "support/tar_builder.h"

namespace release {
namespace {

namespace stdfs = std::filesystem;
using nlohmann::json;

constexpr char kRig[] =
    RELEASE_SOURCE_DIR "/tests/host/rig/hostile_archives.py";

// From here on openat2 is unknown to this thread and what it starts.
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
    stdfs::create_directories(archives_);
    stdfs::create_directories(canary_);
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
      ++codes[Offer(item)];
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
  // How it was refused, or "unpacked".
  std::string Offer(const json& item) {
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
      stdfs::remove_all(site_.root() + "/releases/9.9");
      stdfs::remove(site_.root() + "/.release/manifests/9.9");
    } else {
      CHECK(finished.exit == 3);
      CHECK(
          object["error"]["message"].get<std::string>().starts_with("cannot "));
    }
    CHECK((Look() == before));
    return finished.exit == 0 ? "unpacked"
                              : object["error"]["code"].get<std::string>();
  }

  // Everything but what a refusal itself writes; times of directories aside.
  std::map<std::string, std::string> Look() const {
    auto all = Listing(own_.path(), {"disk/root/.release/transactions",
                                     "disk/root/.release/lock", "archives"});
    // The links that stand ready for the next swap.
    std::erase_if(all, [](const auto& item) {
      return item.first.find("/.release/link-") != std::string::npos;
    });
    return all;
  }

  // Only files, directories and links that stay inside; nothing with rights
  // that a release never has.
  static void CheckTree(const std::string& tree) {
    for (const auto& entry : stdfs::recursive_directory_iterator(tree)) {
      const stdfs::file_status status = entry.symlink_status();
      CAPTURE(entry.path().string());
      CHECK((stdfs::is_regular_file(status) || stdfs::is_directory(status) ||
             stdfs::is_symlink(status)));
      if (stdfs::is_symlink(status)) continue;
      CHECK((static_cast<unsigned>(status.permissions()) & ~0755U) == 0);
      if (stdfs::is_directory(status)) continue;
      CHECK(stdfs::hard_link_count(entry.path()) == 1);
    }
  }

  TempDir own_;
  std::string archives_ = own_.path() + "/archives";
  std::string canary_ = own_.path() + "/canary";
  // In memory: each attempt syncs.
  PrivateMount mount_{"-t tmpfs -o size=256m none", own_.path() + "/disk"};
  Site site_{own_.path() + "/disk"};
  json index_;
};

TEST_CASE("no hostile archive leaves its place or anything behind") {
  Gauntlet().RunAll();
}

TEST_CASE("nor does one where the kernel has no openat2") {
  std::jthread([] {
    ForgetOpenat2();
    // It must have taken: else this proves nothing that the other did not.
    REQUIRE(syscall(SYS_openat2, -1, "", nullptr, 0) == -1);
    REQUIRE(errno == ENOSYS);
    Gauntlet().RunAll();
  }).join();
}

// -- a neighbour who swaps directories for links

// Swaps, as fast as it can, what it finds in a directory for links to the
// canary, and back.
class Racer {
 public:
  Racer(std::vector<std::string> directories, std::string canary)
      : directories_(std::move(directories)),
        canary_(std::move(canary)),
        thread_([this](const std::stop_token& stop) {
          while (!stop.stop_requested()) Swap();
        }) {}
  unsigned swaps() const { return swaps_; }

 private:
  void Swap() {
    for (const std::string& directory : directories_) {
      std::error_code error;
      for (stdfs::recursive_directory_iterator it(directory, error), end;
           !error && it != end; it.increment(error)) {
        if (it->symlink_status(error).type() == stdfs::file_type::directory) {
          SwapOne(it->path());
        }
      }
    }
  }

  void SwapOne(const std::string& path) {
    const std::string aside = canary_ + ".aside";
    if (rename(path.c_str(), aside.c_str()) != 0) return;
    if (symlink(canary_.c_str(), path.c_str()) == 0) ++swaps_;
    std::this_thread::yield();
    unlink(path.c_str());
    if (rename(aside.c_str(), path.c_str()) != 0) {
      std::error_code ignored;
      stdfs::remove_all(aside, ignored);
    }
  }

  std::vector<std::string> directories_;
  std::string canary_;
  std::atomic<unsigned> swaps_ = 0;
  std::jthread thread_;
};

struct Race {
  Race() {
    stdfs::create_directories(canary);
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
  }
  std::size_t Escaped() const {
    return static_cast<std::size_t>(
        std::distance(stdfs::directory_iterator(canary), {}));
  }

  TempDir own;
  PrivateMount mount{"-t tmpfs -o size=256m none", own.path() + "/disk"};
  std::string archive = own.path() + "/race.tar";
  std::string canary = own.path() + "/disk/canary";
};

int Rounds() { return std::getenv("RELEASE_TORTURE") == nullptr ? 100 : 1000; }

TEST_CASE("bsdtar, raced, writes outside: the racer is no decoration") {
  Race race;
  const std::string out = race.own.path() + "/disk/out";
  stdfs::create_directories(out);
  Racer racer({out}, race.canary);
  CHECK(Eventually([&] {
    Run({"bsdtar", "-xf", race.archive, "-C", out});
    return race.Escaped() > 0;
  }));
}

void RaceRelease() {
  Race race;
  const Site site(race.own.path() + "/disk");
  const Racer racer({site.root() + "/releases", site.root() + "/incoming"},
                    race.canary);
  std::map<int, int> exits;
  for (int i = 0; i < Rounds(); ++i) {
    const Finished finished = site.Release(
        {"stage", race.archive, "--version", "1." + std::to_string(i)});
    INFO(finished.Describe());
    REQUIRE(race.Escaped() == 0);
    CHECK(finished.signal == 0);
    ++exits[finished.exit];
    if (i % 10 == 9) {
      std::error_code ignored;
      for (const std::string& name : site.Releases()) {
        stdfs::remove_all(site.root() + "/releases/" + name, ignored);
      }
    }
  }
  MESSAGE(racer.swaps() << " swaps, exits " << json(exits).dump());
  CHECK(racer.swaps() > 100);
}

TEST_CASE("a neighbour who swaps directories for links gets nothing outside") {
  RaceRelease();
}

TEST_CASE("nor where the kernel has no openat2 does he") {
  std::jthread([] {
    ForgetOpenat2();
    RaceRelease();
  }).join();
}

}  // namespace
}  // namespace release
