// A rollback must be fast. These tests check what the process loads and how
// much wall-clock time it takes from start to exit.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <boost/filesystem.hpp>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <sstream>

#include "host/site.h"
#include "support/archives.h"
#include "support/tar_builder.h"

namespace release {
namespace {

using Milliseconds = std::chrono::duration<double, std::milli>;

// Deploys two releases with `files` files each, 500 per directory.
void DeployTwo(const Site& site, int files) {
  for (const std::string version : {"1.0", "2.0"}) {
    TarBuilder tar;
    for (int i = 0; i < files; ++i) {
      tar.File(fmt::format("d{}/f{}", i / 500, i), version);
    }
    const std::string path = site.files() + "/" + version + ".tar";
    Spill(path, tar.Bytes());
    site.Must({"deploy", path, "--version", version});
  }
}

// Makes the other release live with a rollback. Returns the time in
// milliseconds.
double TimeRollback(const Site& site) {
  const std::string to = site.Live() == "2.0" ? "1.0" : "2.0";
  const auto line = site.CommandLine({"-q", "rollback", to});
  const auto start = std::chrono::steady_clock::now();
  const Finished finished = Run(line);
  const Milliseconds took = std::chrono::steady_clock::now() - start;
  REQUIRE(finished.exit == 0);
  REQUIRE(site.Live() == to);
  return took.count();
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// The limit for a rollback in milliseconds: 5, or on a slow or busy machine
// five times what the smallest program takes there.
double Limit() {
  std::vector<double> times;
  for (int i = 0; i < 50; ++i) {
    const auto start = std::chrono::steady_clock::now();
    REQUIRE(Run({"true"}).exit == 0);
    times.push_back(
        Milliseconds(std::chrono::steady_clock::now() - start).count());
  }
  return std::max(5.0, 5 * Median(times));
}

// Returns the median of 50 rollbacks for each site. The sites take turns, so
// that other load on the machine affects all of them equally.
std::vector<double> MedianRollbacks(const std::vector<const Site*>& sites) {
  std::vector<std::vector<double>> times(sites.size());
  for (int i = 0; i < 50; ++i) {
    for (std::size_t s = 0; s < sites.size(); ++s) {
      times[s].push_back(TimeRollback(*sites[s]));
    }
  }
  std::vector<double> medians;
  for (const auto& each : times) medians.push_back(Median(each));
  return medians;
}

TEST_CASE("a working directory that was removed stops only relative paths") {
  const Site site;
  DeployAll(site, {"1.0", "2.0"});
  const std::string gone = fmt::format(
      "mkdir {0}/gone && cd {0}/gone && rmdir {0}/gone && exec {1} ",
      site.files(), RELEASE_BINARY);
  CHECK(RunShell(gone + "--root " + site.root() + " status").exit == 0);
  CHECK(RunShell(gone + "--root " + site.root() + " rollback").exit == 0);
  CHECK(site.Live() == "1.0");
  const Finished refused = RunShell(gone + "--root site status");
  CHECK(refused.exit == 2);
  CHECK(refused.err.find("cannot use the relative path \"site\"") !=
        std::string::npos);
}

TEST_CASE("output that cannot be printed is reported, never lost in silence") {
  const Site site;
  DeployAll(site, {"1.0", "2.0"});
  const std::string command =
      fmt::format("{} --root {} ", RELEASE_BINARY, site.root());
  for (const char* shows : {"list", "status", "history", "verify"}) {
    CAPTURE(shows);
    const Finished failed = RunShell(command + shows + " > /dev/full");
    CHECK(failed.exit == 1);
    CHECK(failed.err.find("cannot print to standard output: No space left") !=
          std::string::npos);
    CHECK(RunShell(command + shows + " >&-").exit == 0);
  }
  const Finished changed = RunShell(command + "rollback --json > /dev/full");
  CHECK(changed.exit == 0);
  CHECK(changed.err.find("warning: cannot print to standard output") !=
        std::string::npos);
  CHECK(site.Live() == "1.0");
}

TEST_CASE("without a descriptor for signals nothing is begun") {
  const Site site;
  DeployAll(site, {"1.0", "2.0"});
  const Finished failed = RunShell(
      fmt::format("strace -f -o /dev/null -e inject=eventfd2:error=EMFILE {} "
                  "--root {} rollback",
                  RELEASE_BINARY, site.root()));
  CHECK(failed.exit == 1);
  CHECK(failed.err.find("cannot watch for signals") != std::string::npos);
  CHECK(site.Live() == "2.0");
}

TEST_CASE("the command is linked only with the C library") {
  const Finished finished = Run({"ldd", RELEASE_BINARY});
  REQUIRE(finished.exit == 0);
  std::istringstream lines(finished.out);
  int libraries = 0;
  for (std::string line; std::getline(lines, line);) {
    CAPTURE(line);
    ++libraries;
    const bool expected = line.find("linux-vdso") != std::string::npos ||
                          line.find("libc.so") != std::string::npos ||
                          line.find("ld-linux") != std::string::npos ||
                          line.find("libm.so") != std::string::npos;
    CHECK(expected);
  }
  CHECK(libraries >= 2);
}

TEST_CASE("a rollback loads no library but the C library") {
  const Site site;
  DeployTwo(site, 3);
  const std::string trace = site.files() + "/trace";
  std::vector<std::string> line = {"strace", "-f", "-o",
                                   trace,    "-e", "trace=openat,open,execve"};
  for (const std::string& word : site.CommandLine({"rollback"})) {
    line.push_back(word);
  }
  REQUIRE(Run(line).exit == 0);
  const std::string text = Slurp(trace);
  CHECK(text.find("libc.so.6") != std::string::npos);
  for (const char* heavy : {"libarchive", "libcrypto", "libssl", "openssl.cnf",
                            "libzstd", "libstdc++"}) {
    CAPTURE(heavy);
    CHECK(text.find(heavy) == std::string::npos);
  }
  // The only execve in the trace is that of the command itself.
  CHECK(text.find("execve(", text.find("execve(") + 1) == std::string::npos);
}

// Makes the changes and syncs of a rollback without the command: a new record
// of three lines and a switched link. Returns the time in milliseconds, which
// is the floor for a rollback on this disk.
double TimeChanges(const std::string& directory) {
  static int number = 0;
  const std::string record = fmt::format("{}/record-{}", directory, ++number);
  const std::string link = directory + "/link";
  const auto start = std::chrono::steady_clock::now();
  const int above = open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const int file =
      open(record.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  const auto append = [&] {
    return write(file, "a record line\n", 14) == 14 && fsync(file) == 0;
  };
  const bool done = fallocate(file, FALLOC_FL_KEEP_SIZE, 0, 65536) == 0 &&
                    append() && fsync(above) == 0 && append() &&
                    symlink("releases/1.0", (link + "-new").c_str()) == 0 &&
                    rename((link + "-new").c_str(), link.c_str()) == 0 &&
                    fsync(above) == 0 && append();
  const Milliseconds took = std::chrono::steady_clock::now() - start;
  close(file);
  close(above);
  REQUIRE(done);
  return took.count();
}

// The sites are in memory, so that the test measures the command and not the
// load of the machine's disk.
TEST_CASE("a rollback takes 5 ms, however large the release") {
  const TempDir own;
  const PrivateMount mount("-t tmpfs -o size=512m none", own.path() + "/mount");
  const Site small(own.path() + "/mount/small");
  const Site large(own.path() + "/mount/large");
  DeployTwo(small, 3);
  DeployTwo(large, 20'000);
  // Noise can only add time, so one quiet round out of ten is enough.
  bool fast = false;
  bool independent = false;
  for (int round = 0; round < 10 && !(fast && independent); ++round) {
    const std::vector<double> medians = MedianRollbacks({&small, &large});
    MESSAGE("median of 50: 3 files " << medians[0] << " ms, 20,000 files "
                                     << medians[1] << " ms");
    const double limit = Limit();
    fast = fast || (medians[0] <= limit && medians[1] <= limit);
    independent = independent || std::abs(medians[1] - medians[0]) <=
                                     std::max(0.5, 0.3 * medians[0]);
  }
  CHECK(fast);
  CHECK(independent);
}

// The disk dominates here. The command may add the time of a process, and 30 %
// for the files that it reads and writes without a sync.
TEST_CASE("on a disk a rollback takes little longer than its changes do") {
  const Site site;
  DeployTwo(site, 3);
  bool fast = false;
  for (int round = 0; round < 5 && !fast; ++round) {
    std::vector<double> rollbacks;
    std::vector<double> floors;
    for (int i = 0; i < 50; ++i) {
      rollbacks.push_back(TimeRollback(site));
      floors.push_back(TimeChanges(site.files()));
    }
    const double rollback = Median(rollbacks);
    const double floor = Median(floors);
    MESSAGE("median of 50: rollback " << rollback << " ms, its changes alone "
                                      << floor << " ms");
    fast = rollback <= Limit() + 1.3 * floor;
  }
  CHECK(fast);
}

}  // namespace
}  // namespace release
