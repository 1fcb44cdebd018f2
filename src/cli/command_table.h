// The grammar of the command line as data. Each option of each command is
// spelled here and nowhere else: the parser, the help, the completions, what
// `serve` accepts and the synopsis of release(8) derive from this table.
#ifndef RELEASE_CLI_COMMAND_TABLE_H_
#define RELEASE_CLI_COMMAND_TABLE_H_

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/command_id.h"

namespace release {

// The options of all commands. Several commands may share an enumerator, e.g.
// kVersion.
enum class Option {
  kNone,
  kApp,
  kRoot,
  kConfig,
  kJson,
  kQuiet,
  kVerbose,
  kDryRun,
  kWait,
  kColor,
  kProgress,
  kUtc,
  kVersion,
  kSha256,
  kAttestation,
  kSignature,
  kStripComponents,
  kConfirmWithin,
  kRollout,
  kExpectLive,
  kManifestSha256,
  kReason,
  kRun,
  kStop,
  kUnchecked,
  kIrreversible,
  kYes,
  kCheck,
  kMetrics,
  kWatch,
  kTransaction,
  kSince,
  kUntil,
  kUnits,
  kCount,
  kFollow,
  kAll,
  kAdopt,
  kFrom,
  kKeepModes,
  kLeaveOut,
  kNoService,
  kDue,
  kAllow,
  kOutput,
  kBase,
  kDigest,
};

// The kind of an option's or an operand's value. It decides which values are
// accepted, which candidates a completion has, and which form `serve` requires.
enum class ValueKind {
  kFlag,  // no value
  kText,
  kVersion,     // a release on this host
  kNewVersion,  // a release that need not exist yet
  kLive,        // a release, or "-" for none
  kName,        // a name of the user's own, with the signs of a version
  kDuration,
  kMoment,         // a duration back from now, or a date
  kMaybeDuration,  // --option=DURATION, or --option alone: no limit
  kCount,
  kSha256,
  kFile,     // served: the file's content in base64
  kArchive,  // a file, or "-" for standard input; served: only "-"
  kDirectory,
  kApp,
  kWord,            // one of `words`
  kServedCommands,  // command names, separated by commas
};

enum class Presence { kOptional, kRequired };
enum class Repeat { kOnce, kMany };
// Whether `serve` accepts it from a caller with a restricted key. kChange marks
// a command that changes something, and a global option that is accepted only
// together with such a command.
enum class Served { kNo, kYes, kChange };

struct OptionRow {
  Option option;
  std::string_view name;  // "--version"
  std::string_view help;
  ValueKind kind = ValueKind::kFlag;
  std::string_view placeholder = {};  // "V"; for a kWord its words: "a|b"
  Served served = Served::kNo;
  std::string_view letter = {};  // "-o"
  Presence presence = Presence::kOptional;
  Repeat repeat = Repeat::kOnce;
  Option needs = Option::kNone;  // must be given together with this one
};

struct OperandRow {
  std::string_view name;  // "archive"
  std::string_view help;
  ValueKind kind;
  Presence presence = Presence::kRequired;
  Repeat repeat = Repeat::kOnce;
  std::string_view words = {};  // for a kWord: "a|b"
};

// The purposes of commands. The help lists the commands by these.
enum class CommandGroup { kLive, kLook, kKeep, kHost, kBuild };
inline constexpr CommandGroup kCommandGroups[] = {
    CommandGroup::kLive, CommandGroup::kLook, CommandGroup::kKeep,
    CommandGroup::kHost, CommandGroup::kBuild};
std::string_view GroupName(CommandGroup group);

struct CommandRow {
  CommandId command;
  CommandGroup group;
  std::string_view help;
  std::string_view example;  // indented lines, without the last newline
  std::span<const OperandRow> operands = {};
  std::span<const OptionRow> options = {};
  Served served = Served::kNo;

  std::string_view name() const { return CommandName(command); }
};

// Returns the commands, in the order of the help.
std::span<const CommandRow> CommandRows();
// Returns the options that every command has.
std::span<const OptionRow> GlobalRows();

const CommandRow& RowOf(CommandId command);
// Returns null if no command has that name.
const CommandRow* FindCommand(std::string_view name);
// Returns the option in `rows` with that name ("--version") or letter ("-n"),
// or null if there is none.
const OptionRow* FindOption(std::span<const OptionRow> rows,
                            std::string_view name);
// Splits "a|b" into {"a", "b"}.
std::vector<std::string> WordsOf(std::string_view words);
// Returns the value of a kCount, or nullopt if `text` is anything but decimal
// digits or is too large.
std::optional<unsigned> ParseCount(std::string_view text);

// Whether the value of a kFile is the path of a file or its content.
enum class FileValue { kPath, kContent };

// A parsed command line, or a parsed SSH_ORIGINAL_COMMAND.
struct CommandWords {
  CommandId command{};
  FileValue files = FileValue::kPath;
  std::vector<std::string> operands;
  // Checked values; {""} for a flag and for a kMaybeDuration without a value.
  std::map<Option, std::vector<std::string>> options;

  bool Has(Option option) const { return options.contains(option); }
  // Returns the first value, or "" if the option is not given.
  std::string Value(Option option) const {
    const auto it = options.find(option);
    return it == options.end() ? "" : it->second.front();
  }
  // Returns "" if there are fewer operands.
  std::string Operand(std::size_t index) const {
    return index < operands.size() ? operands[index] : "";
  }
};

}  // namespace release

#endif  // RELEASE_CLI_COMMAND_TABLE_H_
