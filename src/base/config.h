// The configuration of an app, read from /etc/release/APP.toml.
#ifndef RELEASE_BASE_CONFIG_H_
#define RELEASE_BASE_CONFIG_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/host_path.h"

namespace release {

using Duration = std::chrono::nanoseconds;
using Argv = std::vector<std::string>;  // a command, run without a shell

enum class Dedup { kAuto, kHardLink, kOff };
enum class ServiceAction { kAuto, kReload, kRestart, kNone };
enum class RunningCheck { kAuto, kOff };
// Whether an instance whose listening process cannot be identified is refused.
enum class PeerCheck { kAuto, kRequire };

struct UnpackConfig {
  unsigned strip_components = 0;
  std::string owner;  // "user:group"; if empty, the caller
  std::uint64_t max_size = std::uint64_t{16} << 30;  // bytes
  std::uint64_t max_entries = 1'000'000;
  unsigned umask = 0022;  // permission bits that no entry gets
  // Absolute targets that a symbolic link may have: paths, or, with "*" as the
  // last component, whatever lies below.
  std::vector<std::string> absolute_links;
  Dedup dedup = Dedup::kAuto;

  bool operator==(const UnpackConfig&) const = default;
};

struct VerifyConfig {
  bool require_checksum = false;
  bool require_signature = false;
  bool require_tests = false;
  HostPath keys;            // path of the allowed-signers file
  HostPath revoked;         // path of a key revocation list or public keys
  std::string environment;  // evidence must name this one; if empty, any
  std::optional<Duration> max_age;  // of evidence; nullopt: no limit

  bool operator==(const VerifyConfig&) const = default;
};

// At most one of unit, pidfile and command is set.
struct ServiceConfig {
  std::string unit;
  HostPath pidfile;
  std::string signal = "HUP";  // sent to the process in pidfile
  Argv command;
  ServiceAction action = ServiceAction::kAuto;
  Duration timeout = std::chrono::seconds(90);
  RunningCheck running_check = RunningCheck::kAuto;

  bool configured() const {
    return !unit.empty() || !pidfile.empty() || !command.empty();
  }

  bool operator==(const ServiceConfig&) const = default;
};

// At most one of url, tcp and command is set.
struct HealthConfig {
  std::string url;
  std::string tcp;
  Argv command;
  unsigned status_low = 200;
  unsigned status_high = 299;
  std::string expect_body;  // "{version}" stands for the new version
  Duration interval = std::chrono::seconds(1);
  Duration timeout = std::chrono::seconds(5);
  Duration deadline = std::chrono::seconds(30);
  Duration min_healthy_time = std::chrono::seconds(5);

  bool configured() const {
    return !url.empty() || !tcp.empty() || !command.empty();
  }

  bool operator==(const HealthConfig&) const = default;
};

// How each release runs as an instance of its own (base/instance_names.h). The
// unit of [service] is a template then.
struct InstancesConfig {
  bool configured = false;           // the file has the table [instances]
  std::string socket = "http.sock";  // below `directory`
  // Absolute; "{version}" stands for the version. "/run/PREFIX/{version}" if
  // the file does not name it.
  std::string directory;
  std::string link = "run";  // the name in the release that leads to it
  std::string front_url;     // asked after the switch; empty: not asked
  std::string front_user;    // who must reach the socket; empty: not checked
  // How long an instance may go on serving its open connections after it is no
  // longer live.
  Duration drain = std::chrono::seconds(10);
  // How long the instance that was live before stays up for a rollback.
  Duration keep_warm{0};
  std::vector<std::string> restart;  // units that follow `current`
  std::string replaces;  // the unit that ran the app before; empty: none
  PeerCheck peer_check = PeerCheck::kAuto;

  bool operator==(const InstancesConfig&) const = default;
};

// A unit that runs a release beside the live one, only to try it.
struct TrialConfig {
  std::string unit;  // a template; empty: no trial
  std::string url;   // "{version}" and "{dir}" stand for those of the release

  bool configured() const { return !unit.empty(); }

  bool operator==(const TrialConfig&) const = default;
};

struct HooksConfig {
  Argv preflight;
  Argv pre_activate;
  Argv post_activate;
  Argv post_rollback;
  std::string user;  // whom they run as; if empty, the caller
  Duration timeout = std::chrono::minutes(10);
  // Not a config key: set if this program runs confined; see RunHook.
  bool in_unit = false;

  bool operator==(const HooksConfig&) const = default;
};

struct NotifyConfig {
  bool on_success = false;
  bool on_failure = true;
  bool on_rollback = true;
  bool on_recovery = true;
  Argv command;
  std::string webhook;

  bool operator==(const NotifyConfig&) const = default;
};

// The reaction of the watch to a release that has turned out bad.
enum class WatchAct { kNotify, kRollBack };

// The watch over a release in the minutes after its commit (docs/watch.md).
struct WatchConfig {
  bool configured = false;  // the file has the table [watch]
  // "for" in the file. Counted in looks, so that no clock decides.
  Duration length = std::chrono::minutes(10);
  Duration every = std::chrono::seconds(15);
  unsigned bad = 3;  // so many bad looks in a row, and the release is bad
  WatchAct act = WatchAct::kNotify;
  // A minute with more errors than this, and more than ten times as many as
  // before the switch, is bad.
  unsigned error_lines = 10;
  Argv command;  // exits with 0: ok, 1: bad, anything else: unknown

  // Returns the number of looks in `length`; at least 1.
  unsigned looks() const;

  bool operator==(const WatchConfig&) const = default;
};

struct Config {
  std::string app;  // empty if only --root was given
  HostPath root;    // absolute
  unsigned keep_releases = 5;
  unsigned keep_history = 10'000;        // records with all their steps
  std::vector<std::string> shared_dirs;  // relative, no ".."
  std::vector<std::string> shared_files;
  UnpackConfig unpack;
  VerifyConfig verify;
  ServiceConfig service;
  HealthConfig health;
  InstancesConfig instances;
  TrialConfig trial;
  WatchConfig watch;
  HooksConfig hooks;
  NotifyConfig notify;

  bool operator==(const Config&) const = default;
};

// Parses the text of a config file. Throws Error kConfigInvalid if it has any
// problem; the message has a line "FILE:LINE:COLUMN: problem" for each unknown
// key and bad value.
Config ParseConfig(std::string_view text, const std::string& file,
                   const std::string& app);

}  // namespace release

#endif  // RELEASE_BASE_CONFIG_H_
