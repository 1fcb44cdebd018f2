#include "inspect/unit_drop_ins.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string_view>

#include "base/host_path.h"
#include "os/input.h"
#include "os/path_rules.h"
#include "store/layout.h"

namespace release {
namespace {

constexpr std::size_t kDropInLimit = 64 * 1024;

// Returns the text with `before` in front of each of `signs`.
std::string Escape(std::string_view text, std::string_view signs, char before) {
  std::string escaped;
  for (const char c : text) {
    if (signs.find(c) != signs.npos) escaped += before;
    escaped += c;
  }
  return escaped;
}

// Lifts what hides the root from a confined unit, and nothing else.
std::string Uncovered(const HostPath& root) {
  std::string lines;
  for (const char* home : {"/home", "/root", "/run/user"}) {
    if (IsWithin(root, home)) lines += "ProtectHome=read-only\n";
  }
  for (const char* temporary : {"/tmp", "/var/tmp"}) {
    if (IsWithin(root, temporary)) lines += "PrivateTmp=no\n";
  }
  return lines;
}

DropIn Make(const std::string& unit, const std::string& text) {
  return {fmt::format("/etc/systemd/system/{}.d/release.conf", unit), text};
}

void AddForRoot(const Config& config, std::vector<DropIn>* all) {
  const std::string literal = Escape(config.root.native(), "%", '%');
  const std::string uploads =
      fmt::format("{}/{}/*.sha256", Escape(literal, "*?[\\", '\\'), kIncoming);
  all->push_back(Make(
      fmt::format("release-intake@{}.path", config.app),
      fmt::format("[Path]\nPathExistsGlob=\nPathExistsGlob={}\n", uploads)));
  all->push_back(
      Make(fmt::format("release-intake@{}.service", config.app),
           fmt::format("[Service]\nReadWritePaths=\nReadWritePaths=\"{}\"\n{}",
                       Escape(literal, "\\\"", '\\'), Uncovered(config.root))));
  if (Uncovered(config.root).empty()) return;
  all->push_back(Make(fmt::format("release-verify@{}.service", config.app),
                      "[Service]\n" + Uncovered(config.root)));
}

// Has the recovery run before a unit that is not called as the app is.
void AddForUnit(const Config& config, std::vector<DropIn>* all) {
  const std::string recover =
      fmt::format("release-recover@{}.service", config.app);
  all->push_back(Make(config.service.unit,
                      fmt::format("[Unit]\nWants={0}\nAfter={0}\n", recover)));
}

}  // namespace

std::vector<DropIn> NeededDropIns(const Config& config) {
  std::vector<DropIn> all;
  if (config.app.empty()) return all;
  if (config.root != "/srv/" + config.app) AddForRoot(config, &all);
  const std::string& unit = config.service.unit;
  // release-start@.service comes after the recovery, and starts the instance.
  if (config.instances.configured) return all;
  if (!unit.empty() && unit != config.app && unit != config.app + ".service") {
    AddForUnit(config, &all);
  }
  return all;
}

std::vector<DropIn> MissingDropIns(const std::vector<DropIn>& needed) {
  std::vector<DropIn> missing;
  std::copy_if(needed.begin(), needed.end(), std::back_inserter(missing),
               [](const DropIn& drop_in) {
                 const auto file = ReadRegularFile(drop_in.path, kDropInLimit);
                 return !file || file->content != drop_in.text;
               });
  return missing;
}

std::string ScriptOf(const std::vector<DropIn>& drop_ins) {
  if (drop_ins.empty()) return "";
  std::string script = "set -e\n";
  for (const DropIn& drop_in : drop_ins) {
    const std::string& path = drop_in.path;
    script += fmt::format("mkdir -p '{}'\ncat > '{}' <<'END'\n{}END\n",
                          ParentOf(path), path, drop_in.text);
  }
  return script + "systemctl daemon-reload\n";
}

}  // namespace release
