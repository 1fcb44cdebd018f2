#include "cli/show_command.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/text.h"
#include "base/units.h"
#include "cli/json.h"
#include "cli/labelled_lines.h"
#include "cli/output.h"
#include "cli/record_words.h"
#include "cli/session.h"
#include "cli/tables.h"
#include "deploy/deployment_state.h"
#include "inspect/release_facts.h"

namespace release {
namespace {

std::string StateText(const ReleaseFacts& facts, const Screen& screen) {
  const LedgerEntry& entry = facts.listed.entry;
  std::string text(StateName(entry.state));
  if (entry.since != 0) {
    text += fmt::format(" since {}", FormatWhen(screen, entry.since));
  }
  if (!entry.by.empty()) text += ", by " + Printable(entry.by);
  if (facts.listed.live) text += "; live";
  if (facts.listed.rollback_target) text += "; `release rollback` goes here";
  return text;
}

std::string FilesText(const ReleaseFacts& facts) {
  if (!facts.unverified.empty()) return Printable(facts.unverified);
  if (facts.differences.empty()) return "unchanged since the deploy";
  return Counted(facts.differences.size(), "file") + " changed:";
}

std::string ProcessesText(const ReleaseFacts& facts) {
  if (facts.listed.pids.empty()) return "none uses it";
  return fmt::format("pid {}", fmt::join(facts.listed.pids, ", "));
}

std::string InstanceText(const ReleaseFacts& facts) {
  if (!facts.listed.instance) return "";
  return fmt::format("{}, {}", RoleName(facts.listed.instance->role),
                     facts.listed.instance->state);
}

std::string ReleaseText(const ReleaseFacts& facts, const Screen& screen) {
  const LedgerEntry& entry = facts.listed.entry;
  LabelledLines lines(screen);
  lines.Add("release", entry.version.name());
  lines.Add("state", StateText(facts, screen));
  if (!entry.reason.empty()) {
    lines.Add("cause", Printable(FirstLine(entry.reason)));
    lines.AddExcerpt(LaterLines(entry.reason));
  }
  lines.Add("evidence", Printable(entry.evidence));
  lines.Add("size",
            fmt::format("{} in {}", FormatSize(entry.bytes),
                        facts.entries == 1
                            ? "1 entry"
                            : fmt::format("{} entries", facts.entries)));
  if (entry.pinned) lines.Add("pinned", "yes: never pruned");
  if (entry.irreversible) {
    lines.Add("irreversible", "yes: a rollback past it asks for --yes");
  }
  lines.Add("rollout", entry.rollout);
  lines.Add("processes", ProcessesText(facts));
  lines.Add("instance", InstanceText(facts));
  lines.Add("files", FilesText(facts));
  std::string text = lines.Take();
  text += DifferencesText(facts.differences, screen);
  if (facts.transactions.empty()) return text;
  return text + "\n" + HistoryTable(facts.transactions, screen);
}

std::string RecordText(const TransactionRecord& record, const Screen& screen) {
  return fmt::format("transaction {}: {}, {}\n{}", record.number,
                     TransactionWords(record), ResultWords(record),
                     TransactionText(record, screen));
}

// Returns the transaction that is to be shown, or nullopt if it is a release.
std::optional<TransactionRecord> TransactionMeant(Fs* fs,
                                                  const ShowOptions& options) {
  if (options.transaction.empty()) {
    const Version version = Version::ParseOrThrow(options.what);
    const DeploymentState state = ReadDeploymentState(fs);
    if (state.listing.versions.contains(version)) return std::nullopt;
    return FindTransaction(fs, options.what);
  }
  auto record = FindTransaction(fs, options.transaction);
  if (record) return record;
  throw Error(ErrorCode::kNoSuchRelease,
              fmt::format("cannot find transaction {}; `release history` "
                          "names those that are kept",
                          options.transaction));
}

}  // namespace

int RunShow(const GlobalOptions& global, const ShowOptions& options) {
  const bool by_number = !options.transaction.empty();
  if (by_number == !options.what.empty()) {
    throw Error(ErrorCode::kUsage,
                "cannot tell what to show: give a release or --transaction N");
  }
  Session session(global);
  const Screen screen =
      OutScreen(global, session.context()->system.clock->WallSeconds());
  const auto record = TransactionMeant(session.fs(), options);
  if (record && global.json) {
    PrintJson(HistoryJson(global.subject, CommandId::kShow, {*record}));
  } else if (record) {
    PrintText(RecordText(*record, screen));
  } else {
    const ReleaseFacts facts = ReadReleaseFacts(
        session.context(), Version::ParseOrThrow(options.what));
    if (global.json) {
      PrintJson(ShowJson(global.subject, facts));
    } else {
      PrintText(ReleaseText(facts, screen));
    }
  }
  return 0;
}

}  // namespace release
