// Readers of `current` must see no error while it is switched thousands of
// times.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <boost/filesystem.hpp>
#include <string>
#include <thread>
#include <vector>

#include "host/site.h"
#include "os/posix_fs.h"
#include "store/current.h"
#include "store/layout.h"
#include "support/archives.h"
#include "support/tar_builder.h"
#include "support/torture.h"

namespace release {
namespace {

namespace bfs = boost::filesystem;

constexpr std::size_t kFileSize = 20'000;

// Two releases are live in turn; the file of each consists of its own letter.
std::string ContentOf(char letter) { return std::string(kFileSize, letter); }

// Threads that read through `current` in a loop until they are stopped.
class Readers {
 public:
  explicit Readers(const std::string& root) : root_(root) {
    for (int i = 0; i < 2; ++i) {
      threads_.emplace_back([this] {
        while (!stop_) ReadOnce();
      });
    }
  }
  ~Readers() { Stop(); }

  void Stop() {
    stop_ = true;
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

  long reads() const { return reads_; }
  long failed_reads() const { return failed_reads_; }  // open or read failed
  long torn_reads() const { return torn_reads_; }      // mixed or cut content
  long failed_links() const { return failed_links_; }  // readlink failed
  bool saw_both() const { return saw_a_ && saw_b_; }

 private:
  void ReadOnce() {
    ++reads_;
    std::array<char, 200> target;
    const ssize_t length =
        readlink((root_ + "/current").c_str(), target.data(), target.size());
    if (length <= 0) ++failed_links_;
    const int file = open((root_ + "/current/page").c_str(), O_RDONLY);
    if (file < 0) {
      ++failed_reads_;
      return;
    }
    // A longer file is noticed, because the buffer has one byte more.
    std::string content(kFileSize + 1, '\0');
    const ssize_t count = read(file, content.data(), content.size());
    close(file);
    if (count < 0) {
      ++failed_reads_;
      return;
    }
    content.resize(static_cast<std::size_t>(count));
    Judge(content);
  }

  void Judge(const std::string& content) {
    if (content == ContentOf('a')) {
      saw_a_ = true;
    } else if (content == ContentOf('b')) {
      saw_b_ = true;
    } else {
      ++torn_reads_;
    }
  }

  const std::string root_;
  std::vector<std::thread> threads_;
  std::atomic<bool> stop_ = false;
  std::atomic<bool> saw_a_ = false;
  std::atomic<bool> saw_b_ = false;
  std::atomic<long> reads_ = 0;
  std::atomic<long> failed_reads_ = 0;
  std::atomic<long> torn_reads_ = 0;
  std::atomic<long> failed_links_ = 0;
};

void DeployPage(const Site& site, char letter) {
  const std::string path = site.files() + "/" + letter + ".tar";
  Spill(path, TarBuilder().File("page", ContentOf(letter)).Bytes());
  site.Must({"deploy", path, "--version", std::string(1, letter)});
}

void CheckUndisturbed(const Readers& readers) {
  MESSAGE(readers.reads() << " reads");
  CHECK(readers.failed_reads() == 0);
  CHECK(readers.torn_reads() == 0);
  CHECK(readers.failed_links() == 0);
  // Proves that the link was switched while they read.
  CHECK(readers.saw_both());
}

TEST_CASE("readers see no error in 10,000 switches by the command's code") {
  const Site site;
  DeployPage(site, 'a');
  DeployPage(site, 'b');
  PosixFs fs(site.root());
  Readers readers(site.root());
  for (int i = 0; i < 10'000; ++i) {
    SwapCurrent(&fs, i % 2 == 0 ? "releases/a" : "releases/b");
  }
  readers.Stop();
  CheckUndisturbed(readers);
}

TEST_CASE("readers see no error in many activations and rollbacks") {
  const Site site;
  DeployPage(site, 'a');
  DeployPage(site, 'b');
  Readers readers(site.root());
  const int rounds = Torture() ? 150 : 50;
  for (int i = 0; i < rounds; ++i) {
    site.Must({"rollback"});
    REQUIRE(site.Live() == "a");
    site.Must({"activate", "b"});
    REQUIRE(site.Live() == "b");
  }
  readers.Stop();
  CheckUndisturbed(readers);
}

TEST_CASE("control: readers see errors if the link is removed and made again") {
  const Site site;
  DeployPage(site, 'a');
  DeployPage(site, 'b');
  Readers readers(site.root());
  const bfs::path current = site.root() + "/current";
  for (int i = 0; i < 10'000; ++i) {
    bfs::remove(current);
    bfs::create_symlink(i % 2 == 0 ? "releases/a" : "releases/b", current);
  }
  readers.Stop();
  MESSAGE(readers.failed_reads() << " of " << readers.reads() << " failed");
  CHECK(readers.failed_reads() > 0);
  CHECK(readers.failed_links() > 0);
}

}  // namespace
}  // namespace release
