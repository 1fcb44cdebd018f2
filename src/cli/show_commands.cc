#include "cli/show_commands.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "base/units.h"
#include "cli/json.h"
#include "cli/metrics.h"
#include "cli/output.h"
#include "cli/session.h"
#include "cli/tables.h"
#include "inspect/check.h"
#include "inspect/status.h"
#include "inspect/unit_drop_ins.h"
#include "os/cancellation.h"
#include "os/startup.h"
#include "store/layout.h"
#include "store/releases.h"

namespace release {
namespace {

constexpr Nanoseconds kFollowPoll = std::chrono::milliseconds(300);

std::vector<TransactionRecord> NewestRecords(Fs* fs, unsigned count) {
  const std::vector<std::uint64_t> numbers = ListRecords(fs);
  std::vector<TransactionRecord> records;
  for (auto it = numbers.rbegin(); it != numbers.rend() && count > 0;
       ++it, --count) {
    // A transaction that ends meanwhile removes old records.
    if (!fs->Stat(Fs::kRoot, RecordPath(*it))) continue;
    records.push_back(ReadRecord(fs, *it));
  }
  return records;
}

// Prints each transaction after `seen` as it ends, until interrupted or until
// nobody reads it any more.
int Follow(Session* session, std::uint64_t seen) {
  while (InterruptSignal() == 0 && !OutIsClosed()) {
    for (const std::uint64_t number : ListRecords(session->fs())) {
      if (number <= seen) continue;
      const TransactionRecord record = ReadRecord(session->fs(), number);
      // Stop here, so that the order is kept; the next poll reads it again.
      if (!record.end) break;
      seen = number;
      if (session->options().json) {
        PrintJson(HistoryJson({record}));
      } else {
        PrintText(HistoryTable({record}));
      }
    }
    session->context()->system.clock->Sleep(kFollowPoll);
  }
  return 0;
}

Version LiveOrThrow(Fs* fs) {
  const DeploymentState state = ReadDeploymentState(fs);
  if (state.live) return *state.live;
  throw Error(ErrorCode::kNoSuchRelease, "cannot tell: no release is live");
}

[[noreturn]] void RefuseMissing(const Version& version) {
  throw Error(ErrorCode::kNoSuchRelease,
              fmt::format("cannot verify {}: there is no {}", version.name(),
                          ReleasePath(version)),
              ReleasePath(version));
}

std::vector<Version> VersionsToVerify(Fs* fs, const VerifyOptions& options) {
  const ReleaseListing listing = ReadDeploymentState(fs).listing;
  if (options.all) {
    return {listing.versions.begin(), listing.versions.end()};
  }
  if (options.versions.empty()) return {LiveOrThrow(fs)};
  std::vector<Version> versions;
  for (const std::string& name : options.versions) {
    versions.push_back(Version::ParseOrThrow(name));
    if (!listing.versions.contains(versions.back())) {
      RefuseMissing(versions.back());
    }
  }
  return versions;
}

int PrintUnits(const GlobalOptions& global) {
  Config config = LoadConfig(global);
  if (config.app.empty()) {
    throw Error(ErrorCode::kUsage,
                "cannot print drop-ins: the units need an app; give --app");
  }
  config.root = RealPath(config.root);
  const std::vector<DropIn> needed = NeededDropIns(config);
  if (global.json) {
    PrintJson(DropInsJson(needed));
    return 0;
  }
  WriteOut(ScriptOf(needed));
  Say(global, needed.empty()
                  ? "the units fit as they are: no drop-in is needed"
                  : "pipe this into sh, as root, to have the units fit");
  return 0;
}

}  // namespace

int RunStatus(const GlobalOptions& global, const StatusOptions& options) {
  if (options.metrics && global.json) {
    throw Error(ErrorCode::kUsage,
                "cannot print the status both as JSON and as metrics");
  }
  Session session(global);
  const StatusReport report = ReadStatus(
      session.context(), options.check ? TreeCheck::kBytes : TreeCheck::kShape);
  if (options.metrics) {
    WriteOut(MetricsText(session.config().app, report));
  } else if (global.json) {
    PrintJson(StatusJson(report));
  } else if (!global.quiet) {
    PrintText(StatusText(report));
  }
  return options.check && !report.well() ? static_cast<int>(Exit::kFoundWrong)
                                         : 0;
}

int RunCheck(const GlobalOptions& global, const CheckOptions& options) {
  if (options.units) return PrintUnits(global);
  Session session(global);
  const std::vector<Finding> findings = CheckHost(session.context());
  const bool wrong =
      std::any_of(findings.begin(), findings.end(), [](const Finding& finding) {
        return finding.level == Finding::Level::kFailure;
      });
  if (global.json) {
    PrintJson(CheckJson(findings));
  } else if (!global.quiet) {
    PrintText(CheckText(findings));
  }
  return wrong ? static_cast<int>(Exit::kFoundWrong) : 0;
}

int RunList(const GlobalOptions& global) {
  Session session(global);
  // The names alone need no search for the processes that use a release.
  if (global.quiet && !global.json) {
    const DeploymentState state = ReadDeploymentState(session.fs());
    for (const Version& version : state.listing.versions) {
      WriteOut(version.name() + "\n");
    }
    return 0;
  }
  const std::vector<ListedRelease> releases = ListKnown(session.context());
  if (global.json) {
    PrintJson(ListJson(releases));
  } else {
    PrintText(ListTable(releases));
  }
  return 0;
}

int RunHistory(const GlobalOptions& global, const HistoryOptions& options) {
  Session session(global);
  RequireLayout(session.fs());
  const std::vector<TransactionRecord> records =
      NewestRecords(session.fs(), options.count);
  if (global.json) {
    PrintJson(HistoryJson(records));
  } else {
    PrintText(HistoryTable(records));
  }
  if (!options.follow) return 0;
  const auto ended = std::find_if(
      records.begin(), records.end(),
      [](const TransactionRecord& record) { return record.end.has_value(); });
  return Follow(&session, ended == records.end() ? 0 : ended->number);
}

int RunVerify(const GlobalOptions& global, const VerifyOptions& options) {
  Session session(global);
  std::vector<VerifiedRelease> verified;
  bool ok = true;
  for (const Version& version : VersionsToVerify(session.fs(), options)) {
    auto found = VerifyIfThere(session.context(), version);
    if (!found && !options.all) RefuseMissing(version);
    if (!found) continue;
    ok = ok && found->ok();
    verified.push_back(std::move(*found));
    ThrowIfCancelled();
  }
  if (global.json) {
    PrintJson(VerifyJson(verified));
  } else if (!global.quiet) {
    PrintText(VerifyText(verified));
  }
  return ok ? 0 : static_cast<int>(Exit::kFoundWrong);
}

int RunDiff(const GlobalOptions& global, const DiffOptions& options) {
  Session session(global);
  // With one name, print what would change if that release went live.
  const Version to =
      Version::ParseOrThrow(options.to.empty() ? options.from : options.to);
  const Version from = options.to.empty() ? LiveOrThrow(session.fs())
                                          : Version::ParseOrThrow(options.from);
  const ReleaseListing listing = ReadDeploymentState(session.fs()).listing;
  for (const Version& version : {from, to}) {
    if (listing.versions.contains(version)) continue;
    throw Error(ErrorCode::kNoSuchRelease,
                fmt::format("cannot compare {}: there is no {}", version.name(),
                            ReleasePath(version)),
                ReleasePath(version));
  }
  const auto differences =
      Compare(LoadManifest(session.fs(), from), LoadManifest(session.fs(), to));
  if (global.json) {
    PrintJson(DiffJson(from.name(), to.name(), differences));
  } else {
    PrintText(DifferencesText(differences));
    Say(global, fmt::format("{} difference{} from {} to {}", differences.size(),
                            differences.size() == 1 ? "" : "s", from.name(),
                            to.name()));
  }
  return 0;
}

}  // namespace release
