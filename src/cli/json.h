// The JSON that --json prints, "schema": 1.
//
// Each function returns one object on one line, without a newline.
#ifndef RELEASE_CLI_JSON_H_
#define RELEASE_CLI_JSON_H_

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/manifest.h"
#include "deploy/deploy_context.h"
#include "deploy/notices.h"
#include "dropbox/intake.h"
#include "inspect/check.h"
#include "inspect/status.h"
#include "inspect/unit_drop_ins.h"
#include "inspect/verify_releases.h"

namespace release {

// Replaces bytes that are not UTF-8, which file names may have, by U+FFFD.
std::string JsonText(const nlohmann::json& object);

std::string OutcomeJson(const Outcome& outcome);
// The outcome of one upload, with its name.
std::string TakenJson(const UploadResult& taken);
// The outcomes of all uploads, with the gravest exit status.
std::string IntakeJson(const std::vector<UploadResult>& taken);
std::string StatusJson(const StatusReport& report);
std::string ListJson(const std::vector<ListedRelease>& releases);
std::string HistoryJson(const std::vector<TransactionRecord>& records);

// The result of `verify` for one release.
std::string DrainJson(const std::vector<DrainedInstance>& drained);
std::string VerifyJson(const std::vector<VerifiedRelease>& releases);
std::string NotifyJson(const std::vector<Delivery>& deliveries);
std::string LevelName(Finding::Level level);  // "ok", "warn", "fail"
std::string CheckJson(const std::vector<Finding>& findings);
std::string DropInsJson(const std::vector<DropIn>& drop_ins);
std::string DiffJson(const std::string& from, const std::string& to,
                     const std::vector<ManifestDifference>& differences);

}  // namespace release

#endif  // RELEASE_CLI_JSON_H_
