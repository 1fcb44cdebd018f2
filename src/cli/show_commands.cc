#include "cli/show_commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "base/text.h"
#include "base/units.h"
#include "cli/json.h"
#include "cli/metrics.h"
#include "cli/output.h"
#include "cli/progress_display.h"
#include "cli/session.h"
#include "cli/status_text.h"
#include "cli/tables.h"
#include "inspect/check.h"
#include "inspect/status.h"
#include "inspect/unit_drop_ins.h"
#include "os/cancellation.h"
#include "os/identity.h"
#include "os/startup.h"
#include "os/terminal.h"
#include "store/folded_records.h"
#include "store/layout.h"
#include "store/releases.h"
#include "store/unlocked_read.h"

namespace release {
namespace {

constexpr Nanoseconds kFollowPoll = std::chrono::milliseconds(300);
// A verdict that is too long goes on below, indented.
constexpr std::size_t kVerdictIndent = 2;
constexpr Nanoseconds kWatchPoll = std::chrono::seconds(1);
// Moves the cursor to the first column of the first line, and clears from
// there.
constexpr char kClearScreen[] = "\x1b[H\x1b[J";

Screen ScreenOf(Session* session) {
  return OutScreen(session->options(),
                   session->context()->system.clock->WallSeconds());
}

// Which records `history` shows.
class RecordFilter {
 public:
  // Whether to show mistyped names though --all is not given.
  enum class Mistyped { kShown, kLeftOut };
  RecordFilter(const HistoryOptions& options, const Screen& screen,
               Mistyped which)
      : all_(options.all || which == Mistyped::kShown),
        since_(ParseMoment(screen, options.since).value_or(kEarliest)),
        until_(ParseMoment(screen, options.until).value_or(kLatest)) {}

  bool Shows(const TransactionRecord& record) {
    const std::int64_t at = record.begin ? record.begin->at : 0;
    if (at < since_ || at > until_) return false;
    if (all_ || !IsMistyped(record)) return true;
    ++left_out_;
    return false;
  }
  // Returns whether no older record can be shown.
  bool Ends(const TransactionRecord& record) const {
    return record.begin && record.begin->at < since_;
  }
  std::size_t left_out() const { return left_out_; }

 private:
  static bool IsMistyped(const TransactionRecord& record) {
    return record.end && record.end->exit == Exit::kNoSuchRelease;
  }

  static constexpr auto kEarliest = std::numeric_limits<std::int64_t>::min();
  static constexpr auto kLatest = std::numeric_limits<std::int64_t>::max();

  bool all_;
  std::int64_t since_;
  std::int64_t until_;
  std::size_t left_out_ = 0;
};

// Returns the newest records that the filter shows, the newest first.
std::vector<TransactionRecord> NewestRecords(Fs* fs, unsigned count,
                                             RecordFilter* filter) {
  const std::vector<std::uint64_t> numbers = ListRecords(fs);
  std::vector<TransactionRecord> records;
  for (auto it = numbers.rbegin(); it != numbers.rend(); ++it) {
    if (records.size() == count) break;
    // A transaction that ends meanwhile removes old records.
    if (!fs->Stat(Fs::kRoot, RecordPath(*it))) continue;
    TransactionRecord record = ReadRecord(fs, *it);
    if (filter->Ends(record)) return records;
    if (filter->Shows(record)) records.push_back(std::move(record));
  }
  if (records.size() == count) return records;
  for (TransactionRecord& record : ReadFoldedRecords(fs)) {
    if (records.size() == count || filter->Ends(record)) break;
    if (filter->Shows(record)) records.push_back(std::move(record));
  }
  return records;
}

// Returns the number of the newest transaction that has ended; 0 if there is
// none.
std::uint64_t NewestEnded(Fs* fs) {
  const DeploymentState state = ReadDeploymentState(fs);
  return state.last ? state.last->number : 0;
}

// Prints each transaction after `seen` that the filter shows as it ends, until
// interrupted or until nobody reads it any more.
int Follow(Session* session, std::uint64_t seen, RecordFilter* filter) {
  while (InterruptSignal() == 0 && !OutIsClosed()) {
    for (const std::uint64_t number : ListRecords(session->fs())) {
      if (number <= seen) continue;
      const TransactionRecord record = ReadRecord(session->fs(), number);
      // Stop here, so that the order is kept; the next poll reads it again.
      if (!record.end) break;
      seen = number;
      if (!filter->Shows(record)) continue;
      if (session->options().json) {
        PrintJson(HistoryJson(session->options().subject, CommandId::kHistory,
                              {record}));
      } else {
        PrintText(HistoryTable({record}, ScreenOf(session)));
      }
    }
    session->context()->system.clock->Sleep(kFollowPoll);
  }
  return 0;
}

std::vector<Version> VersionsToVerify(const DeploymentState& state,
                                      const VerifyOptions& options) {
  const std::set<Version>& present = state.listing.versions;
  if (options.all) return {present.begin(), present.end()};
  if (options.versions.empty()) return {RequireLive(state)};
  std::vector<Version> versions;
  for (const std::string& name : options.versions) {
    versions.push_back(Version::ParseOrThrow(name));
    RequireRelease(state, versions.back());
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
    PrintJson(DropInsJson(global.subject, needed));
    return 0;
  }
  WriteOut(ScriptOf(needed));
  Say(global, needed.empty()
                  ? "the units fit as they are: no drop-in is needed"
                  : "pipe this into sh, as root, to have the units fit");
  return 0;
}

std::optional<VerifiedRelease> VerifyWithProgress(DeployContext* context,
                                                  const Ledger& ledger,
                                                  const Version& version) {
  const LedgerEntry* entry = ledger.Find(version);
  const ReportedWork work(context, "verify",
                          entry == nullptr ? 0 : entry->bytes);
  return VerifyIfThere(context, version);
}

// Throws Error kNoSuchRelease if the release was removed meanwhile.
Manifest ManifestIfThere(Fs* fs, const Version& version) {
  auto manifest =
      ReadIfThere(fs, version, [&] { return LoadManifest(fs, version); });
  if (!manifest) ThrowNoSuchRelease({}, version);
  return std::move(*manifest);
}

StatusReport Report(Session* session, const StatusOptions& options) {
  return ReadStatus(session->context(),
                    options.check ? TreeCheck::kBytes : TreeCheck::kShape);
}

int StatusExit(const StatusOptions& options, bool well) {
  return options.check && !well ? static_cast<int>(Exit::kFoundWrong) : 0;
}

void PrintVerdictOf(const GlobalOptions& global, const StatusReport& report,
                    const Screen& screen) {
  PrintVerdict(global, VerdictOf(report),
               Wrapped(screen, WithApp(global.app, VerdictText(report, screen)),
                       kVerdictIndent));
}

int PrintStatus(const GlobalOptions& global, const StatusOptions& options) {
  Session session(global);
  const StatusReport report = Report(&session, options);
  if (options.metrics) {
    WriteOut(MetricsText(session.config().app, report));
  } else if (global.json) {
    PrintJson(
        StatusJson(global.subject, report, StatusExit(options, report.well())));
  } else if (!global.quiet) {
    const Screen screen = ScreenOf(&session);
    PrintVerdictOf(global, report, screen);
    PrintText("\n" + StatusText(report, screen, global.app));
  }
  return StatusExit(options, report.well());
}

// Returns the first line of the message, with the one after it if it only leads
// to that.
std::string CauseOf(const std::string& message) {
  const std::string first = FirstLine(message);
  if (!first.ends_with(':')) return first;
  for (const std::string& line : LaterLines(message)) {
    const std::size_t begin = line.find_first_not_of(' ');
    if (begin != line.npos) return first + " " + line.substr(begin);
  }
  return first;
}

// Prints the verdict on one app. Returns the exit status of `status` for it. An
// app whose status cannot be read does not hide the others.
int PrintVerdictOn(const GlobalOptions& global, const StatusOptions& options) {
  try {
    Session session(global);
    const StatusReport report = Report(&session, options);
    if (!global.quiet) PrintVerdictOf(global, report, ScreenOf(&session));
    return StatusExit(options, report.well());
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kInterrupted) throw;
    PrintVerdict(global, Verdict::kAttention,
                 fmt::format("{} on {}: ATTENTION: {}", global.app,
                             Printable(Caller().host),
                             Printable(CauseOf(error.what()))));
    return static_cast<int>(ExitBeforeSwitch(error.code()));
  }
}

// Returns the status of the first app that cannot be read or is not well.
int PrintVerdicts(const GlobalOptions& global, const StatusOptions& options,
                  const std::vector<std::string>& apps) {
  int status = 0;
  for (const std::string& app : apps) {
    GlobalOptions one = global;
    one.app = app;
    const int each = PrintVerdictOn(one, options);
    if (status == 0) status = each;
  }
  return status;
}

// Ctrl-C is its normal end.
int WatchStatus(const GlobalOptions& global, StatusOptions options) {
  options.watch = false;
  PosixClock clock;
  int status = 0;
  while (InterruptSignal() == 0 && !OutIsClosed()) {
    if (IsTerminal(OutputStream::kOut)) WriteOut(kClearScreen);
    try {
      status = RunStatus(global, options);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kInterrupted) throw;
      break;
    }
    clock.Sleep(kWatchPoll);
  }
  return status;
}

}  // namespace

int RunStatus(const GlobalOptions& global, const StatusOptions& options) {
  if (options.metrics && global.json) {
    throw Error(ErrorCode::kUsage,
                "cannot print the status both as JSON and as metrics");
  }
  if (options.watch) return WatchStatus(global, options);
  if (!KnowsApp(global) && !global.json && !options.metrics) {
    const std::vector<std::string> apps = ConfiguredApps();
    if (apps.size() > 1) return PrintVerdicts(global, options, apps);
  }
  return PrintStatus(global, options);
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
    PrintJson(CheckJson(global.subject, findings));
  } else if (!global.quiet) {
    PrintText(CheckText(findings, ScreenOf(&session)));
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
    PrintJson(ListJson(global.subject, releases));
  } else {
    PrintText(ListTable(releases, ScreenOf(&session)));
  }
  return 0;
}

int RunHistory(const GlobalOptions& global, const HistoryOptions& options) {
  Session session(global);
  RequireLayout(session.fs());
  const Screen screen = ScreenOf(&session);
  if (options.follow && !options.until.empty()) {
    throw Error(ErrorCode::kUsage,
                "cannot follow the history until a time: leave out --until");
  }
  // Read first, so that a transaction which ends meanwhile is followed.
  const std::uint64_t seen = NewestEnded(session.fs());
  // A script filters for itself.
  RecordFilter filter(options, screen,
                      global.json ? RecordFilter::Mistyped::kShown
                                  : RecordFilter::Mistyped::kLeftOut);
  std::vector<TransactionRecord> records =
      NewestRecords(session.fs(), options.count, &filter);
  if (options.follow) std::reverse(records.begin(), records.end());
  if (global.json) {
    PrintJson(HistoryJson(global.subject, CommandId::kHistory, records));
  } else {
    PrintText(HistoryTable(records, screen));
    if (filter.left_out() > 0) {
      Say(global, fmt::format("{} left out that named no release of this host; "
                              "--all shows them",
                              Counted(filter.left_out(), "transaction")));
    }
  }
  return options.follow ? Follow(&session, seen, &filter) : 0;
}

int RunVerify(const GlobalOptions& global, const VerifyOptions& options) {
  Session session(global);
  DeployContext* context = session.context();
  context->report = EventPrinter(global, context->bytes);
  session.CountReads();
  const DeploymentState state = ReadDeploymentState(session.fs());
  std::vector<VerifiedRelease> verified;
  bool ok = true;
  for (const Version& version : VersionsToVerify(state, options)) {
    auto found = VerifyWithProgress(context, state.ledger, version);
    if (!found && !options.all) ThrowNoSuchRelease({}, version);
    if (!found) continue;
    ok = ok && found->ok();
    verified.push_back(std::move(*found));
    ThrowIfCancelled();
  }
  if (global.json) {
    PrintJson(VerifyJson(global.subject, verified));
  } else if (!global.quiet) {
    PrintText(VerifyText(verified, ScreenOf(&session)));
  }
  return ok ? 0 : static_cast<int>(Exit::kFoundWrong);
}

int RunDiff(const GlobalOptions& global, const DiffOptions& options) {
  Session session(global);
  const DeploymentState state = ReadDeploymentState(session.fs());
  // With one name, print what would change if that release went live.
  const Version to =
      Version::ParseOrThrow(options.to.empty() ? options.from : options.to);
  const Version from = options.to.empty() ? RequireLive(state)
                                          : Version::ParseOrThrow(options.from);
  RequireRelease(state, from);
  RequireRelease(state, to);
  const auto differences = Compare(ManifestIfThere(session.fs(), from),
                                   ManifestIfThere(session.fs(), to));
  if (global.json) {
    PrintJson(DiffJson(global.subject, from.name(), to.name(), differences));
  } else {
    PrintText(DifferencesText(differences, ScreenOf(&session)));
    Say(global, fmt::format("{} from {} to {}",
                            Counted(differences.size(), "difference"),
                            from.name(), to.name()));
  }
  return 0;
}

}  // namespace release
