// Twenty callers run random commands on one app at once; some are killed at
// random moments. Readers must always see a complete tree. Afterwards every
// transaction must be settled and recorded, and the lock must be free.
//
// The test takes six seconds, or RELEASE_CROWD_SECONDS; on a busy machine
// longer, until enough commands have succeeded.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <boost/filesystem.hpp>
#include <functional>
#include <mutex>
#include <random>
#include <set>
#include <thread>

#include "host/site.h"
#include "support/archives.h"
#include "support/tar_builder.h"

namespace release {
namespace {

namespace bfs = boost::filesystem;
using nlohmann::json;

constexpr unsigned kCallers = 20;
constexpr int kParts = 12;

std::chrono::seconds CrowdTime() {
  const char* text = std::getenv("RELEASE_CROWD_SECONDS");
  return std::chrono::seconds(text == nullptr ? 6 : std::atoi(text));
}

std::string PartName(int number) { return "part" + std::to_string(number); }

// -- the watcher

std::string ReadBeneath(int directory, const std::string& name) {
  const int fd = openat(directory, name.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return "";
  char text[64];
  const ssize_t n = read(fd, text, sizeof text);
  close(fd);
  return n < 0 ? "" : std::string(text, static_cast<std::size_t>(n));
}

bool SameFile(int a, int b) {
  struct stat one = {};
  struct stat other = {};
  fstat(a, &one);
  fstat(b, &other);
  return one.st_ino == other.st_ino && one.st_dev == other.st_dev;
}

// Reads the files behind ROOT/current in a loop, as a service would, and
// records every incomplete tree.
class Watcher {
 public:
  explicit Watcher(std::string root)
      : current_(std::move(root) + "/current"),
        thread_([this](const std::stop_token& stop) {
          while (!stop.stop_requested()) Look();
        }) {}

  // Stops the loop. Returns what it saw and a reader must never see.
  std::vector<std::string> Stop() {
    thread_.request_stop();
    thread_.join();
    return broken_;
  }
  bool Caught() const { return caught_; }
  unsigned looks() const { return looks_; }
  std::size_t trees() const { return tree_count_; }

 private:
  int Open() const {
    return open(current_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  }

  void Look() {
    ++looks_;
    const int tree = Open();
    if (tree < 0) {
      Break("current leads nowhere");
      return;
    }
    const std::string missing = Missing(tree);
    // A tree may be pruned once it is no longer live, so only the tree that is
    // still live counts.
    const int now = missing.empty() ? -1 : Open();
    if (now >= 0 && SameFile(tree, now)) Break(missing);
    if (now >= 0) close(now);
    close(tree);
  }

  // Returns what is wrong with the tree, or "" if it is complete and of one
  // version.
  std::string Missing(int tree) {
    const std::string version = ReadBeneath(tree, "name");
    if (version.empty()) return "name is not whole";
    for (int i = 0; i < kParts; ++i) {
      if (ReadBeneath(tree, PartName(i)) != version) {
        return PartName(i) + " is not that of " + version;
      }
    }
    trees_.insert(version);
    tree_count_ = trees_.size();
    return "";
  }

  void Break(const std::string& what) {
    caught_ = true;
    if (broken_.size() < 10) broken_.push_back(what);
  }

  std::string current_;
  std::vector<std::string> broken_;
  std::set<std::string> trees_;
  std::atomic<std::size_t> tree_count_ = 0;
  std::atomic<bool> caught_ = false;
  std::atomic<unsigned> looks_ = 0;
  std::jthread thread_;
};

// -- the callers

struct Call {
  std::vector<std::string> words;
  bool changes = true;
};

// A command that was run, and its outcome.
struct Ran {
  int pid = 0;
  Call call;
  bool signalled = false;
  Finished finished;
};

class Crowd {
 public:
  Crowd() : site_(own_.path() + "/disk") {
    config_ = site_.ConfigFile("keep.toml", "keep_releases = 2\n");
    for (int i = 1; i <= 8; ++i) {
      versions_.push_back(std::to_string(i) + ".0");
      archives_.push_back(MakeArchive(versions_.back()));
    }
    for (int i = 0; i < 3; ++i) {
      site_.Must({"deploy", archives_[static_cast<std::size_t>(i)], "--version",
                  versions_[static_cast<std::size_t>(i)]});
    }
    before_ = Records().size();
  }

  const Site& site() const { return site_; }
  const std::vector<Ran>& ran() const { return ran_; }
  std::size_t before() const { return before_; }

  // Runs commands for that time, and on until the checks afterwards have enough
  // to look at and `watched` holds.
  void Run(std::chrono::seconds time, const std::function<bool()>& watched) {
    const auto end = std::chrono::steady_clock::now() + time;
    std::vector<std::jthread> callers;
    for (unsigned i = 0; i < kCallers; ++i) {
      callers.emplace_back([this, i, end, &watched] {
        std::mt19937 random(i + 1);
        while (std::chrono::steady_clock::now() < end || !Enough() ||
               !watched()) {
          Act(&random);
        }
      });
    }
  }

  // Returns the first entry of every record, ordered by transaction number.
  std::map<std::string, json> Records() const {
    std::map<std::string, json> records;
    for (const auto& entry :
         bfs::directory_iterator(site_.root() + "/.release/transactions")) {
      const std::string name = entry.path().filename().string();
      if (!name.ends_with(".log")) continue;
      const std::string text = Slurp(entry.path());
      // Each line begins with a checksum of 16 digits and a blank.
      records[name] = json::parse(text.substr(17, text.find('\n') - 17));
    }
    return records;
  }

 private:
  std::string MakeArchive(const std::string& version) const {
    TarBuilder tar;
    tar.File("name", version);
    for (int i = 0; i < kParts; ++i) tar.File(PartName(i), version);
    const std::string path = site_.files() + "/" + version + ".tar";
    Spill(path, tar.Bytes());
    return path;
  }

  // Chooses a random command; deploys are the most frequent.
  Call Choose(std::mt19937* random) const {
    const std::size_t which = (*random)() % versions_.size();
    const std::string& version = versions_[which];
    switch ((*random)() % 16) {
      case 0:
      case 1:
      case 2:
      case 3:
        return {{"deploy", archives_[which], "--version", version}};
      case 4:
        return {{"stage", archives_[which], "--version", version}};
      case 5:
        return {{"activate", version}};
      case 6:
      case 7:
        return {{"rollback"}};
      case 8:
        return {{"prune"}};
      case 9:
        return {{(*random)() % 4 == 0 ? "pin" : "unpin", version}};
      case 10:
        return {{"recover"}};
      case 11:
        return {{"status"}, false};
      case 12:
        return {{"list"}, false};
      case 13:
        return {{"history", "-n", "50"}, false};
      case 14:
        return {{"verify"}, false};
      default:
        return {{"deploy", "--dry-run", archives_[which], "--version", version},
                false};
    }
  }

  // Runs a random command; sends one in three a random signal within 150 ms.
  void Act(std::mt19937* random) {
    Ran ran{.call = Choose(random)};
    std::vector<std::string> words = {
        "--config", config_, "--json",
        (*random)() % 2 == 0 ? "--wait=0s" : "--wait=2s"};
    words.insert(words.end(), ran.call.words.begin(), ran.call.words.end());
    Running running(site_.CommandLine(words));
    ran.pid = running.pid();
    if ((*random)() % 3 == 0) {
      constexpr int kSignals[] = {SIGKILL, SIGTERM, SIGINT};
      const auto pause = std::chrono::milliseconds((*random)() % 150);
      std::this_thread::sleep_for(pause);
      running.Signal(kSignals[(*random)() % 3]);
      ran.signalled = true;
    }
    ran.finished = running.Wait();
    const std::lock_guard guard(mutex_);
    if (ran.finished.exit == 0) ++done_[ran.call.words[0]];
    if (ran.finished.signal != 0) ++killed_;
    ran_.push_back(std::move(ran));
  }

  // Returns whether the checks afterwards have enough to look at.
  bool Enough() {
    const std::lock_guard guard(mutex_);
    return killed_ > 5 && done_["deploy"] > 5 && done_["rollback"] > 0 &&
           done_["status"] > 5;
  }

  TempDir own_;
  PrivateMount mount_{"-o loop " + Image(own_.path()), own_.path() + "/disk"};
  Site site_;
  std::string config_;
  std::vector<std::string> versions_;
  std::vector<std::string> archives_;
  std::size_t before_ = 0;
  std::mutex mutex_;
  std::vector<Ran> ran_;
  unsigned killed_ = 0;
  std::map<std::string, unsigned> done_;  // commands that succeeded, by name

  static std::string Image(const std::string& directory) {
    const std::string image = directory + "/image";
    Shell("truncate -s 128M " + image + "; mkfs.ext4 -q " + image);
    return image;
  }
};

// -- the checks afterwards

// Whether this outcome is allowed for the command.
bool MayEndSo(const Ran& ran) {
  const Finished& finished = ran.finished;
  if (finished.timed_out) return false;
  if (finished.signal != 0) return ran.signalled;
  // Another caller may replace and prune the release that was live.
  if (ran.call.words[0] == "verify" &&
      finished.out.find("\"no-such-release\"") != finished.out.npos) {
    return true;
  }
  // No release is unhealthy here, so only a signal or a rollback can cause an
  // undo.
  if (finished.exit == 1 || finished.exit == 4) {
    return ran.signalled ||
           finished.out.find("by a rollback of ") != finished.out.npos;
  }
  if (ran.call.changes) {
    return finished.exit == 0 || finished.exit == 6 || finished.exit == 7;
  }
  return finished.exit == 0;
}

// Returns the transaction number that the command reported, or 0.
std::uint64_t NumberTold(const Ran& ran) {
  const json object = json::parse(ran.finished.out, nullptr, false);
  if (!object.is_object() || !object.contains("transaction")) return 0;
  return object["transaction"].is_null()
             ? 0
             : object["transaction"].get<std::uint64_t>();
}

void CheckEnds(const Crowd& crowd) {
  unsigned killed = 0;
  std::map<std::string, unsigned> done;
  for (const Ran& ran : crowd.ran()) {
    INFO(json(ran.call.words).dump() << " " << ran.finished.Describe());
    CHECK(MayEndSo(ran));
    if (ran.finished.signal != 0) ++killed;
    if (ran.finished.exit == 0) ++done[ran.call.words[0]];
  }
  MESSAGE(crowd.ran().size()
          << " commands, " << killed << " killed, done: " << json(done).dump());
  CHECK(killed > 5);
  CHECK(done["deploy"] > 5);
  CHECK(done["rollback"] > 0);
  CHECK(done["status"] > 5);
}

void CheckNumbers(const Crowd& crowd) {
  std::uint64_t expected = 0;
  for (const auto& [file, begin] : crowd.Records()) {
    const std::string& name = file;
    CAPTURE(name);
    CHECK(begin["kind"] == "begin");
    CHECK(begin["transaction"] == ++expected);
  }
  // `history` must list the same transactions, newest first.
  const json history =
      crowd.site().Json({"history", "-n", "100000"})["transactions"];
  REQUIRE(history.size() == expected);
  for (const json& entry : history) {
    CAPTURE(entry.dump());
    CHECK(entry["transaction"] == expected--);
    CHECK(entry["result"] != "open");
    CHECK(entry["damaged"] == false);
  }
}

// Checks that each command that got the lock is recorded exactly once, and the
// others not at all.
void CheckHistory(const Crowd& crowd) {
  std::map<int, unsigned> times;
  std::map<std::uint64_t, json> by_number;
  for (const auto& [name, begin] : crowd.Records()) {
    ++times[begin["by"]["pid"].get<int>()];
    by_number[begin["transaction"]] = begin;
  }
  std::size_t known = 0;
  for (const Ran& ran : crowd.ran()) {
    INFO(json(ran.call.words).dump() << " " << ran.finished.Describe());
    const std::string& verb = ran.call.words[0];
    const bool records = ran.call.changes && verb != "recover";
    known += times[ran.pid];
    CHECK(times[ran.pid] <= (records ? 1U : 0U));
    if (!records || ran.finished.signal != 0) continue;
    const std::uint64_t told = NumberTold(ran);
    CHECK(times[ran.pid] == (told == 0 ? 0U : 1U));
    if (told == 0) continue;
    CHECK(by_number[told]["by"]["pid"] == ran.pid);
    CHECK(by_number[told]["command"] == verb);
  }
  CHECK(known == by_number.size() - crowd.before());
}

void CheckSettled(const Site& site) {
  const Finished recovered = site.Release({"recover"});
  INFO(recovered.Describe());
  CHECK(recovered.exit == 0);
  const json status = site.Json({"status", "--check"});
  INFO(status.dump());
  CHECK(status["ok"] == true);
  CHECK(status["problems"] == json::array());
  CHECK(status["open"].is_null());
  CHECK(status["in_progress"].is_null());
  CHECK(Garbage(site.root()) == std::vector<std::string>{});
  CHECK(site.Release({"verify", "--all"}).exit == 0);
  const int lock = open((site.root() + "/.release/lock").c_str(), O_RDWR);
  CHECK(flock(lock, LOCK_EX | LOCK_NB) == 0);
  close(lock);
}

TEST_CASE("twenty callers, some of them killed, break nothing") {
  Crowd crowd;
  Watcher watcher(crowd.site().root());
  crowd.Run(CrowdTime(),
            [&] { return watcher.looks() > 1000 && watcher.trees() >= 3; });
  CheckSettled(crowd.site());
  CHECK(watcher.Stop() == std::vector<std::string>{});
  MESSAGE(watcher.looks() << " looks at " << watcher.trees() << " releases");
  CHECK(watcher.looks() > 1000);
  CHECK(watcher.trees() >= 3);
  CheckEnds(crowd);
  CheckNumbers(crowd);
  CheckHistory(crowd);
}

// -- control: the watcher notices broken ways to deploy

// A root without the command, which the tests change in naive ways.
struct Naive {
  Naive() {
    for (const char* version : {"1.0", "2.0"}) Make(version);
    bfs::create_directory_symlink("releases/1.0", root + "/current");
  }
  void Make(const std::string& version) const {
    const std::string tree = root + "/releases/" + version;
    bfs::create_directories(tree);
    for (int i = 0; i < kParts; ++i) Spill(tree + "/" + PartName(i), version);
    Spill(tree + "/name", version);
  }
  void Swap(const std::string& version) const {
    bfs::create_directory_symlink("releases/" + version, root + "/.next");
    bfs::rename(root + "/.next", root + "/current");
  }
  TempDir own;
  std::string root = own.path();
};

TEST_CASE("the watcher notices a link that is removed and made again") {
  Naive naive;
  Watcher watcher(naive.root);
  CHECK(Eventually([&] {
    // Many rounds, because the gap is short and the watcher may be waiting for
    // a processor.
    for (int i = 0; i < 1000 && !watcher.Caught(); ++i) {
      bfs::remove(naive.root + "/current");
      bfs::create_directory_symlink(
          i % 2 == 0 ? "releases/2.0" : "releases/1.0",
          naive.root + "/current");
    }
    return watcher.Caught();
  }));
  const std::vector<std::string> broken = watcher.Stop();
  REQUIRE_FALSE(broken.empty());
  CHECK(broken[0] == "current leads nowhere");
}

TEST_CASE("the watcher notices an unpack into the live tree") {
  Naive naive;
  Watcher watcher(naive.root);
  CHECK(Eventually([&] {
    naive.Swap("1.0");
    bfs::remove_all(naive.root + "/releases/2.0");
    bfs::create_directories(naive.root + "/releases/2.0");
    naive.Swap("2.0");
    naive.Make("2.0");
    return watcher.Caught();
  }));
}

TEST_CASE("the watcher accepts a switch by rename") {
  Naive naive;
  Watcher watcher(naive.root);
  for (int i = 0; i < 3000; ++i) naive.Swap(i % 2 == 0 ? "2.0" : "1.0");
  CHECK(Eventually([&] { return watcher.looks() > 1000; }));
  CHECK(watcher.Stop() == std::vector<std::string>{});
}

}  // namespace
}  // namespace release
