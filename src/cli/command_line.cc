#include "cli/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>

#include "base/text.h"
#include "base/units.h"
#include "cli/change_commands.h"
#include "cli/completion.h"
#include "cli/intake_command.h"
#include "cli/output.h"
#include "cli/pack_command.h"
#include "cli/serve.h"
#include "cli/session.h"
#include "cli/show_commands.h"
#include "deploy/deployment_state.h"
#include "os/posix_fs.h"
#include "os/startup.h"

namespace release {
namespace {

constexpr char kDescription[] =
    "Puts a new version of a service live without a broken moment, and takes "
    "it\nback in milliseconds.";

constexpr char kFooter[] =
    "The options above may stand before the command or after it.\n\n"
    "Exit status: 0 done; 1 failed, nothing changed; 2 usage or configuration "
    "error;\n3 archive refused; 4 failed after the switch and undone; 5 a "
    "person is needed;\n6 busy; 7 no such release; 8 something found wrong. "
    "See release(8).";

constexpr char kCommandFooter[] =
    "Options of every command and exit statuses: release --help.";

struct Example {
  std::string_view command;
  std::string_view lines;
};

constexpr Example kExamples[] = {
    {"deploy",
     "  release deploy shop-1.4.2.tar.zst\n"
     "  ssh web1 release --app shop deploy - --version 1.4.2 < shop.tar.zst"},
    {"stage", "  release stage shop-1.4.2.tar.zst"},
    {"activate", "  release activate 1.4.2 --confirm-within 10m"},
    {"rollback", "  release rollback --reason \"checkout is slow\""},
    {"list", "  release list"},
    {"status", "  release status --check && echo all is well"},
    {"check", "  release check && echo ready"},
    {"history", "  release history -n 5"},
    {"verify", "  release verify --all"},
    {"diff", "  release diff 1.4.1 1.4.2"},
    {"init",
     "  release --root /srv/shop init\n"
     "  release --root /srv/shop init --adopt --dry-run"},
    {"prune", "  release prune --dry-run"},
    {"pin", "  release pin 1.4.2"},
    {"unpin", "  release unpin 1.4.2"},
    {"recover", "  release recover"},
    {"notify", "  release notify"},
    {"intake", "  release --app shop intake --wait"},
    {"confirm", "  release confirm"},
    {"abort", "  release abort"},
    {"serve",
     "  In ~/.ssh/authorized_keys:\n"
     "  command=\"release serve --app shop --allow deploy,status\",restrict "
     "ssh-ed25519 AAAA..."},
    {"pack", "  release pack build/ -o shop-1.4.2.tar.zst --version 1.4.2"},
    {"completion",
     "  release completion bash > /etc/bash_completion.d/release"},
};

std::string FooterOf(std::string_view command) {
  for (const Example& example : kExamples) {
    if (example.command != command) continue;
    return fmt::format("Example:\n{}\n\n{}", example.lines, kCommandFooter);
  }
  return kCommandFooter;
}

// The parsed command line.
struct CommandLine {
  GlobalOptions global;
  DeployOptions deploy;
  ActivateOptions activate;
  RollbackOptions rollback;
  PinOptions pin;
  RecoverOptions recover;
  InitOptions init;
  NotifyOptions notify;
  StatusOptions status;
  HistoryOptions history;
  VerifyOptions verify;
  DiffOptions diff;
  ServeOptions serve;
  PackOptions pack;
  std::string shell;
  std::string command;
  std::function<int()> run;
};

void ParseInto(const std::string& text, Duration* duration) {
  const auto parsed = ParseDuration(text);
  if (!parsed) {
    throw CLI::ValidationError(
        fmt::format("{} is no duration (30s, 10m, 1h30m)", Quoted(text)));
  }
  *duration = *parsed;
}

void AddDuration(CLI::App* app, const std::string& name,
                 std::optional<Duration>* duration, const std::string& help) {
  app->add_option_function<std::string>(
         name,
         [duration](const std::string& text) {
           ParseInto(text, &duration->emplace());
         },
         help)
      ->type_name("DURATION");
}

void AddWait(CLI::App* app, GlobalOptions* global) {
  app->add_option_function<std::string>(
         "--wait",
         [global](const std::string& text) {
           constexpr Duration kLong = std::chrono::hours(24 * 365);
           if (text.empty()) {
             global->wait = kLong;
           } else {
             ParseInto(text, &global->wait);
           }
         },
         "Wait for the lock, at most so long if told")
      ->option_text("[=DURATION]")
      ->expected(0, 1)
      ->default_str("");
}

void AddGlobals(CLI::App* app, GlobalOptions* global) {
  app->add_option("-a,--app", global->app,
                  "The app, as in /etc/release/APP.toml")
      ->type_name("NAME");
  app->add_option("--root", global->root,
                  "The app's root; works without a config file")
      ->type_name("DIR");
  app->add_option("--config", global->config, "The config file")
      ->type_name("FILE");
  app->add_flag("--json", global->json,
                "Print one JSON object to stdout, errors too");
  app->add_flag("-q,--quiet", global->quiet, "Print only data and errors");
  app->add_flag("-v,--verbose", global->verbose,
                "Tell each step as it begins, too");
  app->add_flag("-n,--dry-run", global->dry_run,
                "Print what the command would do; change nothing");
  AddWait(app, global);
  app->add_option("--color", global->color,
                  "Color words (auto: on a terminal, if NO_COLOR is unset)")
      ->option_text("auto|always|never")
      ->check(CLI::IsMember({"auto", "always", "never"}));
  app->add_option_function<std::string>(
         "--progress",
         [global](const std::string& form) {
           global->progress_json = form == "json";
         },
         "Progress on stderr; json: one event a line")
      ->option_text("text|json")
      ->check(CLI::IsMember({"text", "json"}));
}

class Builder {
 public:
  Builder(CLI::App* app, CommandLine* line) : app_(app), line_(line) {}

  void AddAll() {
    AddDeploy();
    AddActivate();
    AddRollback();
    AddLooks();
    AddVerifyAndDiff();
    AddUpkeep();
    AddRunning();
    AddPack();
  }

 private:
  CLI::App* Add(const std::string& name, const std::string& help,
                std::function<int()> run) {
    CLI::App* command = app_->add_subcommand(name, help);
    command->fallthrough();
    command->footer(FooterOf(name));
    CommandLine* line = line_;
    command->callback([line, name, run = std::move(run)] {
      line->command = name;
      line->run = run;
    });
    return command;
  }

  void AddArchiveOptions(CLI::App* command) {
    DeployOptions* options = &line_->deploy;
    command
        ->add_option("archive", options->archive,
                     "A tar, cpio, zip or 7z archive; - reads it from stdin")
        ->type_name("")
        ->required();
    command
        ->add_option(
            "--version", options->version,
            "The release's name (default: from the archive or its name)")
        ->type_name("V");
    command
        ->add_option("--sha256", options->sha256,
                     "The SHA-256 that the archive must have")
        ->type_name("HEX");
    command
        ->add_option("--attestation", options->attestation,
                     "Test results: an in-toto statement about the archive")
        ->type_name("FILE");
    command
        ->add_option("--signature", options->signature,
                     "An SSH signature over the attestation")
        ->type_name("FILE");
    command
        ->add_option_function<unsigned>(
            "--strip-components",
            [options](unsigned n) { options->strip_components = n; },
            "Leading path components to take off")
        ->type_name("N");
  }

  void AddDeploy() {
    CommandLine* line = line_;
    CLI::App* deploy = Add(
        "deploy", "Stage, activate, check; undo by itself if any of it fails",
        [line] { return RunDeploy(line->global, line->deploy); });
    AddArchiveOptions(deploy);
    AddDuration(deploy, "--confirm-within", &line->deploy.confirm_within,
                "Undo unless `release confirm` comes in time");
    AddArchiveOptions(
        Add("stage", "Unpack, verify and publish; not live yet", [line] {
          line->deploy.activates = false;
          return RunDeploy(line->global, line->deploy);
        }));
  }

  void AddActivate() {
    CommandLine* line = line_;
    CLI::App* activate =
        Add("activate", "Make a staged or earlier release live",
            [line] { return RunActivate(line->global, line->activate); });
    activate->add_option("version", line->activate.version, "Which release")
        ->type_name("")
        ->required();
    AddDuration(activate, "--confirm-within", &line->activate.confirm_within,
                "Undo unless `release confirm` comes in time");
  }

  void AddRollback() {
    CommandLine* line = line_;
    CLI::App* rollback =
        Add("rollback", "Go back to the good release that was live before",
            [line] { return RunRollback(line->global, line->rollback); });
    rollback
        ->add_option("version", line->rollback.version,
                     "Go back to this one instead")
        ->type_name("");
    rollback
        ->add_option("--reason", line->rollback.reason,
                     "Why; kept in the history")
        ->type_name("TEXT");
  }

  void AddLooks() {
    CommandLine* line = line_;
    Add("list", "Show the releases on this host",
        [line] { return RunList(line->global); });
    CLI::App* status =
        Add("status", "Show what is live, whether it is well, what is in doubt",
            [line] { return RunStatus(line->global, line->status); });
    status->add_flag("--check", line->status.check,
                     "Exit 8 if anything is wrong; re-hash the live release");
    status->add_flag("--metrics", line->status.metrics,
                     "Print it in Prometheus' text format");
    Add("check", "Examine the configuration and the host; change nothing",
        [line] { return RunCheck(line->global); });
    CLI::App* history =
        Add("history", "Show the transactions, newest first",
            [line] { return RunHistory(line->global, line->history); });
    history
        ->add_option("-n,--count", line->history.count,
                     "How many (default: 20)")
        ->type_name("N");
    history->add_flag("--follow", line->history.follow,
                      "Go on printing transactions as they end");
  }

  void AddVerifyAndDiff() {
    CommandLine* line = line_;
    CLI::App* verify =
        Add("verify", "Re-hash releases on disk against their manifests",
            [line] { return RunVerify(line->global, line->verify); });
    verify
        ->add_option("versions", line->verify.versions,
                     "Which releases (default: the live one)")
        ->type_name("VERSION");
    verify->add_flag("--all", line->verify.all, "Every release");
    CLI::App* diff = Add("diff", "Show what differs between two releases",
                         [line] { return RunDiff(line->global, line->diff); });
    diff->add_option("from", line->diff.from,
                     "A release; alone: what differs from the live one to it")
        ->type_name("")
        ->required();
    diff->add_option("to", line->diff.to, "The release to compare it with")
        ->type_name("");
  }

  void AddUpkeep() {
    CommandLine* line = line_;
    AddInit();
    Add("intake", "Deploy the uploads that lie ready in the drop box",
        [line] { return RunIntake(line->global); });
    Add("prune", "Remove the releases that retention lets go",
        [line] { return RunPrune(line->global); });
    for (const bool pinned : {true, false}) {
      Add(pinned ? "pin" : "unpin",
          pinned ? "Never prune a release" : "Let retention judge it again",
          [line, pinned] {
            line->pin.pinned = pinned;
            return RunPin(line->global, line->pin);
          })
          ->add_option("version", line->pin.version, "Which release")
          ->type_name("")
          ->required();
    }
    CLI::App* recover =
        Add("recover", "Settle an interrupted transaction",
            [line] { return RunRecover(line->global, line->recover); });
    recover->add_flag("--no-service", line->recover.no_service,
                      "Leave the service alone: it starts later, as at boot");
  }

  void AddInit() {
    CommandLine* line = line_;
    CLI::App* init =
        Add("init", "Make the layout in the root; take over what is there",
            [line] { return RunInit(line->global, line->init); });
    CLI::Option* adopt = init->add_flag(
        "--adopt", line->init.adopt,
        "Take over a Capistrano or Deployer tree, or a plain directory\n"
        "called current; what is served changes for no instant");
    init->add_option("--from", line->init.from,
                     "First let this directory become ROOT/current and leave "
                     "a link in its place")
        ->type_name("DIR")
        ->needs(adopt);
    init->add_option("--version", line->init.version,
                     "What a plain directory is called (default: the time)")
        ->type_name("V")
        ->needs(adopt);
    init->add_option("--leave-out", line->init.leave_out,
                     "Do not take over this release; may be repeated")
        ->type_name("V")
        ->allow_extra_args(false)
        ->needs(adopt);
  }

  void AddRunning() {
    CommandLine* line = line_;
    Add("notify", "Deliver the notices that wait in the outbox",
        [line] { return RunNotify(line->global, line->notify); })
        ->add_flag("--due", line->notify.due,
                   "Leave out what failed a short while ago");
    Add("confirm", "Keep the release that waits for a confirmation",
        [line] { return RunConfirm(line->global); });
    Add("abort", "Ask the running transaction to undo and stop",
        [line] { return RunAbort(line->global); });
    Add("serve", "Run the command that a restricted SSH key asks for",
        [line] { return RunServe(&line->global, line->serve, &line->command); })
        ->add_option("--allow", line->serve.allow,
                     "The commands it may be: deploy,status,...")
        ->type_name("COMMANDS")
        ->required();
    Add("completion", "Print shell completions",
        [line] { return PrintCompletion(line->shell); })
        ->add_option("shell", line->shell, "For which shell")
        ->option_text("bash|zsh|fish")
        ->required()
        ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  }

  void AddPack() {
    CommandLine* line = line_;
    CLI::App* pack =
        Add("pack", "Make an archive of a directory: same tree, same bytes",
            [line] { return RunPack(line->global, line->pack); });
    pack->add_option("directory", line->pack.directory, "What to pack")
        ->type_name("")
        ->required();
    pack->add_option("-o,--output", line->pack.output,
                     "The archive: .tar, .tar.gz, .tar.xz or .tar.zst")
        ->type_name("FILE")
        ->required();
    pack->add_option("--version", line->pack.version,
                     "The release's name, for the manifest in the archive")
        ->type_name("V");
  }

  CLI::App* app_;
  CommandLine* line_;
};

// What is live, for a message; empty where that cannot be told.
std::string LiveNow(const GlobalOptions& global) {
  try {
    PosixFs fs(LoadConfig(global).root);
    return ReadDeploymentState(&fs).CurrentName();
  } catch (const Error&) {
    return "";
  }
}

int RunGuarded(const CommandLine& line) {
  try {
    return line.run();
  } catch (const Error& error) {
    return PrintError(line.global, line.command, error, LiveNow(line.global));
  } catch (const std::exception& error) {
    return PrintError(line.global, line.command,
                      Error(ErrorCode::kInternal,
                            fmt::format("cannot go on: {}", error.what())),
                      LiveNow(line.global));
  }
}

int PrintUsageError(const CommandLine& line, const CLI::App& app,
                    const CLI::ParseError& error) {
  // CLI11 misses a command before it looks at the word that is none.
  const std::vector<std::string> left = app.remaining();
  const std::string why =
      !app.get_subcommands().empty() ? error.what()
      : left.empty()
          ? "a command is missing"
          : fmt::format("there is no {} {}",
                        left.front().starts_with("-") ? "option" : "command",
                        Quoted(left.front()));
  return PrintError(
      line.global, line.command,
      Error(ErrorCode::kUsage,
            fmt::format("cannot understand the command line: {} (see release "
                        "--help)",
                        why)),
      "");
}

}  // namespace

int RunCommandLine(int argc, char** argv) {
  CommandLine line;
  CLI::App app(kDescription, "release");
  app.footer(kFooter);
  app.set_version_flag("-V,--program-version",
                       "release " RELEASE_PROGRAM_VERSION);
  app.require_subcommand(1);
  AddGlobals(&app, &line.global);
  Builder(&app, &line).AddAll();
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {
    app.exit(success);
    return 0;
  } catch (const CLI::ParseError& error) {
    return PrintUsageError(line, app, error);
  }
  return RunGuarded(line);
}

}  // namespace release
