#include "cli/tables.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/text.h"
#include "base/units.h"
#include "cli/record_words.h"
#include "cli/text_table.h"

namespace release {
namespace {

using Fit = TextTable::Fit;
using Align = TextTable::Align;

// The screen for a table: nothing is cut if the user asks for everything.
Screen TableScreen(const Screen& screen) {
  Screen uncut = screen;
  if (screen.detail == Screen::Detail::kFull) uncut.columns = std::nullopt;
  return uncut;
}

// "live, pinned, used by 4 5", and why a release failed or was withdrawn.
std::string NoteOf(const ListedRelease& release) {
  std::vector<std::string> notes;
  if (release.live) notes.emplace_back("live");
  if (release.rollback_target) notes.emplace_back("rollback target");
  if (release.entry.pinned) notes.emplace_back("pinned");
  if (release.entry.irreversible) notes.emplace_back("irreversible");
  if (release.instance && release.instance->running && !release.live) {
    notes.push_back(
        fmt::format("{} instance", RoleName(release.instance->role)));
  }
  if (!release.pids.empty() && !release.live) {
    notes.push_back(fmt::format("used by {}", fmt::join(release.pids, " ")));
  }
  if (!release.entry.reason.empty()) {
    notes.push_back(Printable(FirstLine(release.entry.reason)));
  }
  return fmt::format("{}", fmt::join(notes, ", "));
}

std::string ReleasesWords(const BeginRecord& begin, const Screen& screen) {
  const std::string from = FromWords(begin);
  const std::string to = begin.to ? begin.to->name() : "";
  if (from.empty() || from == to) return to;
  if (to.empty()) return "";
  return fmt::format("{} {} {}", from, screen.arrow(), to);
}

void AddHistoryRow(const TransactionRecord& record, const Screen& screen,
                   TextTable* table) {
  const std::string number = std::to_string(record.number);
  if (!record.begin) {
    table->AddRow(
        {number, "", "", "its record cannot be read", "", "", "", ""});
    return;
  }
  const BeginRecord& begin = *record.begin;
  table->AddRow({number, std::string(CommandName(begin.command)),
                 ReleasesWords(begin, screen), ResultWords(record),
                 FormatAgo(screen, begin.at), FormatMinute(screen, begin.at),
                 FormatDuration(TimeTaken(record)), ByWords(record)});
}

// Puts each record's text below its line of the table.
std::string WithTexts(std::string_view table,
                      const std::vector<TransactionRecord>& records,
                      const Screen& screen) {
  std::size_t end = table.find('\n') + 1;
  std::string text(table.substr(0, end));
  for (const TransactionRecord& record : records) {
    table.remove_prefix(end);
    end = table.find('\n') + 1;
    text += table.substr(0, end);
    text += TransactionText(record, screen);
  }
  return text;
}

std::string_view LetterOf(ManifestDifference::What what) {
  constexpr std::string_view kLetters[] = {"A", "D", "M", "M", "M", "T"};
  return kLetters[static_cast<int>(what)];
}

}  // namespace

std::string ListTable(const std::vector<ListedRelease>& releases,
                      const Screen& screen) {
  TextTable table({{""},
                   {"VERSION", Fit::kMayCut},
                   {"STATE"},
                   {"SINCE"},
                   {"DATE"},
                   {"SIZE", Fit::kWhole, Align::kRight},
                   {"BY", Fit::kMayCut},
                   {"NOTE", Fit::kMayCut}});
  for (const ListedRelease& release : releases) {
    const LedgerEntry& entry = release.entry;
    const bool dated = entry.since != 0;
    table.AddRow({release.live ? "*" : "", entry.version.name(),
                  std::string(StateName(entry.state)),
                  dated ? FormatAgo(screen, entry.since) : "",
                  dated ? FormatMinute(screen, entry.since) : "",
                  FormatSize(entry.bytes), Printable(entry.by),
                  NoteOf(release)});
  }
  return table.Text(TableScreen(screen));
}

std::string HistoryTable(const std::vector<TransactionRecord>& records,
                         const Screen& screen) {
  TextTable table({{"NR", Fit::kWhole, Align::kRight},
                   {"COMMAND"},
                   {"RELEASE", Fit::kMayCut},
                   {"RESULT", Fit::kMayCut},
                   {"BEGUN"},
                   {"DATE", Fit::kMayDrop},
                   {"TOOK", Fit::kWhole, Align::kRight},
                   {"BY", Fit::kCutFirst}});
  for (const TransactionRecord& record : records) {
    AddHistoryRow(record, screen, &table);
  }
  const std::string text = table.Text(screen);
  if (screen.detail == Screen::Detail::kBrief || records.empty()) return text;
  return WithTexts(text, records, screen);
}

std::string RemovalsText(const std::vector<RetentionVerdict>& removals,
                         const Screen& screen) {
  TextTable table({{"VERSION", Fit::kMayCut},
                   {"SIZE", Fit::kWhole, Align::kRight},
                   {"WHY", Fit::kMayCut}});
  std::uint64_t bytes = 0;
  for (const RetentionVerdict& each : removals) {
    bytes += each.bytes;
    table.AddRow({each.version.name(), FormatSize(each.bytes), each.reason});
  }
  return fmt::format("{}Would remove {}, {} in all\n",
                     table.Text(TableScreen(screen)),
                     Counted(removals.size(), "release"), FormatSize(bytes));
}

std::string VerifyText(const std::vector<VerifiedRelease>& releases,
                       const Screen& screen) {
  constexpr std::size_t kIndent = 2;
  std::string text;
  for (const VerifiedRelease& release : releases) {
    const std::string found =
        release.ok() ? "unchanged"
        : release.error.empty()
            ? Counted(release.differences.size(), "difference")
            : PrintableLines(release.error);
    text += Wrapped(screen, fmt::format("{}: {}", release.version, found),
                    kIndent) +
            "\n" + DifferencesText(release.differences, screen);
  }
  return text;
}

std::string CheckText(const std::vector<Finding>& findings,
                      const Screen& screen) {
  constexpr std::size_t kWords = 20;  // where the words begin
  std::string text = fmt::format("{:<5} {:<13} FOUND\n", "LEVEL", "SUBJECT");
  for (const Finding& finding : findings) {
    text +=
        fmt::format("{:<5} {:<13} {}\n", LevelName(finding.level), finding.what,
                    Wrapped(screen, Printable(finding.words), kWords));
  }
  return text;
}

std::string DifferencesText(const std::vector<ManifestDifference>& differences,
                            const Screen& screen) {
  TextTable table({{""},
                   {"PATH", Fit::kMayCut},
                   {"BEFORE", Fit::kMayCut},
                   {"AFTER", Fit::kMayCut}});
  for (const ManifestDifference& difference : differences) {
    table.AddRow({std::string(LetterOf(difference.what)),
                  Escaped(difference.path), Escaped(difference.before),
                  Escaped(difference.after)});
  }
  return table.Text(TableScreen(screen));
}

}  // namespace release
