// Derives the history of releases that another tool made from the files it
// left: in which order the releases were live, and which of them were not good.
// Pure: does not touch the disk.
#ifndef RELEASE_ADOPT_FOREIGN_HISTORY_H_
#define RELEASE_ADOPT_FOREIGN_HISTORY_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/version.h"
#include "store/ledger.h"

namespace release {

// The logs that Capistrano and Deployer keep in a root.
inline constexpr char kRevisionsLog[] = "revisions.log";
inline constexpr char kReleasesLog[] = ".dep/releases_log";

// A directory in releases/.
struct ForeignTree {
  std::int64_t modified = 0;  // seconds since 1970
  bool marked_bad = false;    // Deployer rolled back from it
  bool unfinished = false;    // Deployer did not finish making it
};

struct ForeignFacts {
  Version live;
  std::map<Version, ForeignTree> trees;  // includes the live one
  std::string revisions_log;  // Capistrano's revisions.log; empty: none
  std::string releases_log;   // Deployer's .dep/releases_log; likewise
};

struct ForeignRelease {
  Version version;
  ReleaseState state = ReleaseState::kGood;  // or kFailed, kWithdrawn
  std::string reason;                        // why it is not good
};

struct ForeignHistory {
  // Holds one element for each tree. First come the releases that are not
  // good, then the good ones in the order in which they were live; the live
  // release is last.
  std::vector<ForeignRelease> releases;
  std::string order_source;  // the source of the order: "revisions.log", ...
};

// Uses the first source that fits: a revisions.log that mentions the live
// release, a releases_log that does, the names if all are numbers, else the
// modification times. A release that the chosen log does not mention counts as
// failed: it was never live. By every source but revisions.log, a release that
// is newer than the live one counts as failed too, because the reason why it is
// not live is unknown; if Deployer marked it as bad, it counts as withdrawn.
ForeignHistory ReadForeignHistory(const ForeignFacts& facts);

}  // namespace release

#endif  // RELEASE_ADOPT_FOREIGN_HISTORY_H_
