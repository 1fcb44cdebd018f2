// Which releases stay and which go: pure, with a reason for each.
#ifndef RELEASE_DEPLOY_RETENTION_H_
#define RELEASE_DEPLOY_RETENTION_H_

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "store/ledger.h"

namespace release {

struct RetentionFacts {
  Ledger ledger;  // reconciled with the disk
  std::optional<Version> live;
  // `current` says something that names no release here; it may be any.
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
};

// One verdict for each release of the ledger, newest activation first.
//
// Only good releases count towards keep_releases, and the live one does not.
// Never taken: the live one, its rollback target, pinned ones, those in use or
// named by a transaction, and unknown ones, which are not ours to remove. Of
// staged ones the newest stays, of failed and of withdrawn ones likewise: for
// the activation that is to come, and for whoever asks what went wrong.
std::vector<RetentionVerdict> DecideRetention(const RetentionFacts& facts);

}  // namespace release

#endif  // RELEASE_DEPLOY_RETENTION_H_
