// The data of cli/json.h as text for people.
#ifndef RELEASE_CLI_TABLES_H_
#define RELEASE_CLI_TABLES_H_

#include <string>
#include <vector>

#include "cli/json.h"
#include "cli/screen.h"
#include "deploy/retention.h"
#include "inspect/status.h"

namespace release {

// Each function returns complete lines. Control characters in names and other
// foreign text are escaped, so that they cannot affect the terminal.
//
// With Detail::kFull no cell is cut, but in the history: there each transaction
// is followed by its TransactionText.
std::string ListTable(const std::vector<ListedRelease>& releases,
                      const Screen& screen);
std::string HistoryTable(const std::vector<TransactionRecord>& records,
                         const Screen& screen);
// Lists what `prune` would remove, with the sum of the bytes in the last line.
std::string RemovalsText(const std::vector<RetentionVerdict>& removals,
                         const Screen& screen);
std::string VerifyText(const std::vector<VerifiedRelease>& releases,
                       const Screen& screen);
std::string CheckText(const std::vector<Finding>& findings,
                      const Screen& screen);
// Each difference is a line. The letters are git's: A added, D removed, M
// changed (content, mode or link target), T another kind of entry.
std::string DifferencesText(const std::vector<ManifestDifference>& differences,
                            const Screen& screen);

}  // namespace release

#endif  // RELEASE_CLI_TABLES_H_
