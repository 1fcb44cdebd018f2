// The retention rule: a pure function that decides which releases to keep, and
// gives the reason for each.
#ifndef RELEASE_DEPLOY_RETENTION_H_
#define RELEASE_DEPLOY_RETENTION_H_

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "store/ledger.h"

namespace release {

struct RetentionFacts {
  Ledger ledger;  // reconciled with the disk
  std::optional<Version> live;
  // `current` exists but does not name a release in releases/, so any of them
  // may be live by another path. Retention then keeps all of them.
  bool live_in_doubt = false;
  std::set<Version> in_use;      // a process runs from it
  std::optional<Version> named;  // an open transaction names it
  unsigned keep_releases = 5;
};

struct RetentionVerdict {
  Version version;
  bool keep = true;
  std::string
      reason;  // "live", "pinned", "good 2 of 5", "beyond keep_releases"
  std::uint64_t bytes = 0;  // total size of its files
};

// Returns a verdict for each release in the ledger, newest transaction first.
//
// Only good releases count towards keep_releases, and the live one does not.
// The rule never removes the live release, its rollback target, a pinned
// release, one that a process uses or a transaction names, or an unknown one,
// which this tool did not make. It also keeps the newest staged release, which
// may be activated next, and the newest failed and the newest withdrawn
// release, so that their failure can be examined.
std::vector<RetentionVerdict> DecideRetention(const RetentionFacts& facts);

}  // namespace release

#endif  // RELEASE_DEPLOY_RETENTION_H_
