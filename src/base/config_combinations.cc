#include "base/config_combinations.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/config_values.h"
#include "base/error.h"
#include "base/instance_names.h"
#include "base/text.h"

namespace release {

void ConfigProblems::Add(const TomlPosition& position, std::string what) {
  found_.emplace_back(position.line, position.column, std::move(what));
}

void ConfigProblems::ThrowIfAny(const std::string& file) {
  if (found_.empty()) return;
  std::sort(found_.begin(), found_.end());
  std::string message = fmt::format("cannot use config {}:", Quoted(file));
  for (const auto& [line, column, what] : found_) {
    message += fmt::format("\n{}:{}:{}: {}", Escaped(file), line, column, what);
  }
  throw Error(ErrorCode::kConfigInvalid, message, file);
}

void KeyCombinations::Check() const {
  if (!table_.contains("root")) {
    problems_->Add({1, 1},
                   "root is missing: the app's directory, an absolute path");
  }
  CheckOnlyOne("service", {"unit", "pidfile", "command"});
  CheckOnlyOne("healthcheck", {"url", "tcp", "command"});
  if (table_["service"]["signal"] && !table_["service"]["pidfile"]) {
    AddAt("service", "signal", "signal needs pidfile");
  }
  CheckKeyFiles();
  CheckShared();
  CheckInstances();
  CheckTrial();
  CheckWatch();
}

void KeyCombinations::AddAt(std::string_view section, std::string_view name,
                            std::string what) const {
  const TomlNode* node = table_[section][name].node();
  if (node == nullptr) node = table_[section].node();
  problems_->Add(node == nullptr ? TomlPosition{1, 1} : node->source().begin,
                 std::move(what));
}

// Without a file of keys, every deploy that requires a signature would be
// refused.
void KeyCombinations::CheckKeyFiles() const {
  const VerifyConfig& verify = config_.verify;
  if (!verify.keys.empty()) return;
  if (verify.require_signature) {
    AddAt("verify", "require",
          "require: a signature needs keys, a file of allowed signers");
  }
  if (!verify.revoked.empty()) {
    AddAt("verify", "revoked", "revoked needs keys");
  }
}

// Reports the last of several mutually exclusive keys.
void KeyCombinations::CheckOnlyOne(
    std::string_view section,
    std::initializer_list<std::string_view> names) const {
  std::vector<TomlPosition> given;
  for (const std::string_view name : names) {
    const TomlNode* node = table_[section][name].node();
    if (node != nullptr) given.push_back(node->source().begin);
  }
  if (given.size() < 2) return;
  const auto last = *std::max_element(given.begin(), given.end());
  problems_->Add(last, fmt::format("[{}] may have only one of {}", section,
                                   fmt::join(names, ", ")));
}

// Overlapping shared paths would make a link inside a shared directory.
void KeyCombinations::CheckShared() const {
  std::vector<std::string> paths = config_.shared_dirs;
  paths.insert(paths.end(), config_.shared_files.begin(),
               config_.shared_files.end());
  for (std::size_t i = 0; i < paths.size(); ++i) {
    const bool dir = i < config_.shared_dirs.size();
    const char* name = dir ? "shared_dirs" : "shared_files";
    const TomlPosition where =
        table_[name] ? table_[name].node()->source().begin : TomlPosition{1, 1};
    for (std::size_t j = 0; j < i; ++j) {
      if (!Overlap(paths[i], paths[j])) continue;
      problems_->Add(where, fmt::format("{}: {} overlaps with {}", name,
                                        Quoted(paths[i]), Quoted(paths[j])));
    }
    if (!config_.instances.configured ||
        !Overlap(paths[i], config_.instances.link)) {
      continue;
    }
    problems_->Add(where, fmt::format("{}: {} overlaps with [instances] link",
                                      name, Quoted(paths[i])));
  }
}

void KeyCombinations::CheckInstances() const {
  const ServiceConfig& service = config_.service;
  const bool is_template = IsTemplateUnit(service.unit);
  if (!config_.instances.configured) {
    if (is_template) {
      AddAt("service", "unit",
            "unit: a template needs the table [instances], so that each "
            "release runs as an instance of its own");
    }
    return;
  }
  if (!is_template) {
    AddAt("instances", "",
          "[instances] needs a template as [service] unit, such as "
          "\"shop@.service\"");
    return;
  }
  if (table_["service"]["action"]) {
    AddAt("service", "action",
          "action has no meaning with [instances]: a release is started, "
          "never reloaded");
  }
  if (LiveSocket(config_).size() > kMaxSocketPath) {
    AddAt("instances", "socket",
          fmt::format("socket: {} is longer than {} bytes, so no front can "
                      "connect to it",
                      Quoted(LiveSocket(config_)), kMaxSocketPath));
  }
  const auto& restart = config_.instances.restart;
  if (std::any_of(restart.begin(), restart.end(), IsTemplateUnit)) {
    AddAt("instances", "restart", "restart must not name a template");
  }
  CheckInstanceProbe();
}

// A probe that asks any other address would ask the release that is live.
void KeyCombinations::CheckInstanceProbe() const {
  const HealthConfig& health = config_.health;
  if (!health.tcp.empty()) {
    AddAt("healthcheck", "tcp",
          "tcp does not reach an instance: use url = \"unix:{socket}:/PATH\"");
  }
  if (!health.url.empty() && !health.url.starts_with("unix:{socket}:")) {
    AddAt("healthcheck", "url",
          "url must be \"unix:{socket}:/PATH\" with [instances]; front_url is "
          "asked through the front");
  }
}

void KeyCombinations::CheckTrial() const {
  const TrialConfig& trial = config_.trial;
  const bool instances = config_.instances.configured;
  if (!instances && config_.health.url.find("{socket}") != std::string::npos) {
    AddAt("healthcheck", "url", "url: {socket} needs [instances]");
  }
  if (trial.url.find("{socket}") != std::string::npos) {
    AddAt("trial", "url", "url: {socket} needs [instances]");
  }
  if (!table_["trial"].is_table()) return;
  if (instances) {
    AddAt("trial", "", "[trial] has no meaning with [instances]");
  }
  if (!IsTemplateUnit(trial.unit) || trial.url.empty()) {
    AddAt("trial", "",
          "[trial] needs a template as unit, such as \"shop-trial@.service\", "
          "and a url");
  }
}

void KeyCombinations::CheckWatch() const {
  const WatchConfig& watch = config_.watch;
  if (!watch.configured) return;
  if (watch.every < std::chrono::seconds(1)) {
    AddAt("watch", "every", "every must be at least 1s");
    return;
  }
  if (watch.bad > watch.looks()) {
    AddAt("watch", table_["watch"]["bad"] ? "bad" : "for",
          fmt::format("bad: a watch of {} looks cannot find {} bad ones",
                      watch.looks(), watch.bad));
  }
  if (config_.service.unit.empty() && !config_.health.configured() &&
      watch.command.empty()) {
    AddAt("watch", "",
          "[watch] has nothing to look at: it needs [service] unit, "
          "[healthcheck] or command");
  }
}

}  // namespace release
