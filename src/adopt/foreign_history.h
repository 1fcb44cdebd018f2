// What another tool left behind tells of the releases it made: in which order
// they were live, and which of them were not good. Pure.
#ifndef RELEASE_ADOPT_FOREIGN_HISTORY_H_
#define RELEASE_ADOPT_FOREIGN_HISTORY_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/version.h"
#include "store/ledger.h"

namespace release {

// A directory in releases/.
struct ForeignTree {
  std::int64_t modified = 0;  // seconds since 1970
  bool marked_bad = false;    // Deployer went back from it
  bool unfinished = false;    // Deployer was still making it
};

struct ForeignFacts {
  Version live;
  std::map<Version, ForeignTree> trees;  // the live one too
  std::string revisions_log;  // Capistrano's revisions.log; empty: none
  std::string releases_log;   // Deployer's .dep/releases_log; likewise
};

struct ForeignRelease {
  Version version;
  ReleaseState state = ReleaseState::kGood;  // or kFailed, kWithdrawn
  std::string reason;                        // why it is not good
};

struct ForeignHistory {
  // One for each tree: the good ones in the order in which they were live, the
  // live one last of all.
  std::vector<ForeignRelease> releases;
  std::string told_by;  // what the order is from: "revisions.log", ...
};

// A log that knows the live release tells all: what it does not mention was
// never live. Without one the order is that of the names where all are numbers,
// else that of the times of change; then what comes after the live one is taken
// for failed, since nobody knows why it is not live.
ForeignHistory ReadForeignHistory(const ForeignFacts& facts);

}  // namespace release

#endif  // RELEASE_ADOPT_FOREIGN_HISTORY_H_
