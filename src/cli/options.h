// The values of the command line: the global options, and one struct for each
// command with options or operands of its own. "" means not given.
#ifndef RELEASE_CLI_OPTIONS_H_
#define RELEASE_CLI_OPTIONS_H_

#include <optional>
#include <string>
#include <vector>

#include "base/config.h"
#include "deploy/transaction_spec.h"
#include "trust/evidence_file.h"

namespace release {

// The app and root that the JSON of a command names; see cli/json.h. "" stands
// for null: a root without an app, or a command without a root.
struct JsonSubject {
  std::string app;
  std::string root;
};

struct GlobalOptions {
  std::string app;
  std::string root;
  std::string config;
  bool json = false;
  bool quiet = false;
  bool verbose = false;
  bool dry_run = false;
  bool progress_json = false;
  Duration wait{0};  // how long to wait for the lock
  bool utc = false;  // dates in UTC, not in the host's zone
  std::string color = "auto";
  JsonSubject subject;  // with `json`, as far as it is known
};

struct DeployOptions {
  std::string archive;  // a path, or "-" for standard input
  std::string version;
  std::string sha256;
  std::string attestation;  // a path
  std::string signature;    // a path
  Evidence evidence;        // set by `serve` instead of the paths
  std::optional<unsigned> strip_components;
  std::optional<Duration> confirm_within;
  bool irreversible = false;
  RolloutTerms rollout;
  bool activates = true;  // false for `stage`
};

struct ActivateOptions {
  std::string version;
  std::optional<Duration> confirm_within;
  bool irreversible = false;
  RolloutTerms rollout;
  std::string manifest_sha256;
};

struct RollbackOptions {
  std::string version;  // "": the good release before the live one
  std::string reason;
  bool unchecked = false;
  bool yes = false;  // past an irreversible release, too
  RolloutTerms rollout;
};

struct PinOptions {
  std::string version;
  bool pinned = true;
};

struct RecoverOptions {
  bool no_service = false;
};

struct InitOptions {
  bool adopt = false;
  std::string from;     // the directory to move to ROOT/current
  std::string version;  // the version to give to a plain directory
  std::vector<std::string> leave_out;
};

struct NotifyOptions {
  bool due = false;
};

struct StatusOptions {
  bool check = false;
  bool watch = false;
  bool metrics = false;
};

struct WatchOptions {
  bool follow = false;
  bool run = false;
  bool stop = false;
};

struct ShowOptions {
  std::string what;         // a release, or the number of a transaction
  std::string transaction;  // the number of a transaction; "": not given
};

struct CheckOptions {
  bool units = false;
};

struct HistoryOptions {
  unsigned count = 20;
  bool follow = false;
  bool all = false;   // also what named no release on this host
  std::string since;  // a duration or a date; "": no limit
  std::string until;
};

struct VerifyOptions {
  std::vector<std::string> versions;
  bool all = false;
};

struct ServeOptions {
  std::string allow;  // command names, separated by commas
};

struct PackOptions {
  std::string directory;
  std::string output;   // a path, or "-" for standard output
  std::string base;     // a manifest, or "-" for standard input; "": none
  std::string version;  // "": the archive's manifest has no version
  bool keep_modes = false;
};

struct ManifestOptions {
  std::string version;  // "": the live release
  bool digest = false;  // only the digest
};

struct DiffOptions {
  std::string from;
  std::string to;
};

}  // namespace release

#endif  // RELEASE_CLI_OPTIONS_H_
