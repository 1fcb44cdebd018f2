// Kills a deploy between the write of its commit and the sync of it, runs
// another command, and cuts the power, on real file systems. The commit that
// the second command found must survive, because it has relied on it.
// tests/deploy/settled_record_crash_test.cc tries all that a kernel may do.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <optional>
#include <string>
#include <vector>

#include "host/cut_shop.h"
#include "support/torture.h"

namespace release {
namespace {

using Cut = Disk::Cut;
using Words = std::vector<std::string>;

constexpr const char* kRecordSync = "fsync .release/transactions/000003.log";

// The second commands; a fast run tries only the first.
std::vector<Words> SecondCommands() {
  if (!Torture()) return {{"recover"}};
  return {{"recover"}, {"deploy", "4.0"}, {"activate", "1.0"}, {"pin", "1.0"},
          {"prune"},   {"rollback"},      {"unpin", "1.0"}};
}

std::vector<std::string> Forms() {
  if (!Torture()) return {"xfs"};
  return {"ext4", "xfs", "btrfs"};
}

// Returns the number of the call that would sync the commit: the third sync of
// the record, after those of its begin and of the switch.
unsigned SyncOfCommit(CutShop* shop) {
  const auto calls = shop->Calls();
  unsigned seen = 0;
  for (unsigned n = 1; n <= calls.size(); ++n) {
    if (calls[n - 1] == kRecordSync && ++seen == 3) return n;
  }
  return 0;
}

// Cuts the power at the calls of the second command that sync or rename, and
// after its end. Returns the first broken promise, or "".
std::string FirstBreak(CutShop* shop, const CutShop::Second& second,
                       unsigned* cuts) {
  const auto calls = shop->CallsOf(second);
  for (auto n = static_cast<unsigned>(calls.size()) + 1; n >= 1; --n) {
    const bool end = n > calls.size();
    const std::string call = end ? "the end" : calls[n - 1];
    const bool tells = call.starts_with("fsync") ||
                       call.starts_with("syncfs") ||
                       call.starts_with("renameat2");
    if (!end && (!tells || !Torture())) continue;
    for (const Cut cut : {Cut::kNothing, Cut::kNames}) {
      if (cut == Cut::kNames &&
          (!Torture() || shop->disk()->form() == "btrfs")) {
        continue;
      }
      ++*cuts;
      const std::string broken = shop->KillThenCut(second, n, cut);
      if (!broken.empty()) return fmt::format("before {}: {}", call, broken);
    }
  }
  return "";
}

}  // namespace

TEST_CASE("a commit that was killed before its sync survives a power cut") {
  for (const std::string& form : Forms()) {
    CutCase deploy = CutCaseNamed("deploy");
    // Without dedup, because shared blocks make btrfs write more than it must.
    deploy.shares = false;
    CutShop shop(form, deploy);
    CutShop::Second second{.kill = SyncOfCommit(&shop)};
    REQUIRE(second.kill > 0);
    for (const Words& words : SecondCommands()) {
      CAPTURE(form);
      CAPTURE(words[0]);
      second.words = words;
      second.left_out.reset();
      unsigned cuts = 0;
      CHECK(FirstBreak(&shop, second, &cuts) == "");
      // As a control, let the second command leave out the sync of that commit.
      // A prune, pin or rollback syncs the name of its own record, and with it,
      // on some file systems, this one.
      second.left_out = LeftOut{kRecordSync, 1};
      const std::string broken = FirstBreak(&shop, second, &cuts);
      if (words[0] == "recover") CHECK(broken != "");
      MESSAGE(form << ", " << words[0] << ": " << cuts << " cuts; without the "
                   << "sync: " << broken.substr(0, broken.find('\n')));
    }
  }
}

}  // namespace release
