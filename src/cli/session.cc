#include "cli/session.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <thread>

#include "base/suggestion.h"
#include "base/text.h"
#include "base/units.h"
#include "os/as_user.h"
#include "os/identity.h"
#include "os/input.h"
#include "os/safe_command.h"
#include "os/startup.h"
#include "os/system_journal.h"
#include "service/hooks.h"
#include "store/layout.h"
#include "store/root_safety.h"

namespace release {
namespace {

constexpr char kConfigDirectory[] = "/etc/release";
constexpr char kConfigSuffix[] = ".toml";
constexpr std::size_t kConfigLimit = 1024 * 1024;
constexpr Duration kForever = std::chrono::hours(24 * 365);

HostPath ConfigPath(const std::string& app) {
  return HostPath(kConfigDirectory) / (app + kConfigSuffix);
}

// Throws an error that names the app that was probably meant.
[[noreturn]] void ThrowNoConfig(const std::string& path,
                                const std::string& app) {
  throw Error(ErrorCode::kConfigUnreadable,
              fmt::format("cannot read {}: no such file{}", path,
                          DidYouMean(app, ConfiguredApps())),
              path);
}

Config ReadConfig(const HostPath& place, const std::string& app) {
  const std::string path = place.string();
  const auto file = ReadRegularFile(path, kConfigLimit);
  if (!file) ThrowNoConfig(path, app);
  if (const Reason danger = WhyOthersCanWrite(path)) {
    throw Error(ErrorCode::kConfigUnsafe,
                fmt::format("cannot use {} as root: {}", path, *danger), path);
  }
  return ParseConfig(file->content, path, app);
}

// Returns "shop" for "/somewhere/shop.toml".
std::string AppOfPath(const HostPath& path) {
  return (path.extension() == kConfigSuffix ? path.stem() : path.filename())
      .string();
}

[[noreturn]] void ThrowAppUnknown() {
  const std::vector<std::string> apps = ConfiguredApps();
  throw Error(ErrorCode::kAppUnknown,
              apps.empty()
                  ? fmt::format("cannot tell which app is meant: {} holds no "
                                "configuration; give --root DIR or --config "
                                "FILE",
                                kConfigDirectory)
                  : fmt::format("cannot tell which app is meant: give --app, "
                                "one of {}",
                                fmt::join(apps, ", ")));
}

void CheckAppName(const std::string& app) {
  // The name becomes part of a path, so it must not contain "/" or be "..".
  if (Version::Parse(app)) return;
  throw Error(ErrorCode::kAppUnknown,
              fmt::format("cannot use {} as an app's name", Quoted(app)));
}

// Returns the configuration of the app whose root holds the working directory.
// If one root lies in another, the inner one decides. Throws Error kAppUnknown
// if two apps have that root, or if a configuration that cannot be used might
// name an inner one.
std::optional<Config> ConfigOfDirectory(const std::vector<std::string>& apps) {
  const HostPath here = RealPath(WorkingDirectory());
  std::optional<Config> found;
  std::string why_unclear;
  if (here.empty()) return found;
  for (const std::string& app : apps) {
    try {
      Config config = ReadConfig(ConfigPath(app), app);
      config.root = RealPath(config.root);
      if (!IsWithin(here, config.root)) continue;
      if (found && found->root == config.root) {
        why_unclear =
            fmt::format("{} and {} have the same root", found->app, config.app);
      }
      if (!found || IsWithin(config.root, found->root)) {
        found = std::move(config);
      }
    } catch (const Error&) {
      why_unclear = fmt::format("{} cannot be used", ConfigPath(app));
    }
  }
  if (!found || why_unclear.empty()) return found;
  throw Error(ErrorCode::kAppUnknown,
              fmt::format("cannot tell which app is meant: {}; give --app",
                          why_unclear));
}

// Chooses by the first that is given: --config, --app, RELEASE_APP (which
// --root overrides), --root alone, the only app of this host, or the app whose
// root holds the working directory.
Config ChooseConfig(const GlobalOptions& options) {
  if (!options.config.empty()) {
    const std::string app =
        options.app.empty() ? AppOfPath(options.config) : options.app;
    return ReadConfig(options.config, app);
  }
  std::string app = options.app;
  if (app.empty() && options.root.empty()) app = Environment("RELEASE_APP");
  if (!app.empty()) {
    CheckAppName(app);
    const HostPath path = ConfigPath(app);
    // With --root the app's config file may be missing.
    if (!options.root.empty() && !ReadRegularFile(path, kConfigLimit)) {
      Config config;
      config.app = app;
      return config;
    }
    return ReadConfig(path, app);
  }
  if (!options.root.empty()) return Config{};
  const std::vector<std::string> apps = ConfiguredApps();
  if (apps.size() == 1) return ReadConfig(ConfigPath(apps[0]), apps[0]);
  if (auto config = ConfigOfDirectory(apps)) return std::move(*config);
  ThrowAppUnknown();
}

// Throws Error kConfigInvalid if another app has the same template: its
// instances could not be told from this app's.
void RequireOwnTemplate(const Config& config) {
  if (!config.instances.configured) return;
  for (const std::string& app : ConfiguredApps()) {
    if (app == config.app) continue;
    Config other;
    try {
      other = ReadConfig(ConfigPath(app), app);
    } catch (const Error&) {
      continue;  // that app's own commands report it
    }
    if (other.service.unit != config.service.unit) continue;
    throw Error(ErrorCode::kConfigInvalid,
                fmt::format("cannot use {} for {}: {} has the same [service] "
                            "unit",
                            config.service.unit, config.app, ConfigPath(app)));
  }
}

// The most threads that one command uses. More do not help, even if they wait
// for the disk and not for the processor.
constexpr unsigned kThreads = 17;

// Refuses before anything is changed what would be refused later, when the
// command is about to run. Names relative to a release can only be checked
// then.
void RequireSafeCommands(const Config& config) {
  const HostPath releases = config.root / kReleases;
  const HooksConfig& hooks = config.hooks;
  if (!hooks.user.empty()) RequireUser(hooks.user);
  for (const auto& [name, argv] : {std::pair("preflight", &hooks.preflight),
                                   {"pre_activate", &hooks.pre_activate},
                                   {"post_activate", &hooks.post_activate},
                                   {"post_rollback", &hooks.post_rollback}}) {
    if (!hooks.user.empty()) break;
    RequireSafeForRoot(fmt::format("the {} hook", name), {.argv = *argv},
                       releases, kHookRemedy);
  }
  for (const auto& [name, argv] :
       {std::pair("[service] command", &config.service.command),
        {"[healthcheck] command", &config.health.command},
        {"[notify] command", &config.notify.command}}) {
    RequireSafeForRoot(name, {.argv = *argv}, releases);
  }
}

}  // namespace

unsigned AllowedThreads() {
  const std::string text = Environment("RELEASE_THREADS");
  if (text.empty()) return kThreads;
  unsigned count = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || end != text.data() + text.size() || count == 0) {
    throw Error(ErrorCode::kUsage,
                fmt::format("cannot use {} as RELEASE_THREADS: it must be a "
                            "number from 1 on",
                            Quoted(text)));
  }
  return std::min(count, kThreads);
}

void TakeGlobals(const CommandWords& words, GlobalOptions* global) {
  const auto take = [&](Option option, std::string* value) {
    if (words.Has(option)) *value = words.Value(option);
  };
  take(Option::kApp, &global->app);
  take(Option::kRoot, &global->root);
  take(Option::kConfig, &global->config);
  take(Option::kColor, &global->color);
  global->json |= words.Has(Option::kJson);
  global->utc |= words.Has(Option::kUtc);
  global->quiet |= words.Has(Option::kQuiet);
  global->verbose |= words.Has(Option::kVerbose);
  global->dry_run |= words.Has(Option::kDryRun);
  global->progress_json |= words.Value(Option::kProgress) == "json";
  if (words.Has(Option::kWait)) {
    global->wait = ParseDuration(words.Value(Option::kWait)).value_or(kForever);
  }
}

bool KnowsApp(const GlobalOptions& options) {
  if (!options.config.empty() || !options.app.empty() ||
      !options.root.empty() || !Environment("RELEASE_APP").empty()) {
    return true;
  }
  const std::vector<std::string> apps = ConfiguredApps();
  return apps.size() == 1 || ConfigOfDirectory(apps);
}

std::vector<std::string> ConfiguredApps() {
  std::vector<std::string> apps;
  for (const std::string& name : ListDirectory(kConfigDirectory)) {
    // Editors and package managers leave hidden files here.
    if (!name.ends_with(kConfigSuffix) || name.starts_with(".")) continue;
    apps.push_back(AppOfPath(name));
  }
  std::sort(apps.begin(), apps.end());
  return apps;
}

Config LoadConfig(const GlobalOptions& options) {
  Config config = ChooseConfig(options);
  if (!options.root.empty()) config.root = AbsolutePath(options.root);
  RequireOwnTemplate(config);
  // Set by release-intake@.service. Not a key of the configuration, because it
  // depends on how the command was started.
  config.hooks.in_unit = Environment("RELEASE_HOOKS_IN_UNIT") == "yes";
  return config;
}

JsonSubject SubjectOf(const GlobalOptions& options) {
  try {
    const Config config = LoadConfig(options);
    return {config.app, RealPath(config.root).string()};
  } catch (const std::exception&) {
    return {options.app, options.root};
  }
}

Session::Session(const GlobalOptions& options)
    : options_(options), config_(LoadConfig(options)) {
  try {
    fs_ = std::make_unique<PosixFs>(config_.root);
  } catch (const FsError& error) {
    const bool missing = error.error_number() == ENOENT;
    if (!missing && error.error_number() != ENOTDIR) throw;
    throw Error(ErrorCode::kNotInitialized,
                fmt::format("cannot open the root {}: {}", config_.root,
                            missing ? "there is none; `release init` makes it"
                                    : "it is not a directory"),
                config_.root.string());
  }
  // /proc shows the paths of processes without symbolic links; paths below the
  // root are compared with these.
  config_.root = RealPath(config_.root);
  context_.fs = fs_.get();
  context_.system = {.runner = &runner_,
                     .http = &http_,
                     .clock = &clock_,
                     .journal_socket = kJournalSocket};
  context_.config = &config_;
  context_.bytes = &bytes_;
  context_.caller = Caller();
  context_.units_know_app =
      !config_.app.empty() && options_.config.empty() && options_.root.empty();
  context_.wait = options_.wait;
  context_.threads = AllowedThreads();
  context_.cores = std::thread::hardware_concurrency();
}

void Session::RequireOnlyRootWrites() const {
  RequireSafeRoot(config_.root);
  RequireSafeCommands(config_);
}

}  // namespace release
