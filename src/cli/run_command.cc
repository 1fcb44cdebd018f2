#include "cli/run_command.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "base/units.h"
#include "cli/change_commands.h"
#include "cli/completion.h"
#include "cli/instance_commands.h"
#include "cli/intake_command.h"
#include "cli/manifest_command.h"
#include "cli/pack_command.h"
#include "cli/serve.h"
#include "cli/session.h"
#include "cli/show_command.h"
#include "cli/show_commands.h"
#include "cli/watch_command.h"
#include "os/startup.h"

namespace release {
namespace {

std::optional<Duration> ConfirmWithin(const CommandWords& words) {
  if (!words.Has(Option::kConfirmWithin)) return std::nullopt;
  return ParseDuration(words.Value(Option::kConfirmWithin));
}

std::optional<unsigned> Count(const CommandWords& words, Option option) {
  return ParseCount(words.Value(option));
}

RolloutTerms RolloutOf(const CommandWords& words) {
  RolloutTerms rollout{.id = words.Value(Option::kRollout),
                       .expect_live = std::nullopt};
  if (words.Has(Option::kExpectLive)) {
    const std::string live = words.Value(Option::kExpectLive);
    rollout.expect_live = live == "-" ? "" : live;
  }
  return rollout;
}

// Evidence that `serve` decoded from the command line. `name` is for messages.
std::optional<EvidenceFile> Content(const CommandWords& words, Option option,
                                    const char* name) {
  if (!words.Has(option)) return std::nullopt;
  return EvidenceFile{words.Value(option), name};
}

DeployOptions DeployOf(const CommandWords& words) {
  DeployOptions options;
  options.archive = words.Operand(0);
  options.version = words.Value(Option::kVersion);
  options.sha256 = words.Value(Option::kSha256);
  options.strip_components = Count(words, Option::kStripComponents);
  options.confirm_within = ConfirmWithin(words);
  options.irreversible = words.Has(Option::kIrreversible);
  options.rollout = RolloutOf(words);
  options.activates = words.command == CommandId::kDeploy;
  if (words.files == FileValue::kPath) {
    options.attestation = words.Value(Option::kAttestation);
    options.signature = words.Value(Option::kSignature);
  } else {
    options.evidence.attestation =
        Content(words, Option::kAttestation, "--attestation");
    options.evidence.signature =
        Content(words, Option::kSignature, "--signature");
  }
  return options;
}

InitOptions InitOf(const CommandWords& words) {
  InitOptions options;
  options.adopt = words.Has(Option::kAdopt);
  options.from = words.Value(Option::kFrom);
  options.version = words.Value(Option::kVersion);
  if (words.Has(Option::kLeaveOut)) {
    options.leave_out = words.options.at(Option::kLeaveOut);
  }
  return options;
}

HistoryOptions HistoryOf(const CommandWords& words) {
  HistoryOptions options;
  options.count = Count(words, Option::kCount).value_or(options.count);
  options.follow = words.Has(Option::kFollow);
  options.all = words.Has(Option::kAll);
  options.since = words.Value(Option::kSince);
  options.until = words.Value(Option::kUntil);
  return options;
}

// `release status shop` is `release --app shop status`.
void TakeApp(const std::string& app, GlobalOptions* global) {
  if (app.empty()) return;
  if (!global->app.empty() && global->app != app) {
    throw Error(ErrorCode::kUsage,
                fmt::format("cannot show two apps at once: {} and {}",
                            Quoted(global->app), Quoted(app)));
  }
  global->app = app;
  if (global->json) global->subject = SubjectOf(*global);
}

// Runs the commands that change nothing in a root.
int RunShowing(const GlobalOptions& global, const CommandWords& words) {
  switch (words.command) {
    case CommandId::kList:
      return RunList(global);
    case CommandId::kStatus:
      return RunStatus(global, {.check = words.Has(Option::kCheck),
                                .watch = words.Has(Option::kWatch),
                                .metrics = words.Has(Option::kMetrics)});
    case CommandId::kShow:
      return RunShow(global,
                     {.what = words.Operand(0),
                      .transaction = words.Value(Option::kTransaction)});
    case CommandId::kCheck:
      return RunCheck(global, {.units = words.Has(Option::kUnits)});
    case CommandId::kHistory:
      return RunHistory(global, HistoryOf(words));
    case CommandId::kVerify:
      return RunVerify(
          global, {.versions = words.operands, .all = words.Has(Option::kAll)});
    case CommandId::kDiff:
      return RunDiff(global,
                     {.from = words.Operand(0), .to = words.Operand(1)});
    case CommandId::kManifest:
      return RunManifest(global, {.version = words.Operand(0),
                                  .digest = words.Has(Option::kDigest)});
    case CommandId::kPack:
      return RunPack(global, {.directory = words.Operand(0),
                              .output = words.Value(Option::kOutput),
                              .base = words.Value(Option::kBase),
                              .version = words.Value(Option::kVersion),
                              .keep_modes = words.Has(Option::kKeepModes)});
    default:
      return PrintCompletion(words.Operand(0));
  }
}

// A command that only shows something has failed if nobody can read it.
int RequireOutput(int status) {
  const Reason lost = LostOutput();
  if (!lost) return status;
  throw Error(ErrorCode::kIoError,
              fmt::format("cannot print to standard output: {}", *lost));
}

}  // namespace

int RunCommand(GlobalOptions* global, CommandWords* words) {
  switch (words->command) {
    case CommandId::kStatus:
      TakeApp(words->Operand(0), global);
      return RequireOutput(RunShowing(*global, *words));
    case CommandId::kServe:
      if (!TakeServedCommand(global, words)) return 0;
      if (global->json) global->subject = SubjectOf(*global);
      // Recurses only once: the grammar of `serve` does not contain `serve`.
      return RunCommand(global, words);
    case CommandId::kDeploy:
    case CommandId::kStage:
      return RunDeploy(*global, DeployOf(*words));
    case CommandId::kActivate:
      return RunActivate(
          *global, {.version = words->Operand(0),
                    .confirm_within = ConfirmWithin(*words),
                    .irreversible = words->Has(Option::kIrreversible),
                    .rollout = RolloutOf(*words),
                    .manifest_sha256 = words->Value(Option::kManifestSha256)});
    case CommandId::kRollback:
      return RunRollback(*global, {.version = words->Operand(0),
                                   .reason = words->Value(Option::kReason),
                                   .unchecked = words->Has(Option::kUnchecked),
                                   .yes = words->Has(Option::kYes),
                                   .rollout = RolloutOf(*words)});
    case CommandId::kRestart:
      return RunRestart(*global);
    case CommandId::kInit:
      return RunInit(*global, InitOf(*words));
    case CommandId::kIntake:
      return RunIntake(*global);
    case CommandId::kPrune:
      return RunPrune(*global);
    case CommandId::kPin:
    case CommandId::kUnpin:
      return RunPin(*global, {.version = words->Operand(0),
                              .pinned = words->command == CommandId::kPin});
    case CommandId::kRecover:
      return RunRecover(*global,
                        {.no_service = words->Has(Option::kNoService)});
    case CommandId::kStart:
      return RunStart(*global);
    case CommandId::kDrain:
      return RunDrain(*global);
    case CommandId::kWatch:
      return RunWatchCommand(*global, {.follow = words->Has(Option::kFollow),
                                       .run = words->Has(Option::kRun),
                                       .stop = words->Has(Option::kStop)});
    case CommandId::kNotify:
      return RunNotify(*global, {.due = words->Has(Option::kDue)});
    case CommandId::kConfirm:
      return RunConfirm(*global);
    case CommandId::kAbort:
      return RunAbort(*global);
    default:
      return RequireOutput(RunShowing(*global, *words));
  }
}

}  // namespace release
