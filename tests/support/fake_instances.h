// The instances of an app behind a FakeRunner and a FakeHttp: systemd starts
// and stops them, each listens on its own socket, and `current` leads to one.
#ifndef RELEASE_TESTS_SUPPORT_FAKE_INSTANCES_H_
#define RELEASE_TESTS_SUPPORT_FAKE_INSTANCES_H_

#include <fmt/format.h>

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/config.h"
#include "base/instance_names.h"
#include "os/fs.h"
#include "service/instance.h"
#include "support/fake_http.h"
#include "support/fake_runner.h"

namespace release {

// Sets the tables [service], [instances] and [healthcheck] of a config that
// runs one instance for each release of the app "shop".
inline void UseInstances(Config* config) {
  config->service = {};
  config->service.unit = "shop@.service";
  config->service.running_check = RunningCheck::kOff;
  config->instances.configured = true;
  config->instances.directory = "/run/shop/{version}";
  config->instances.link = "instance";
  config->health = {};
  config->health.url = "unix:{socket}:/up";
  config->health.deadline = std::chrono::seconds(2);
  config->health.min_healthy_time = std::chrono::seconds(0);
}

// Systemd's side: the units that run, among them the instances.
class FakeInstanceUnits {
 public:
  // Borrows both. `fs` shows where `current` leads.
  FakeInstanceUnits(Fs* fs, const Config* config) : fs_(fs), config_(config) {}

  bool Runs(const std::string& version) const {
    return running.contains(InstanceUnit(config_->service.unit, version));
  }
  // The versions whose instances run, with blanks between them.
  std::string Running() const {
    std::string names;
    for (const auto& [unit, pid] : running) {
      const auto version = VersionOfInstance(config_->service.unit, unit);
      if (!version) continue;
      names += (names.empty() ? "" : " ") + version->name();
    }
    return names;
  }
  // The target of `current` when the unit was started.
  std::string LoadedBy(const std::string& unit) const {
    const auto it = loaded_by.find(unit);
    return it == loaded_by.end() ? "" : it->second;
  }
  // Describes which units run, and the `current` that each was started with.
  std::string Image() const {
    std::string image;
    for (const auto& [unit, pid] : running) {
      image += fmt::format("{} {};", unit, LoadedBy(unit));
    }
    return image;
  }

  std::map<std::string, int> running;            // units and main processes
  std::map<std::string, std::string> loaded_by;  // units: `current` at start
  std::set<std::string> enabled;                 // units
  std::set<std::string> dead;                    // versions whose start fails
  std::vector<std::string> jobs;                 // "start shop@1.service", ...
  bool drain_unit_exists = true;
  std::function<void()> on_change;  // called after each command of systemctl

 protected:
  CommandResult Answer(const Command& command) {
    const CommandResult result = Do(command.argv.at(3), command.argv.back());
    if (on_change) on_change();
    return result;
  }
  void TakeUnits(const FakeInstanceUnits& other) {
    running = other.running;
    loaded_by = other.loaded_by;
    enabled = other.enabled;
    dead = other.dead;
    last_pid_ = other.last_pid_;
  }
  std::string Current() const {
    return fs_->ReadLink(Fs::kRoot, "current").value_or("");
  }
  static std::string ControlGroup(const std::string& unit) {
    return "/system.slice/" + unit;
  }
  const Config& config() const { return *config_; }

 private:
  CommandResult Do(const std::string& verb, const std::string& unit) {
    if (verb == "is-system-running") return Exited(0, "running\n");
    if (verb == "show") return Exited(0, Show(unit));
    if (verb == "reset-failed") return Exited(0);
    jobs.push_back(verb + " " + unit);
    if (unit.starts_with("release-drain@")) {
      return Exited(drain_unit_exists ? 0 : 5);
    }
    if (verb == "disable") enabled.erase(unit);
    if (verb == "stop" || verb == "restart") running.erase(unit);
    if (verb == "start" || verb == "restart") return Start(unit);
    return Exited(0);
  }

  CommandResult Start(const std::string& unit) {
    const auto version = VersionOfInstance(config_->service.unit, unit);
    if (version && dead.contains(version->name())) return Exited(1);
    running[unit] = ++last_pid_;
    loaded_by[unit] = Current();
    return Exited(0);
  }

  // As `systemctl show` with a name or a pattern.
  std::string Show(const std::string& unit) const {
    if (unit.find('*') == unit.npos) return Properties(unit);
    std::string text;
    for (const auto& [name, pid] : running) {
      if (!VersionOfInstance(config_->service.unit, name)) continue;
      text += (text.empty() ? "" : "\n") + Properties(name);
    }
    return text;
  }

  std::string Properties(const std::string& unit) const {
    const auto it = running.find(unit);
    const int pid = it == running.end() ? 0 : it->second;
    return fmt::format(
        "Id={}\nType=exec\nMainPID={}\nNRestarts=0\nResult=success\n"
        "ControlGroup={}\nLoadState=loaded\nActiveState={}\nSubState={}\n"
        "CanReload=no\nJob=0\nInvocationID={}\nUnitFileState={}\n",
        unit, pid, ControlGroup(unit), pid == 0 ? "inactive" : "active",
        pid == 0 ? "dead" : "running", pid,
        enabled.contains(unit) ? "enabled" : "static");
  }

  Fs* fs_;
  const Config* config_;
  int last_pid_ = 1000;
};

class FakeInstances : public FakeInstanceUnits {
 public:
  // Borrows all of it.
  FakeInstances(Fs* fs, const Config* config, FakeRunner* runner,
                FakeHttp* http)
      : FakeInstanceUnits(fs, config) {
    runner->On("systemctl", [this](const Command& c) { return Answer(c); });
    runner->On("journalctl", Exited(0, "10:00 shop[100]: Boom\n"));
    runner->peer_of = [this](const std::string& path) { return PeerOf(path); };
    runner->connections_to = [this](const std::string& path) {
      const auto version = VersionAt(path);
      return version ? std::optional(connections[*version]) : std::nullopt;
    };
    http->answer = [this](const HttpRequest& request) {
      return Serve(request);
    };
  }

  // Takes over which units run and how they behave.
  void TakeState(const FakeInstances& other) {
    TakeUnits(other);
    broken = other.broken;
    deaf = other.deaf;
    foreign = other.foreign;
    connections = other.connections;
    built_as = other.built_as;
    front_answers_for = other.front_answers_for;
  }

  std::set<std::string> broken;        // versions that answer with status 500
  std::set<std::string> deaf;          // versions that open no socket
  std::map<std::string, int> foreign;  // versions, and who else listens
  std::map<std::string, unsigned> connections;  // versions
  std::string front_answers_for = "*";          // a version, or any
  // Versions whose app reports another version: the one that it was built as.
  std::map<std::string, std::string> built_as;

 private:
  // The version whose socket is at the path.
  std::optional<std::string> VersionAt(const std::string& path) const {
    if (path == LiveSocket(config())) {
      const std::string current = Current();
      return current.empty()
                 ? std::nullopt
                 : std::optional(current.substr(current.rfind('/') + 1));
    }
    for (const auto& [unit, pid] : running) {
      const auto version = VersionOfInstance(config().service.unit, unit);
      if (version &&
          InstanceSocket(config().instances, version->name()) == path) {
        return version->name();
      }
    }
    return std::nullopt;
  }

  SocketPeer PeerOf(const std::string& path) {
    SocketPeer peer;
    const auto version = VersionAt(path);
    if (!version || !Runs(*version) || deaf.contains(*version)) {
      peer.problem = "No such file or directory";
      return peer;
    }
    const std::string unit = InstanceUnit(config().service.unit, *version);
    peer.pid = running[unit];
    peer.control_groups = "0::" + ControlGroup(unit) + "\n";
    if (foreign.contains(*version)) {
      peer.pid = foreign[*version];
      peer.control_groups = "0::/system.slice/other.service\n";
    }
    return peer;
  }

  HttpResponse Serve(const HttpRequest& request) {
    if (request.unix_socket.empty()) {
      const std::string live = VersionAt(LiveSocket(config())).value_or("");
      const bool good = front_answers_for == "*" || front_answers_for == live;
      return {good ? 200 : 502, "", ""};
    }
    const auto version = VersionAt(request.unix_socket);
    if (!version || !Runs(*version)) return {0, "", "no such socket"};
    const auto built = built_as.find(*version);
    return {broken.contains(*version) ? 500 : 200,
            built == built_as.end() ? *version : built->second, ""};
  }
};

}  // namespace release

#endif  // RELEASE_TESTS_SUPPORT_FAKE_INSTANCES_H_
