// The power is cut at the calls of `init --adopt` on real file systems. After
// the boot the same content must be served, and a second `init --adopt` must
// succeed.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <boost/filesystem.hpp>

#include "host/calls.h"
#include "host/disk.h"
#include "support/archives.h"
#include "support/temp_dir.h"
#include "support/torture.h"

namespace release {
namespace {

namespace bfs = boost::filesystem;
using Cut = Disk::Cut;

// A root of another tool, or a plain directory, on a disk of that kind.
class ForeignDisk {
 public:
  ForeignDisk(const std::string& form, bool plain)
      : disk_(form, own_.path() + "/disk"),
        root_(own_.path() + "/disk/root"),
        calls_(root_, own_.path()) {
    if (plain) {
      MakeTree(root_ + "/current", "live");
    } else {
      MakeTree(root_ + "/releases/1", "old");
      MakeTree(root_ + "/releases/2", "live");
      bfs::create_symlink(root_ + "/releases/2", root_ + "/current");
    }
    command_ = {RELEASE_BINARY, "--root", root_, "init", "--adopt"};
    disk_.Keep();
  }

  std::vector<std::string> Calls() {
    disk_.Restore();
    REQUIRE(calls_.To(command_, 0, [] {}).finished.exit == 0);
    return calls_.Made();
  }

  // Cuts the power before that call, boots and adopts again. Returns a
  // description of the first failed check, or "".
  std::string CutBefore(unsigned call, Cut cut) {
    disk_.Restore();
    const auto run = calls_.To(command_, call, [&] { disk_.CutPower(cut); });
    if (!run.stopped) disk_.CutPower(cut);
    disk_.Remount();
    if (Served() != "live") return "after the boot: " + Served();
    if (!run.stopped && !Recorded()) return "a reported success is lost";
    const Finished again = Run(command_);
    if (again.exit != 0) return "again: " + again.Describe();
    if (Served() != "live") return "after trying again: " + Served();
    if (!Recorded()) return "trying again does not record it";
    const Finished verified =
        Run({RELEASE_BINARY, "--root", root_, "verify", "--all"});
    return verified.exit == 0 ? "" : verified.Describe();
  }

 private:
  static void MakeTree(const std::string& path, const std::string& text) {
    bfs::create_directories(path);
    Spill(path + "/index", text);
  }

  std::string Served() const {
    try {
      return Slurp(root_ + "/current/index");
    } catch (const std::runtime_error& error) {
      return error.what();
    }
  }

  bool Recorded() const {
    return bfs::is_symlink(root_ + "/current") &&
           Run({RELEASE_BINARY, "--root", root_, "status", "--check"}).exit ==
               0;
  }

  TempDir own_;
  Disk disk_;
  std::string root_;
  NumberedCalls calls_;
  std::vector<std::string> command_;
};

// Returns the calls before which the power is cut. A fast run takes every
// rename, every sync of `current`, and one in six of the other syncs; it starts
// to count at `first`, so that the samples differ.
std::vector<unsigned> Points(const std::vector<std::string>& calls,
                             unsigned first) {
  std::vector<unsigned> points;
  unsigned telling = first;
  for (unsigned n = 1; n <= calls.size(); ++n) {
    const std::string& call = calls[n - 1];
    const bool tells = call.starts_with("fsync") ||
                       call.starts_with("syncfs") ||
                       call.starts_with("renameat2");
    // The exchange of the tree for the link, and the calls on `current`, are
    // the critical moments.
    const bool matters = call.starts_with("renameat2") ||
                         call.find("current") != std::string::npos;
    if (Torture() || (tells && (matters || ++telling % 6 == 0))) {
      points.push_back(n);
    }
  }
  points.push_back(static_cast<unsigned>(calls.size()) + 1);
  return points;
}

TEST_CASE("a power cut at any call of an adoption keeps the app served") {
  unsigned all = 0;
  for (const std::string form : {"ext4", "xfs", "btrfs"}) {
    for (const bool plain : {true, false}) {
      ForeignDisk disk(form, plain);
      const auto calls = disk.Calls();
      unsigned cuts = 0;
      for (const unsigned point : Points(calls, cuts)) {
        std::vector<Cut> kinds = {Cut::kNothing};
        if (form != "btrfs" && Torture()) kinds.push_back(Cut::kNames);
        for (const Cut cut : kinds) {
          CAPTURE(form);
          CAPTURE(plain);
          CAPTURE(point);
          CAPTURE((point <= calls.size() ? calls[point - 1] : "end"));
          CHECK(disk.CutBefore(point, cut) == "");
          ++cuts;
        }
      }
      MESSAGE(fmt::format("{}, {}: {} calls, {} cuts", form,
                          plain ? "a directory" : "a link", calls.size(),
                          cuts));
      all += cuts;
    }
  }
  CHECK(all > 20);
}

}  // namespace
}  // namespace release
