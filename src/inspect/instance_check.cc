#include "inspect/instance_check.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/instance_names.h"
#include "base/units.h"
#include "deploy/drain.h"
#include "os/as_user.h"
#include "os/input.h"
#include "service/instance.h"

namespace release {
namespace {

using Level = Finding::Level;

class InstanceChecker {
 public:
  InstanceChecker(DeployContext* context, const std::optional<Version>& live)
      : context_(context), config_(*context->config), live_(live) {}

  std::vector<Finding> Run() {
    CheckTemplate();
    CheckOwnUnits();
    if (live_) CheckLive();
    return std::move(found_);
  }

 private:
  void Add(Level level, std::string words) {
    found_.push_back({level, "instances", std::move(words)});
  }

  CommandResult Ask(const Argv& argv) const {
    Command command;
    command.argv = argv;
    command.env = {{"LC_ALL", "C"}};
    command.timeout = std::chrono::seconds(10);
    return context_->system.runner->Run(command);
  }

  // systemd replaces %I by the version.
  void CheckTemplate() {
    const std::string& unit = config_.service.unit;
    const CommandResult result = Ask({"systemctl", "cat", "--", unit});
    if (!result.ok()) {
      Add(Level::kFailure,
          fmt::format("there is no template {}: see docs/recipes.md", unit));
      return;
    }
    const bool takes_version = result.output.find("%I") != std::string::npos;
    Add(takes_version ? Level::kOk : Level::kFailure,
        takes_version
            ? fmt::format("{} takes the version as %I", unit)
            : fmt::format("{} does not use %I, so that each instance would "
                          "run the same release",
                          unit));
  }

  void CheckOwnUnits() {
    const std::string start =
        fmt::format("release-start@{}.service", config_.app);
    const bool starts = Ask({"systemctl", "is-enabled", "--", start}).ok();
    Add(starts ? Level::kOk : Level::kWarning,
        starts ? fmt::format("{} starts the live release at boot", start)
               : fmt::format("{0} is not enabled: the live release will not "
                             "start at boot; `systemctl enable {0}`",
                             start));
    const std::string drain = DrainUnit(config_);
    if (Ask({"systemctl", "cat", "--", drain}).ok()) return;
    Add(Level::kWarning,
        fmt::format("there is no unit {}: the command itself drains, and an "
                    "instance that a killed deploy started runs until the next "
                    "command",
                    drain));
  }

  void CheckLive() {
    CheckFrontUser();
    for (const ListedInstance& instance :
         ListInstances(config_, context_->system)) {
      if (instance.version == *live_) CheckMemory(instance.state);
    }
  }

  // Access to a socket needs the right to write it, and to search each
  // directory on the way.
  void CheckFrontUser() {
    const std::string& user = config_.instances.front_user;
    if (user.empty()) return;
    const std::string socket = LiveSocket(config_);
    Command test;
    test.argv = {"test", "-w", socket};
    test.timeout = std::chrono::seconds(10);
    const bool reaches = context_->system.runner->Run(AsUser(test, user)).ok();
    Add(reaches ? Level::kOk : Level::kFailure,
        reaches ? fmt::format("{} reaches {}", user, socket)
                : fmt::format("{} cannot connect to {}: it needs the right to "
                              "write the socket and to search the directories "
                              "above it",
                              user, socket));
  }

  // Two releases run beside each other during each deploy.
  void CheckMemory(const UnitState& state) {
    const CommandResult result =
        Ask({"systemctl", "show", "--property=MemoryCurrent", "--value", "--",
             state.id});
    const auto used = NumberIn(result.output);
    const auto text = ReadSmallFile("/proc/meminfo", 64 * 1024);
    constexpr std::string_view kKey = "MemAvailable:";
    const std::size_t at = text ? text->find(kKey) : std::string::npos;
    if (!used || at == std::string::npos) return;
    const auto free = NumberIn(text->substr(at + kKey.size()));
    if (!free) return;
    const std::uint64_t available = *free * 1024;
    Add(*used <= available ? Level::kOk : Level::kWarning,
        fmt::format("the live instance uses {}, and {} are available for a "
                    "second one",
                    FormatSize(*used), FormatSize(available)));
  }

  // The number that the text begins with, after blanks.
  static std::optional<std::uint64_t> NumberIn(std::string_view text) {
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    std::uint64_t value = 0;
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), value);
    // systemd has 2^64 - 1 for a value that it does not know.
    const bool known = error == std::errc() && value != UINT64_MAX;
    return known ? std::optional(value) : std::nullopt;
  }

  DeployContext* context_;
  const Config& config_;
  const std::optional<Version>& live_;
  std::vector<Finding> found_;
};

}  // namespace

std::vector<Finding> CheckInstances(DeployContext* context,
                                    const std::optional<Version>& live) {
  return InstanceChecker(context, live).Run();
}

}  // namespace release
