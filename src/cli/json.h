// The JSON that --json prints, "schema": 2 (docs/schema).
//
// Each function returns one object on one line, without a newline. Every object
// has `schema`, `command`, `app`, `root` and `exit`; that of a command that can
// change something has `changed`. A value that does not exist is null, and a
// release is always given by its name.
#ifndef RELEASE_CLI_JSON_H_
#define RELEASE_CLI_JSON_H_

#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/manifest.h"
#include "cli/options.h"
#include "deploy/deploy_context.h"
#include "deploy/notices.h"
#include "dropbox/intake.h"
#include "inspect/check.h"
#include "inspect/release_facts.h"
#include "inspect/status.h"
#include "inspect/unit_drop_ins.h"
#include "inspect/verify_releases.h"
#include "watch/signals.h"

namespace release {

struct PackedArchive {
  std::string file;
  std::string sha256;
  std::string manifest_sha256;  // of the whole release's manifest
  std::uint64_t bytes = 0;
  std::size_t entries = 0;
  std::string version;  // "": its manifest has none
};

struct ShownManifest {
  std::string version;
  bool changed = false;  // the text was stored
  std::string digest;    // SHA-256 of its text
  std::uint64_t bytes = 0;
  std::size_t entries = 0;
};

// Replaces bytes that are not UTF-8, which file names may have, by U+FFFD.
std::string JsonText(const nlohmann::json& object);

std::string OutcomeJson(const JsonSubject& subject, const Outcome& outcome);
// The plan of --dry-run.
std::string PlanJson(const JsonSubject& subject, CommandId command,
                     const std::vector<std::string>& steps);
// The outcome of one upload, with its name.
std::string TakenJson(const JsonSubject& subject, const UploadResult& taken);
// The outcomes of all uploads, with the gravest exit status.
std::string IntakeJson(const JsonSubject& subject,
                       const std::vector<UploadResult>& taken);
// A watch, and the signals of its newest look. `exit` is the status of the
// command.
std::string WatchJson(const JsonSubject& subject, const WatchNote& note,
                      const std::vector<Signal>& signals, bool changed,
                      int exit);
// `exit` is the status of the command.
std::string StatusJson(const JsonSubject& subject, const StatusReport& report,
                       int exit);
std::string ListJson(const JsonSubject& subject,
                     const std::vector<ListedRelease>& releases);
// Describes one release, with its transactions.
std::string ShowJson(const JsonSubject& subject, const ReleaseFacts& facts);
// `command` is history or show.
std::string HistoryJson(const JsonSubject& subject, CommandId command,
                        const std::vector<TransactionRecord>& records);
std::string DrainJson(const JsonSubject& subject,
                      const std::vector<DrainedInstance>& drained);
std::string VerifyJson(const JsonSubject& subject,
                       const std::vector<VerifiedRelease>& releases);
std::string NotifyJson(const JsonSubject& subject,
                       const std::vector<Delivery>& deliveries);
std::string LevelName(Finding::Level level);  // "ok", "warn", "fail"
std::string CheckJson(const JsonSubject& subject,
                      const std::vector<Finding>& findings);
std::string DropInsJson(const JsonSubject& subject,
                        const std::vector<DropIn>& drop_ins);
std::string DiffJson(const JsonSubject& subject, const std::string& from,
                     const std::string& to,
                     const std::vector<ManifestDifference>& differences);
std::string ManifestJson(const JsonSubject& subject,
                         const ShownManifest& manifest);
// `changed` is not in it: `pack` changes nothing below a root.
std::string PackJson(const JsonSubject& subject, const PackedArchive& packed);

}  // namespace release

#endif  // RELEASE_CLI_JSON_H_
