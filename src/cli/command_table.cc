#include "cli/command_table.h"

#include <charconv>
#include <iterator>

namespace release {
namespace {

constexpr OptionRow kGlobals[] = {
    {Option::kApp, "--app", "The app, as in /etc/release/APP.toml",
     ValueKind::kApp, "NAME", Served::kNo, "-a"},
    {Option::kRoot, "--root", "The app's root; works without a config file",
     ValueKind::kDirectory, "DIR"},
    {Option::kConfig, "--config", "The config file", ValueKind::kFile, "FILE"},
    {.option = Option::kJson,
     .name = "--json",
     .help = "Print one JSON object to stdout, also for errors",
     .served = Served::kYes},
    {.option = Option::kQuiet,
     .name = "--quiet",
     .help = "Print only data and errors",
     .served = Served::kYes,
     .letter = "-q"},
    {.option = Option::kVerbose,
     .name = "--verbose",
     .help = "Print more: each step when it begins, uncut tables",
     .served = Served::kYes,
     .letter = "-v"},
    {.option = Option::kDryRun,
     .name = "--dry-run",
     .help = "Print what the command would do; change nothing",
     .served = Served::kChange,
     .letter = "-n"},
    {Option::kWait, "--wait", "Wait for the lock (forever, or up to DURATION)",
     ValueKind::kMaybeDuration, "DURATION", Served::kChange},
    {Option::kColor, "--color",
     "Color words (auto: on a terminal, if NO_COLOR is unset)",
     ValueKind::kWord, "auto|always|never"},
    {Option::kProgress, "--progress",
     "Progress on stderr; json: one event a line", ValueKind::kWord,
     "text|json"},
    {.option = Option::kUtc,
     .name = "--utc",
     .help = "Print dates in UTC, not in this host's time zone",
     .served = Served::kYes},
};

constexpr OptionRow kRolloutOption = {
    Option::kRollout,
    "--rollout",
    "The rollout over several hosts that this is a part of",
    ValueKind::kName,
    "ID",
    Served::kYes};
constexpr OptionRow kExpectLiveOption = {
    Option::kExpectLive,
    "--expect-live",
    "Refuse if another release is live (-: if any is)",
    ValueKind::kLive,
    "V",
    Served::kYes};

// deploy has all of these options but the last, stage those up to --rollout,
// and activate those from --rollout on.
constexpr OptionRow kChangeOptions[] = {
    {Option::kVersion, "--version",
     "The release's name (default: from the archive or its name)",
     ValueKind::kNewVersion, "V", Served::kYes},
    {Option::kSha256, "--sha256", "The SHA-256 that the archive must have",
     ValueKind::kSha256, "HEX", Served::kYes},
    {Option::kAttestation, "--attestation",
     "Test results: an in-toto statement about the archive", ValueKind::kFile,
     "FILE", Served::kYes},
    {Option::kSignature, "--signature", "An SSH signature over the attestation",
     ValueKind::kFile, "FILE", Served::kYes},
    {Option::kStripComponents, "--strip-components",
     "Leading path components to remove", ValueKind::kCount, "N"},
    kRolloutOption,
    kExpectLiveOption,
    {Option::kConfirmWithin, "--confirm-within",
     "Undo unless `release confirm` runs in time", ValueKind::kDuration,
     "DURATION", Served::kYes},
    {.option = Option::kIrreversible,
     .name = "--irreversible",
     .help = "No way back: a later rollback past it asks for --yes",
     .served = Served::kYes},
    {Option::kManifestSha256, "--manifest-sha256",
     "The digest that the release's manifest must have", ValueKind::kSha256,
     "HEX", Served::kYes},
};
constexpr auto kDeployOptions = std::span(kChangeOptions).first<9>();
constexpr auto kStageOptions = std::span(kChangeOptions).first<6>();
constexpr auto kActivateOptions = std::span(kChangeOptions).last<5>();

constexpr OptionRow kRollbackOptions[] = {
    {Option::kReason, "--reason", "The reason; kept in the history",
     ValueKind::kText, "TEXT", Served::kYes},
    {.option = Option::kUnchecked,
     .name = "--unchecked",
     .help = "Do not wait until the release answers well",
     .served = Served::kYes},
    {.option = Option::kYes,
     .name = "--yes",
     .help = "Go back past a release that was deployed as irreversible",
     .served = Served::kYes},
    {Option::kRollout, "--rollout",
     "Undo exactly this rollout; change nothing if it is not live here",
     ValueKind::kName, "ID", Served::kYes},
    kExpectLiveOption,
};

constexpr OptionRow kStatusOptions[] = {
    {.option = Option::kCheck,
     .name = "--check",
     .help = "Exit 8 if anything is wrong; re-hash the live release",
     .served = Served::kYes},
    {.option = Option::kMetrics,
     .name = "--metrics",
     .help = "Print it in Prometheus' text format"},
    {.option = Option::kWatch,
     .name = "--watch",
     .help = "Print it again each second, until Ctrl-C"},
};

constexpr OptionRow kWatchOptions[] = {
    {.option = Option::kFollow,
     .name = "--follow",
     .help = "Look again and again, until the watch ends or Ctrl-C"},
    {.option = Option::kRun,
     .name = "--run",
     .help = "Run the watch to its end, and act as [watch] says; "
             "release-watch@.service does this"},
    {.option = Option::kStop,
     .name = "--stop",
     .help = "End the watch over the live release"},
};

constexpr OptionRow kShowOptions[] = {
    {Option::kTransaction, "--transaction", "The transaction of this number",
     ValueKind::kCount, "N", Served::kYes},
};

constexpr OptionRow kCheckOptions[] = {
    {.option = Option::kUnits,
     .name = "--units",
     .help = "Print the drop-ins that fit the systemd units to this app"},
};

constexpr OptionRow kHistoryOptions[] = {
    {Option::kCount, "--count", "How many (default: 20)", ValueKind::kCount,
     "N", Served::kYes, "-n"},
    {Option::kSince, "--since", "Only those that began then or later",
     ValueKind::kMoment, "WHEN", Served::kYes},
    {Option::kUntil, "--until", "Only those that began then or earlier",
     ValueKind::kMoment, "WHEN", Served::kYes},
    {.option = Option::kAll,
     .name = "--all",
     .help = "Also those that named no release of this host",
     .served = Served::kYes},
    {.option = Option::kFollow,
     .name = "--follow",
     .help = "Oldest first; then print each transaction as it ends"},
};

constexpr OptionRow kVerifyOptions[] = {
    {.option = Option::kAll,
     .name = "--all",
     .help = "Every release",
     .served = Served::kYes},
};

constexpr OptionRow kInitOptions[] = {
    {.option = Option::kAdopt,
     .name = "--adopt",
     .help = "Take over a Capistrano or Deployer tree, or a plain directory\n"
             "called current; traffic is not interrupted"},
    {.option = Option::kFrom,
     .name = "--from",
     .help = "First move this directory to ROOT/current and leave a link in "
             "its place",
     .kind = ValueKind::kDirectory,
     .placeholder = "DIR",
     .needs = Option::kAdopt},
    {.option = Option::kVersion,
     .name = "--version",
     .help = "The version name of a plain directory (default: the time)",
     .kind = ValueKind::kNewVersion,
     .placeholder = "V",
     .needs = Option::kAdopt},
    {.option = Option::kLeaveOut,
     .name = "--leave-out",
     .help = "Do not take over this release; may be repeated",
     .kind = ValueKind::kVersion,
     .placeholder = "V",
     .repeat = Repeat::kMany,
     .needs = Option::kAdopt},
};

constexpr OptionRow kRecoverOptions[] = {
    {.option = Option::kNoService,
     .name = "--no-service",
     .help = "Leave the service alone: it starts later, as at boot"},
};

constexpr OptionRow kNotifyOptions[] = {
    {.option = Option::kDue,
     .name = "--due",
     .help = "Skip notices whose delivery failed a short while ago"},
};

constexpr OptionRow kServeOptions[] = {
    {.option = Option::kAllow,
     .name = "--allow",
     .help = "The commands the key may run: deploy,status,...",
     .kind = ValueKind::kServedCommands,
     .placeholder = "COMMANDS",
     .presence = Presence::kRequired},
};

constexpr OptionRow kPackOptions[] = {
    {.option = Option::kOutput,
     .name = "--output",
     .help = "The archive: .tar, .tar.gz, .tar.xz or .tar.zst; - writes "
             "a .tar.zst to stdout",
     .kind = ValueKind::kFile,
     .placeholder = "FILE",
     .letter = "-o",
     .presence = Presence::kRequired},
    {Option::kBase, "--base",
     "Make a thin archive, for hosts that keep the release of this "
     "manifest; - reads it from stdin",
     ValueKind::kFile, "MANIFEST"},
    {Option::kVersion, "--version",
     "The release's name, for the manifest in the archive",
     ValueKind::kNewVersion, "V"},
    {Option::kKeepModes, "--keep-modes",
     "Keep the modes of files and directories, not only x"},
};

constexpr OptionRow kManifestOptions[] = {
    {.option = Option::kDigest,
     .name = "--digest",
     .help = "Print only its SHA-256",
     .served = Served::kYes},
};

constexpr OperandRow kArchive[] = {
    {"archive", "A tar, cpio, zip or 7z archive; - reads it from stdin",
     ValueKind::kArchive}};
constexpr OperandRow kRelease[] = {
    {"version", "The release", ValueKind::kVersion}};
constexpr OperandRow kReleaseOrNumber[] = {
    {"release", "A release, or else the number of a transaction",
     ValueKind::kVersion, Presence::kOptional}};
constexpr OperandRow kEarlierRelease[] = {
    {"version", "Go back to this release instead", ValueKind::kVersion,
     Presence::kOptional}};
constexpr OperandRow kReleaseOrLive[] = {
    {"version", "The release (default: the live one)", ValueKind::kVersion,
     Presence::kOptional}};
constexpr OperandRow kReleases[] = {
    {"version", "The releases (default: the live one)", ValueKind::kVersion,
     Presence::kOptional, Repeat::kMany}};
constexpr OperandRow kTwoReleases[] = {
    {"release", "A release; alone: compare the live release with it",
     ValueKind::kVersion},
    {"other", "The release to compare it with", ValueKind::kVersion,
     Presence::kOptional}};
constexpr OperandRow kOneApp[] = {{"app", "The app (default: as with --app)",
                                   ValueKind::kApp, Presence::kOptional}};
constexpr OperandRow kShell[] = {{"shell", "The shell", ValueKind::kWord,
                                  Presence::kRequired, Repeat::kOnce,
                                  "bash|zsh|fish"}};
constexpr OperandRow kTree[] = {
    {"directory", "The directory to pack", ValueKind::kDirectory}};

constexpr CommandRow kCommands[] = {
    {CommandId::kDeploy, CommandGroup::kLive,
     "Stage, activate, check; undo by itself if any of it fails",
     "  release deploy shop-1.4.2.tar.zst\n"
     "  ssh web1 release --app shop deploy - --version 1.4.2 < shop.tar.zst",
     kArchive, kDeployOptions, Served::kChange},
    {CommandId::kStage, CommandGroup::kLive,
     "Unpack, verify and publish; not live yet",
     "  release stage shop-1.4.2.tar.zst", kArchive, kStageOptions,
     Served::kChange},
    {CommandId::kActivate, CommandGroup::kLive,
     "Make a staged or earlier release live",
     "  release activate 1.4.2 --confirm-within 10m", kRelease,
     kActivateOptions, Served::kChange},
    {CommandId::kRollback, CommandGroup::kLive,
     "Go back to the good release that was live before",
     "  release rollback --reason \"checkout is slow\"", kEarlierRelease,
     kRollbackOptions, Served::kChange},
    {.command = CommandId::kRestart,
     .group = CommandGroup::kLive,
     .help = "Have the service take up new configuration, and check it",
     .example = "  release --app shop restart",
     .served = Served::kChange},
    {.command = CommandId::kList,
     .group = CommandGroup::kLook,
     .help = "Show the releases on this host",
     .example = "  release list",
     .served = Served::kYes},
    {.command = CommandId::kStatus,
     .group = CommandGroup::kLook,
     .help = "Show what is live, whether it is healthy, and any problems",
     .example = "  release status --check && echo all is well",
     .operands = kOneApp,
     .options = kStatusOptions,
     .served = Served::kYes},
    {.command = CommandId::kWatch,
     .group = CommandGroup::kLook,
     .help = "Look at the live release as the watch after a deploy does",
     .example = "  release watch && echo well\n"
                "  release watch --stop",
     .options = kWatchOptions},
    {.command = CommandId::kShow,
     .group = CommandGroup::kLook,
     .help = "Show everything about one release or one transaction",
     .example = "  release show 1.4.2\n"
                "  release show --transaction 42",
     .operands = kReleaseOrNumber,
     .options = kShowOptions,
     .served = Served::kYes},
    {.command = CommandId::kCheck,
     .group = CommandGroup::kLook,
     .help = "Examine the configuration and the host; change nothing",
     .example = "  release check && echo ready\n"
                "  release --app shop check --units | sh",
     .options = kCheckOptions},
    {.command = CommandId::kHistory,
     .group = CommandGroup::kLook,
     .help = "Show the transactions, newest first",
     .example = "  release history -n 5",
     .options = kHistoryOptions,
     .served = Served::kYes},
    {CommandId::kVerify, CommandGroup::kLook,
     "Re-hash releases on disk against their manifests",
     "  release verify --all", kReleases, kVerifyOptions, Served::kYes},
    {.command = CommandId::kDiff,
     .group = CommandGroup::kLook,
     .help = "Show what differs between two releases",
     .example = "  release diff 1.4.1 1.4.2",
     .operands = kTwoReleases,
     .served = Served::kYes},
    {.command = CommandId::kManifest,
     .group = CommandGroup::kLook,
     .help = "Print the manifest that a thin archive is made by",
     .example = "  ssh web1 release --app shop manifest > base\n"
                "  release pack build/ --base base -o - |\n"
                "    ssh web1 release --app shop deploy -",
     .operands = kReleaseOrLive,
     .options = kManifestOptions,
     .served = Served::kYes},
    {.command = CommandId::kInit,
     .group = CommandGroup::kHost,
     .help = "Make the layout in the root; adopt an existing deployment",
     .example = "  release --root /srv/shop init\n"
                "  release --root /srv/shop init --adopt --dry-run",
     .options = kInitOptions},
    {CommandId::kStart, CommandGroup::kHost,
     "Start the live release's service or instance, as at boot",
     "  release --app shop start"},
    {CommandId::kDrain, CommandGroup::kHost,
     "Stop the instances that nothing needs any more",
     "  release --app shop drain"},
    {CommandId::kIntake, CommandGroup::kHost,
     "Deploy the uploads that lie ready in the drop box",
     "  release --app shop intake --wait"},
    {.command = CommandId::kPrune,
     .group = CommandGroup::kKeep,
     .help = "Remove the releases that retention does not keep",
     .example = "  release prune --dry-run",
     .served = Served::kChange},
    {.command = CommandId::kPin,
     .group = CommandGroup::kKeep,
     .help = "Never prune a release",
     .example = "  release pin 1.4.2",
     .operands = kRelease,
     .served = Served::kChange},
    {.command = CommandId::kUnpin,
     .group = CommandGroup::kKeep,
     .help = "Let retention prune a release again",
     .example = "  release unpin 1.4.2",
     .operands = kRelease,
     .served = Served::kChange},
    {.command = CommandId::kRecover,
     .group = CommandGroup::kHost,
     .help = "Settle an interrupted transaction",
     .example = "  release recover",
     .options = kRecoverOptions,
     .served = Served::kChange},
    {.command = CommandId::kNotify,
     .group = CommandGroup::kHost,
     .help = "Deliver the notices that wait in the outbox",
     .example = "  release notify",
     .options = kNotifyOptions},
    {.command = CommandId::kConfirm,
     .group = CommandGroup::kLive,
     .help = "Keep the release that waits for a confirmation",
     .example = "  release confirm",
     .served = Served::kChange},
    {.command = CommandId::kAbort,
     .group = CommandGroup::kLive,
     .help = "Ask the running transaction to undo and stop",
     .example = "  release abort",
     .served = Served::kChange},
    {.command = CommandId::kServe,
     .group = CommandGroup::kHost,
     .help = "Run the command that a restricted SSH key asks for",
     .example = "  In ~/.ssh/authorized_keys:\n"
                "  command=\"release serve --app shop --allow deploy\","
                "restrict ssh-ed25519 ...",
     .options = kServeOptions},
    {CommandId::kPack, CommandGroup::kBuild,
     "Make an archive of a directory: same tree, same bytes",
     "  release pack build/ -o shop-1.4.2.tar.zst --version 1.4.2", kTree,
     kPackOptions},
    {CommandId::kCompletion, CommandGroup::kBuild, "Print shell completions",
     "  release completion bash > /etc/bash_completion.d/release", kShell},
};

}  // namespace

std::string_view GroupName(CommandGroup group) {
  constexpr std::string_view kNames[] = {"Change what is live", "Look",
                                         "Keep or remove", "This host",
                                         "Build and shell"};
  return kNames[static_cast<int>(group)];
}

std::span<const CommandRow> CommandRows() { return kCommands; }

std::span<const OptionRow> GlobalRows() { return kGlobals; }

const CommandRow& RowOf(CommandId command) {
  const CommandRow* found = kCommands;
  while (found->command != command) ++found;
  return *found;
}

const CommandRow* FindCommand(std::string_view name) {
  for (const CommandRow& row : kCommands) {
    if (row.name() == name) return &row;
  }
  return nullptr;
}

const OptionRow* FindOption(std::span<const OptionRow> rows,
                            std::string_view name) {
  for (const OptionRow& row : rows) {
    if (row.name == name || (!name.empty() && row.letter == name)) return &row;
  }
  return nullptr;
}

std::vector<std::string> WordsOf(std::string_view words) {
  std::vector<std::string> split;
  while (true) {
    const std::size_t end = words.find('|');
    split.emplace_back(words.substr(0, end));
    if (end == words.npos) return split;
    words.remove_prefix(end + 1);
  }
}

std::optional<unsigned> ParseCount(std::string_view text) {
  unsigned count = 0;
  const char* last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, count);
  if (error != std::errc() || end != last) return std::nullopt;
  return count;
}

}  // namespace release
