// The data of cli/json.h as text for people.
#ifndef RELEASE_CLI_TABLES_H_
#define RELEASE_CLI_TABLES_H_

#include <string>
#include <vector>

#include "cli/json.h"
#include "inspect/status.h"

namespace release {

// Each function returns complete lines. Control characters in names and other
// foreign text are escaped, so that they cannot affect the terminal.
std::string StatusText(const StatusReport& report);
std::string ListTable(const std::vector<ListedRelease>& releases);
std::string HistoryTable(const std::vector<TransactionRecord>& records);
std::string VerifyText(const std::vector<VerifiedRelease>& releases);
std::string CheckText(const std::vector<Finding>& findings);
std::string DifferencesText(const std::vector<ManifestDifference>& differences);

}  // namespace release

#endif  // RELEASE_CLI_TABLES_H_
