// Cuts the power at the calls of the built command that change or sync
// something, on real file systems. After the boot all promises must hold.
//
// The disk keeps only what the kernel has written: ext4 and xfs are shut down
// under the stopped command, which drops all other changes; for btrfs the image
// is copied at that moment. As a control, each sync is left out in turn; this
// must break a promise unless the file system guarantees more than it must.
// tests/deploy/crash_test.cc tries the outcomes that other kernels allow.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <sstream>

#include "host/cut_shop.h"
#include "support/archives.h"
#include "support/torture.h"

namespace release {
namespace {

constexpr const char* kForms[] = {"ext4", "xfs", "btrfs"};
using Cut = Disk::Cut;

// Whether the call is a sync or a rename: between two of these the durable
// state does not change. A fast run cuts only before some of them.
bool Tells(const std::string& call) {
  return call.starts_with("fsync") || call.starts_with("syncfs") ||
         call.starts_with("renameat2");
}

// Returns the numbers of the calls before which the power is cut; the last one
// stands for the end of the command.
std::vector<unsigned> Points(const std::vector<std::string>& calls) {
  std::vector<unsigned> points;
  unsigned telling = 0;
  for (unsigned n = 1; n <= calls.size(); ++n) {
    const bool sampled = Tells(calls[n - 1]) && ++telling % 4 == 0;
    if (Torture() || sampled) points.push_back(n);
  }
  points.push_back(static_cast<unsigned>(calls.size()) + 1);
  return points;
}

std::vector<Cut> CutsOf(const std::string& form, unsigned point) {
  if (form == "btrfs") return {Cut::kNothing};
  if (Torture()) return {Cut::kNothing, Cut::kNames};
  return {point % 4 == 0 ? Cut::kNames : Cut::kNothing};
}

TEST_CASE("a power cut at any call breaks nothing, on ext4, xfs and btrfs") {
  unsigned all = 0;
  for (const std::string form : kForms) {
    for (const CutCase& cut_case : CutCases()) {
      CutShop shop(form, cut_case);
      const auto calls = shop.Calls();
      unsigned cuts = 0;
      for (const unsigned point : Points(calls)) {
        for (const Cut cut : CutsOf(form, point)) {
          CAPTURE(form);
          CAPTURE(cut_case.name);
          CAPTURE(point);
          CAPTURE((point <= calls.size() ? calls[point - 1] : "end"));
          CHECK(shop.CutBefore(point, cut) == "");
          ++cuts;
        }
      }
      MESSAGE(form << ", " << cut_case.name << ": " << calls.size()
                   << " calls, " << cuts << " cuts");
      all += cuts;
    }
  }
  CHECK(all > 30);
}

// Returns the calls below the root in a trace of strace, with the names that
// rig/calls.c uses.
std::vector<std::string> Traced(const std::string& trace,
                                const std::string& root) {
  std::vector<std::string> calls;
  std::istringstream lines(Slurp(trace));
  for (std::string line; std::getline(lines, line);) {
    const std::size_t bracket = line.find('(');
    if (bracket == std::string::npos) continue;
    const std::size_t name = line.find_last_of(' ', bracket) + 1;
    std::string call = line.substr(name, bracket - name);
    // Skips the calls of the service's reload command.
    if (line.find("/running\"") != std::string::npos) continue;
    const bool here = line.find(root) != std::string::npos;
    if (!here && call != "chmod") continue;
    if (call.starts_with("open") && line.find("O_CREAT") == std::string::npos) {
      continue;
    }
    if (call == "ioctl" && line.find("FICLONE") == std::string::npos) continue;
    // The C library implements these functions with other system calls.
    if (call == "renameat") call = "renameat2";
    if (call == "chmod") call = "fchmodat";
    calls.push_back(call);
  }
  return calls;
}

TEST_CASE("strace sees no call that is not numbered") {
  for (const CutCase& cut_case : CutCases()) {
    CAPTURE(cut_case.name);
    CutShop shop("ext4", cut_case);
    std::vector<std::string> numbered;
    for (const std::string& call : shop.Calls()) {
      numbered.push_back(call.substr(0, call.find(' ')));
    }
    shop.disk()->Restore();
    const TempDir own;
    // Every call that can change a file, even if the command does not use it
    // today.
    std::vector<std::string> line = {
        "strace",
        "-E",
        "INVOCATION_ID=rig",
        "-f",
        "-y",
        "-qq",
        "-o",
        own.path() + "/trace",
        "-e",
        "trace=write,pwrite64,writev,pwritev,pwritev2,sendfile,"
        "copy_file_range,splice,ioctl,truncate,ftruncate,fallocate,open,openat,"
        "openat2,creat,mkdir,mkdirat,mknod,mknodat,symlink,symlinkat,link,"
        "linkat,rename,renameat,renameat2,unlink,unlinkat,rmdir,chmod,fchmod,"
        "fchmodat,chown,fchown,lchown,fchownat,utimensat,setxattr,fsetxattr,"
        "fsync,fdatasync,sync,syncfs,sync_file_range,msync"};
    for (const std::string& word : shop.CommandLine()) line.push_back(word);
    const Finished finished = Run(line);
    REQUIRE(finished.exit == cut_case.exit);
    auto traced = Traced(own.path() + "/trace", "/disk/root");
    // Two threads write, so the order differs from run to run.
    std::sort(traced.begin(), traced.end());
    std::sort(numbered.begin(), numbered.end());
    CHECK(fmt::format("{}", fmt::join(traced, " ")) ==
          fmt::format("{}", fmt::join(numbered, " ")));
    CHECK(numbered.size() > 5);
  }
}

// -- control: each sync is needed

struct Row {
  std::string sync;  // as in docs/crash-safety.md
  std::vector<std::string> command;
  LeftOut left_out;
  // The file systems on which a missing sync breaks a promise. The others keep
  // more than they must; docs/crash-safety.md says why.
  std::vector<std::string> shows;
  // Kills the recovery at each of its calls, too.
  bool kill_recovery = false;
};

std::vector<Row> Rows() {
  const std::vector<std::string> all(std::begin(kForms), std::end(kForms));
  const std::vector<std::string> deploy = {"deploy", "3.0"};
  const std::string record = "fsync .release/transactions/00000";
  return {
      {"transactions dir after create",
       {"rollback"},
       {"fsync .release/transactions", 1},
       {}},
      {"tree before publish", deploy, {"syncfs releases", 1}, all},
      {"releases/ after publish", deploy, {"fsync releases", 1}, {}},
      {"switching", deploy, {record + "3.log", 2}, all, true},
      {"begin and switching of a rollback",
       {"rollback"},
       {record + "4.log", 1},
       all},
      {"root after the swap", deploy, {"fsync .", 1}, {"btrfs"}},
      {"committed", deploy, {record + "3.log", 3}, all},
      {"root in undo", {"deploy", "3.0-late-bad"}, {"fsync .", 2}, {"btrfs"}},
  };
}

// Without dedup, because shared blocks make btrfs write more than it must.
CutCase CaseOf(const Row& row) {
  CutCase found = CutCaseNamed("deploy that fails");
  for (const CutCase& cut_case : CutCases()) {
    if (cut_case.words == row.command) found = cut_case;
  }
  found.words = row.command;
  found.shares = false;
  return found;
}

std::string BreaksAt(CutShop* shop, unsigned n, Cut cut, bool kill_recovery) {
  std::string broken = shop->CutBefore(n, cut);
  for (unsigned k = 1; broken.empty() && kill_recovery; ++k) {
    const auto again = shop->CutAndKill(n, cut, k);
    if (!again) break;
    broken = *again;
  }
  return broken;
}

// Leaves out the sync of this row and cuts the power before each later call.
// Returns the first broken promise, or "".
std::string BreaksWithout(CutShop* shop, const Row& row) {
  const auto calls = shop->Calls();
  shop->calls()->LeaveOut(row.left_out);
  unsigned seen = 0;
  for (unsigned n = 1; n <= calls.size() + 1; ++n) {
    const bool last = n > calls.size();
    const std::string call = last ? "the end" : calls[n - 1];
    // Each cut is combined with all kills of the recovery, so only the moment
    // after the switch is tried.
    const bool wanted = row.kill_recovery ? n > 1 && calls[n - 2] == "fsync ."
                                          : last || Tells(call);
    if (seen >= row.left_out.nth && wanted) {
      for (const Cut cut : {Cut::kNothing, Cut::kNames}) {
        if (cut == Cut::kNames && shop->disk()->form() == "btrfs") continue;
        const std::string broken = BreaksAt(shop, n, cut, row.kill_recovery);
        if (!broken.empty()) return fmt::format("before {}: {}", call, broken);
      }
    }
    if (call == row.left_out.call) ++seen;
  }
  return "";
}

TEST_CASE("recovery from a power cut may be killed at each of its calls") {
  for (const std::string form : kForms) {
    if (form != "xfs" && !Torture()) continue;
    CAPTURE(form);
    CutShop shop(form, CutCaseNamed("deploy"));
    const auto calls = shop.Calls();
    const auto swap = std::find(calls.begin(), calls.end(), "fsync .");
    REQUIRE(swap != calls.end());
    const auto after = static_cast<unsigned>(swap - calls.begin()) + 2;
    for (const unsigned point : {after, after - 1}) {
      if (point != after && !Torture()) continue;
      CAPTURE(point);
      unsigned kills = 0;
      for (;; ++kills) {
        CAPTURE(kills);
        const auto broken = shop.CutAndKill(point, Cut::kNothing, kills + 1);
        if (!broken) break;
        CHECK(*broken == "");
      }
      CHECK(kills > 3);
    }
  }
}

// Unsynced changes may survive: btrfs may commit by itself at that moment, more
// likely on a slow machine. The test tries up to 12 times; one loss is enough.
std::string BreaksInTime(const std::string& form, const Row& row, bool shows) {
  for (int attempts = shows ? 12 : 1; attempts > 0; --attempts) {
    CutShop shop(form, CaseOf(row));
    std::string broken = BreaksWithout(&shop, row);
    if (!broken.empty()) return broken;
  }
  return "";
}

TEST_CASE("a missing sync is noticed if the file system needs it") {
  for (const Row& row : Rows()) {
    for (const std::string form : kForms) {
      const bool shows = std::find(row.shows.begin(), row.shows.end(), form) !=
                         row.shows.end();
      // A row in which no promise breaks takes the longest, so only
      // scripts/torture runs it. The sync of the tree is the one that other
      // tools lack.
      const bool fast = row.sync == "tree before publish" ||
                        (shows && form == row.shows.front());
      if (!fast && !Torture()) continue;
      CAPTURE(form);
      CAPTURE(row.sync);
      const std::string broken = BreaksInTime(form, row, shows);
      MESSAGE(form << " without " << row.sync << ": "
                   << broken.substr(0, broken.find('\n')));
      CHECK(broken.empty() != shows);
    }
  }
}

}  // namespace
}  // namespace release
