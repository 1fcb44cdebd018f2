#include "cli/serve.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <functional>
#include <map>
#include <set>

#include "base/error.h"
#include "base/units.h"
#include "cli/change_commands.h"
#include "cli/serve_words.h"
#include "cli/show_commands.h"
#include "os/startup.h"

namespace release {
namespace {

constexpr char kOriginalCommand[] = "SSH_ORIGINAL_COMMAND";

std::optional<Duration> OptionalDuration(const ServeWords& words,
                                         const std::string& option) {
  if (!words.Has(option)) return std::nullopt;
  return ParseDuration(words.Value(option));
}

std::string FirstOperand(const ServeWords& words) {
  return words.operands.empty() ? "" : words.operands[0];
}

void TakeGlobals(const ServeWords& words, GlobalOptions* global) {
  global->json = global->json || words.Has("--json");
  global->quiet = global->quiet || words.Has("--quiet");
  global->dry_run = global->dry_run || words.Has("--dry-run");
  global->wait = OptionalDuration(words, "--wait").value_or(global->wait);
}

DeployOptions DeployOf(const ServeWords& words) {
  DeployOptions options;
  options.archive = FirstOperand(words);
  options.version = words.Value("--version");
  options.sha256 = words.Value("--sha256");
  options.confirm_within = OptionalDuration(words, "--confirm-within");
  options.activates = words.command == "deploy";
  if (words.Has("--attestation")) {
    options.evidence.attestation = {words.Value("--attestation"),
                                    "--attestation"};
  }
  if (words.Has("--signature")) {
    options.evidence.signature = {words.Value("--signature"), "--signature"};
  }
  return options;
}

using Runner = std::function<int(const GlobalOptions&, const ServeWords&)>;

int RunPinning(const GlobalOptions& global, const ServeWords& words) {
  return RunPin(global, {.version = FirstOperand(words),
                         .pinned = words.command == "pin"});
}

int RunArchive(const GlobalOptions& global, const ServeWords& words) {
  return RunDeploy(global, DeployOf(words));
}

const std::map<std::string, Runner>& ChangeRunners() {
  static const std::map<std::string, Runner> runners = {
      {"deploy", RunArchive},
      {"stage", RunArchive},
      {"pin", RunPinning},
      {"unpin", RunPinning},
      {"activate",
       [](const GlobalOptions& global, const ServeWords& words) {
         return RunActivate(global, {.version = FirstOperand(words),
                                     .confirm_within = OptionalDuration(
                                         words, "--confirm-within")});
       }},
      {"rollback",
       [](const GlobalOptions& global, const ServeWords& words) {
         return RunRollback(global, {.version = FirstOperand(words),
                                     .reason = words.Value("--reason")});
       }},
      {"prune", [](const GlobalOptions& global,
                   const ServeWords&) { return RunPrune(global); }},
      {"recover", [](const GlobalOptions& global,
                     const ServeWords&) { return RunRecover(global, {}); }},
      {"confirm", [](const GlobalOptions& global,
                     const ServeWords&) { return RunConfirm(global); }},
      {"abort", [](const GlobalOptions& global, const ServeWords&) {
         return RunAbort(global);
       }}};
  return runners;
}

const std::map<std::string, Runner>& ShowRunners() {
  static const std::map<std::string, Runner> runners = {
      {"list", [](const GlobalOptions& global,
                  const ServeWords&) { return RunList(global); }},
      {"status",
       [](const GlobalOptions& global, const ServeWords& words) {
         return RunStatus(global, {.check = words.Has("--check")});
       }},
      {"history",
       [](const GlobalOptions& global, const ServeWords& words) {
         HistoryOptions options;
         if (words.Has("--count")) {
           options.count =
               static_cast<unsigned>(std::stoul(words.Value("--count")));
         }
         return RunHistory(global, options);
       }},
      {"verify",
       [](const GlobalOptions& global, const ServeWords& words) {
         return RunVerify(
             global, {.versions = words.operands, .all = words.Has("--all")});
       }},
      {"diff", [](const GlobalOptions& global, const ServeWords& words) {
         return RunDiff(
             global,
             {.from = words.operands[0],
              .to = words.operands.size() > 1 ? words.operands[1] : ""});
       }}};
  return runners;
}

}  // namespace

int RunServe(GlobalOptions* global, const ServeOptions& options,
             std::string* command) {
  const std::set<std::string> allowed = ParseAllowed(options.allow);
  if (global->app.empty() && global->config.empty() && global->root.empty()) {
    throw Error(ErrorCode::kUsage,
                "cannot serve: which app is for whoever restricts the key to "
                "say; give --app");
  }
  const std::string line = Environment(kOriginalCommand);
  // Programs that run for this caller learn nothing from it but its address,
  // which is for the record, as is who it was before sudo.
  KeepInEnvironment({"SSH_CONNECTION", "SUDO_USER"});
  const ServeWords words = ParseServeWords(line);
  TakeGlobals(words, global);
  *command = words.command;
  if (!allowed.contains(words.command)) {
    throw Error(ErrorCode::kNotAllowed,
                fmt::format("cannot {}: this key may only {}", words.command,
                            fmt::join(allowed, ", ")));
  }
  const auto& changes = ChangeRunners();
  const auto runner = changes.find(words.command);
  return runner != changes.end()
             ? runner->second(*global, words)
             : ShowRunners().at(words.command)(*global, words);
}

}  // namespace release
