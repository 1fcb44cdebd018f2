#include "base/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <utility>

#include "base/config_combinations.h"
#include "base/config_values.h"
#include "base/error.h"
#include "base/instance_names.h"
#include "base/text.h"
#include "base/toml_library.h"

namespace release {
namespace {

// Stores the value and returns an empty string, or returns why the value is not
// allowed.
using Setter = std::function<std::string(const TomlNode&)>;

struct Key {
  std::string_view section;  // empty: top level
  std::string_view name;
  Setter set;
};

// Returns the value as text if it is a string without NUL or, with
// Numbers::kAllowed, a whole number. Otherwise returns nullopt.
enum class Numbers { kAllowed, kRefused };
std::optional<std::string> Text(const TomlNode& node, Numbers numbers) {
  if (const auto* number = node.as_integer()) {
    if (numbers == Numbers::kRefused) return std::nullopt;
    return std::to_string(number->get());
  }
  const auto* text = node.as_string();
  if (text == nullptr || text->get().find('\0') != std::string::npos) {
    return std::nullopt;
  }
  return text->get();
}

using ReadText = std::function<std::string(std::string_view)>;

// The Of... functions build a Setter for one type of value. The setter checks
// the TOML type, converts the value, and stores it through the captured
// pointer.

Setter OfString(ReadText read) {
  return [read](const TomlNode& node) -> std::string {
    const auto text = Text(node, Numbers::kRefused);
    return text ? read(*text) : "must be a string";
  };
}

Setter OfStringOrNumber(ReadText read) {
  return [read](const TomlNode& node) -> std::string {
    const auto text = Text(node, Numbers::kAllowed);
    return text ? read(*text) : "must be a string or a whole number";
  };
}

Setter OfNumber(std::uint64_t least, std::uint64_t most,
                std::function<void(std::uint64_t)> store) {
  return [=](const TomlNode& node) -> std::string {
    std::uint64_t value = 0;
    const std::string text =
        node.is_integer() ? *Text(node, Numbers::kAllowed) : "";
    const std::string reason = ReadNumber(text, least, most, &value);
    if (reason.empty()) store(value);
    return reason;
  };
}

Setter OfStrings(std::function<std::string(std::vector<std::string>)> store) {
  return [store](const TomlNode& node) -> std::string {
    const toml::array* array = node.as_array();
    if (array == nullptr) return "must be an array of strings";
    std::vector<std::string> texts;
    for (const TomlNode& element : *array) {
      const auto text = Text(element, Numbers::kRefused);
      if (!text) return "must be an array of strings";
      texts.push_back(*text);
    }
    return store(std::move(texts));
  };
}

Setter OfArgv(Argv* out) {
  return OfStrings([out](Argv argv) -> std::string {
    if (!argv.empty() && argv[0].empty()) return "must begin with a program";
    *out = std::move(argv);
    return "";
  });
}

template <typename Read>
Setter OfEach(Read read, std::vector<std::string>* out) {
  return OfStrings([=](std::vector<std::string> paths) -> std::string {
    for (std::string& path : paths) {
      const std::string reason = read(path, &path);
      if (!reason.empty()) return Quoted(path) + " " + reason;
    }
    *out = std::move(paths);
    return "";
  });
}

Setter OfDuration(Duration* out, Zero zero = Zero::kRefused) {
  return OfStringOrNumber(
      [=](std::string_view text) { return ReadDuration(text, zero, out); });
}

template <typename T>
using Choices = std::vector<std::pair<std::string_view, T>>;

template <typename T>
std::string NotAChoice(const Choices<T>& choices) {
  std::string names;
  for (const auto& [name, value] : choices) {
    names += (names.empty() ? "" : ", ") + Quoted(name);
  }
  return "must be one of " + names;
}

template <typename T>
Setter OfChoice(T* out, Choices<T> choices) {
  return OfString([=](std::string_view text) -> std::string {
    for (const auto& [name, value] : choices) {
      if (name != text) continue;
      *out = value;
      return "";
    }
    return NotAChoice(choices);
  });
}

// Reads an array of names; sets the switch of each name listed and clears all
// others.
Setter OfSwitches(Choices<bool*> switches) {
  return OfStrings([=](std::vector<std::string> given) -> std::string {
    for (const std::string& text : given) {
      const bool known =
          std::any_of(switches.begin(), switches.end(),
                      [&](const auto& choice) { return choice.first == text; });
      if (!known) return Quoted(text) + " " + NotAChoice(switches);
    }
    for (const auto& [name, on] : switches) {
      *on = std::find(given.begin(), given.end(), name) != given.end();
    }
    return "";
  });
}

template <typename Read, typename... Rest>
Setter OfRead(Read read, Rest... rest) {
  return OfString([=](std::string_view text) { return read(text, rest...); });
}

void AddTopAndUnpack(Config* config, std::vector<Key>* keys) {
  UnpackConfig* unpack = &config->unpack;
  keys->insert(
      keys->end(),
      {{"", "root", OfRead(ReadAbsolutePath, &config->root)},
       {"", "keep_releases",
        OfNumber(1, 100'000,
                 [=](std::uint64_t value) {
                   config->keep_releases = static_cast<unsigned>(value);
                 })},
       {"", "keep_history",
        OfNumber(100, 1'000'000,
                 [=](std::uint64_t value) {
                   config->keep_history = static_cast<unsigned>(value);
                 })},
       {"", "shared_dirs", OfEach(ReadRelativePath, &config->shared_dirs)},
       {"", "shared_files", OfEach(ReadRelativePath, &config->shared_files)},
       {"unpack", "strip_components",
        OfNumber(0, 100,
                 [=](std::uint64_t value) {
                   unpack->strip_components = static_cast<unsigned>(value);
                 })},
       {"unpack", "owner", OfRead(ReadOwner, &unpack->owner)},
       {"unpack", "max_size", OfStringOrNumber([=](std::string_view text) {
          return ReadSize(text, &unpack->max_size);
        })},
       {"unpack", "max_entries",
        OfNumber(1, std::numeric_limits<std::int64_t>::max(),
                 [=](std::uint64_t value) { unpack->max_entries = value; })},
       {"unpack", "absolute_links",
        OfEach(ReadLinkPattern, &unpack->absolute_links)},
       {"unpack", "umask", OfRead(ReadMask, &unpack->umask)},
       {"unpack", "dedup",
        OfChoice<Dedup>(&unpack->dedup, {{"auto", Dedup::kAuto},
                                         {"hardlink", Dedup::kHardLink},
                                         {"off", Dedup::kOff}})}});
}

void AddVerifyAndService(Config* config, std::vector<Key>* keys) {
  VerifyConfig* verify = &config->verify;
  ServiceConfig* service = &config->service;
  keys->insert(
      keys->end(),
      {{"verify", "require",
        OfSwitches({{"checksum", &verify->require_checksum},
                    {"signature", &verify->require_signature},
                    {"tests", &verify->require_tests}})},
       {"verify", "keys", OfRead(ReadAbsolutePath, &verify->keys)},
       {"verify", "revoked", OfRead(ReadAbsolutePath, &verify->revoked)},
       {"verify", "environment", OfRead(ReadName, &verify->environment)},
       {"verify", "max_age", OfStringOrNumber([=](std::string_view text) {
          return ReadDuration(text, Zero::kRefused, &verify->max_age.emplace());
        })},
       {"service", "unit", OfRead(ReadUnit, &service->unit)},
       {"service", "pidfile", OfRead(ReadAbsolutePath, &service->pidfile)},
       {"service", "signal", OfRead(ReadSignal, &service->signal)},
       {"service", "command", OfArgv(&service->command)},
       {"service", "action",
        OfChoice<ServiceAction>(&service->action,
                                {{"auto", ServiceAction::kAuto},
                                 {"reload", ServiceAction::kReload},
                                 {"restart", ServiceAction::kRestart},
                                 {"none", ServiceAction::kNone}})},
       {"service", "timeout", OfDuration(&service->timeout)},
       {"service", "running_check",
        OfChoice<RunningCheck>(
            &service->running_check,
            {{"auto", RunningCheck::kAuto}, {"off", RunningCheck::kOff}})}});
}

void AddHealthcheck(HealthConfig* health, std::vector<Key>* keys) {
  keys->insert(
      keys->end(),
      {{"healthcheck", "url",
        OfRead(ReadUrl, UrlForms::kHttpAndUnix, &health->url)},
       {"healthcheck", "tcp", OfRead(ReadTcp, &health->tcp)},
       {"healthcheck", "command", OfArgv(&health->command)},
       {"healthcheck", "expect_status",
        OfStringOrNumber([=](std::string_view text) {
          return ReadStatusRange(text, health);
        })},
       {"healthcheck", "expect_body", OfString([=](std::string_view text) {
          health->expect_body = text;
          return std::string();
        })},
       {"healthcheck", "interval", OfDuration(&health->interval)},
       {"healthcheck", "timeout", OfDuration(&health->timeout)},
       {"healthcheck", "deadline", OfDuration(&health->deadline)},
       {"healthcheck", "min_healthy_time",
        OfDuration(&health->min_healthy_time, Zero::kAllowed)}});
}

void AddInstancesAndTrial(Config* config, std::vector<Key>* keys) {
  InstancesConfig* instances = &config->instances;
  TrialConfig* trial = &config->trial;
  keys->insert(
      keys->end(),
      {{"instances", "socket", OfRead(ReadRelativePath, &instances->socket)},
       {"instances", "directory",
        OfRead(ReadInstanceDirectory, &instances->directory)},
       {"instances", "link", OfRead(ReadLinkName, &instances->link)},
       {"instances", "front_url",
        OfRead(ReadUrl, UrlForms::kHttp, &instances->front_url)},
       {"instances", "front_user", OfRead(ReadUser, &instances->front_user)},
       {"instances", "drain", OfDuration(&instances->drain, Zero::kAllowed)},
       {"instances", "keep_warm",
        OfDuration(&instances->keep_warm, Zero::kAllowed)},
       {"instances", "restart", OfEach(ReadUnit, &instances->restart)},
       {"instances", "replaces", OfRead(ReadUnit, &instances->replaces)},
       {"instances", "peer_check",
        OfChoice<PeerCheck>(
            &instances->peer_check,
            {{"auto", PeerCheck::kAuto}, {"require", PeerCheck::kRequire}})},
       {"trial", "unit", OfRead(ReadUnit, &trial->unit)},
       {"trial", "url", OfRead(ReadUrl, UrlForms::kHttpAndUnix, &trial->url)}});
}

void AddHooksAndNotify(Config* config, std::vector<Key>* keys) {
  HooksConfig* hooks = &config->hooks;
  NotifyConfig* notify = &config->notify;
  keys->insert(keys->end(),
               {{"hooks", "preflight", OfArgv(&hooks->preflight)},
                {"hooks", "pre_activate", OfArgv(&hooks->pre_activate)},
                {"hooks", "post_activate", OfArgv(&hooks->post_activate)},
                {"hooks", "post_rollback", OfArgv(&hooks->post_rollback)},
                {"hooks", "user", OfRead(ReadUser, &hooks->user)},
                {"hooks", "timeout", OfDuration(&hooks->timeout)},
                {"notify", "on",
                 OfSwitches({{"success", &notify->on_success},
                             {"failure", &notify->on_failure},
                             {"rollback", &notify->on_rollback},
                             {"recovery", &notify->on_recovery}})},
                {"notify", "command", OfArgv(&notify->command)},
                {"notify", "webhook",
                 OfRead(ReadUrl, UrlForms::kHttp, &notify->webhook)}});
}

void AddWatch(WatchConfig* watch, std::vector<Key>* keys) {
  const auto number = [](unsigned* out, std::uint64_t least) {
    return OfNumber(least, 100'000, [=](std::uint64_t value) {
      *out = static_cast<unsigned>(value);
    });
  };
  keys->insert(
      keys->end(),
      {{"watch", "for", OfDuration(&watch->length)},
       {"watch", "every", OfDuration(&watch->every)},
       {"watch", "bad", number(&watch->bad, 1)},
       {"watch", "act",
        OfChoice<WatchAct>(&watch->act, {{"notify", WatchAct::kNotify},
                                         {"rollback", WatchAct::kRollBack}})},
       {"watch", "error_lines", number(&watch->error_lines, 0)},
       {"watch", "command", OfArgv(&watch->command)}});
}

// The table of all keys. Each entry stores into `config`, which must outlive
// it.
std::vector<Key> Keys(Config* config) {
  std::vector<Key> keys;
  AddTopAndUnpack(config, &keys);
  AddVerifyAndService(config, &keys);
  AddHealthcheck(&config->health, &keys);
  AddInstancesAndTrial(config, &keys);
  AddWatch(&config->watch, &keys);
  AddHooksAndNotify(config, &keys);
  return keys;
}

// Sets the values of [instances] that depend on other keys.
void CompleteInstances(const TomlTable& table, Config* config) {
  InstancesConfig* instances = &config->instances;
  instances->configured = table["instances"].is_table();
  if (!instances->configured || !instances->directory.empty() ||
      !IsTemplateUnit(config->service.unit)) {
    return;
  }
  instances->directory =
      fmt::format("/run/{}/{{version}}", TemplatePrefix(config->service.unit));
}

// Reads one file into a Config.
class ConfigReader {
 public:
  ConfigReader(const std::string& file, Config* config)
      : file_(file), config_(config), keys_(Keys(config)) {}

  void Read(std::string_view text) {
    try {
      const TomlTable table = toml::parse(text, file_);
      ReadTable("", table);
      CompleteInstances(table, config_);
      config_->watch.configured = table["watch"].is_table();
      KeyCombinations(table, *config_, &problems_).Check();
    } catch (const toml::parse_error& error) {
      problems_.Add(error.source().begin, std::string(error.description()));
    }
    problems_.ThrowIfAny(file_);
  }

 private:
  // Stores every known key, and goes on after a problem. Sections are one level
  // deep.
  void ReadTable(std::string_view section, const TomlTable& table) {
    for (const auto& [key, node] : table) {
      const std::string_view name = key.str();
      if (section.empty() && IsSection(name)) {
        if (const TomlTable* inner = node.as_table()) {
          ReadTable(name, *inner);
        } else {
          problems_.Add(key.source().begin,
                        fmt::format("{} must be a table", name));
        }
        continue;
      }
      const auto known =
          std::find_if(keys_.begin(), keys_.end(), [&](const Key& candidate) {
            return candidate.section == section && candidate.name == name;
          });
      if (known == keys_.end()) {
        problems_.Add(key.source().begin, Unknown(section, name));
        continue;
      }
      const std::string reason = known->set(node);
      if (!reason.empty()) {
        problems_.Add(node.source().begin, fmt::format("{} {}", name, reason));
      }
    }
  }

  bool IsSection(std::string_view name) const {
    return std::any_of(keys_.begin(), keys_.end(),
                       [&](const Key& key) { return key.section == name; });
  }

  // Suggests the known key with the smallest edit distance, if it is close
  // enough: at most a third of the name plus one.
  std::string Unknown(std::string_view section, std::string_view name) const {
    std::string_view nearest;
    std::size_t least = name.size() / 3 + 2;
    const auto consider = [&](std::string_view candidate) {
      const std::size_t distance = EditDistance(name, candidate);
      if (distance >= least) return;
      least = distance;
      nearest = candidate;
    };
    for (const Key& key : keys_) {
      if (key.section == section) consider(key.name);
      if (section.empty() && !key.section.empty()) consider(key.section);
    }
    std::string what = fmt::format("unknown key {}", Quoted(name));
    if (!section.empty()) what += fmt::format(" in [{}]", section);
    if (!nearest.empty()) what += fmt::format("; did you mean `{}`?", nearest);
    return what;
  }

  const std::string& file_;
  Config* config_;
  std::vector<Key> keys_;
  ConfigProblems problems_;
};

}  // namespace

unsigned WatchConfig::looks() const {
  constexpr Duration::rep kMost = 1'000'000;
  return static_cast<unsigned>(
      std::clamp<Duration::rep>(length / every, 1, kMost));
}

Config ParseConfig(std::string_view text, const std::string& file,
                   const std::string& app) {
  Config config;
  config.app = app;
  ConfigReader(file, &config).Read(text);
  return config;
}

}  // namespace release
