// Everything that is known about one release, for `release show`. Changes
// nothing and takes no lock.
#ifndef RELEASE_INSPECT_RELEASE_FACTS_H_
#define RELEASE_INSPECT_RELEASE_FACTS_H_

#include <optional>
#include <string>
#include <vector>

#include "base/manifest.h"
#include "deploy/deploy_context.h"
#include "inspect/status.h"
#include "store/journal.h"

namespace release {

struct ReleaseFacts {
  ListedRelease listed;
  std::size_t entries = 0;                      // in its manifest
  std::vector<ManifestDifference> differences;  // of its shape on disk
  std::string unverified;  // why its manifest cannot be compared; "": it was
  // The transactions that went to it or left it, the newest first.
  std::vector<TransactionRecord> transactions;
};

// Throws Error kNoSuchRelease if the release is not on disk, kNotInitialized.
ReleaseFacts ReadReleaseFacts(DeployContext* context, const Version& version);

// Returns the record that `text` numbers, or nullopt if it is no number or
// there is no such record.
std::optional<TransactionRecord> FindTransaction(Fs* fs,
                                                 const std::string& text);

}  // namespace release

#endif  // RELEASE_INSPECT_RELEASE_FACTS_H_
