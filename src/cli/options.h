// The values of the command line; one struct for each command that has
// options of its own.
#ifndef RELEASE_CLI_OPTIONS_H_
#define RELEASE_CLI_OPTIONS_H_

#include <optional>
#include <string>
#include <vector>

#include "base/config.h"
#include "trust/evidence_file.h"

namespace release {

struct GlobalOptions {
  std::string app;
  std::string root;
  std::string config;
  bool json = false;
  bool quiet = false;
  bool verbose = false;
  bool dry_run = false;
  bool progress_json = false;
  Duration wait{0};  // for the lock
  std::string color = "auto";
};

struct DeployOptions {
  std::string archive;  // "-": standard input
  std::string version;
  std::string sha256;
  std::string attestation;  // a path
  std::string signature;    // a path
  Evidence evidence;        // read already; then there is no path
  std::optional<unsigned> strip_components;
  std::optional<Duration> confirm_within;
  bool activates = true;  // false: `stage`
};

struct ActivateOptions {
  std::string version;
  std::optional<Duration> confirm_within;
};

struct RollbackOptions {
  std::string version;  // empty: the one before
  std::string reason;
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
  std::string from;     // a directory that becomes `current`; empty: none
  std::string version;  // of a directory that is no release yet
  std::vector<std::string> leave_out;
};

struct NotifyOptions {
  bool due = false;
};

struct StatusOptions {
  bool check = false;
  bool metrics = false;
};

struct HistoryOptions {
  unsigned count = 20;
  bool follow = false;
};

struct VerifyOptions {
  std::vector<std::string> versions;
  bool all = false;
};

struct ServeOptions {
  std::string allow;  // commands with commas between them
};

struct PackOptions {
  std::string directory;
  std::string output;
  std::string version;  // empty: the archive does not say
};

struct DiffOptions {
  std::string from;
  std::string to;
};

}  // namespace release

#endif  // RELEASE_CLI_OPTIONS_H_
