#include "inspect/watch_check.h"

#include <fmt/format.h>

#include "base/units.h"
#include "deploy/watched_release.h"

namespace release {
namespace {

using Level = Finding::Level;

bool Succeeds(const DeployContext& context, const Argv& argv) {
  Command command;
  command.argv = argv;
  command.env = {{"LC_ALL", "C"}};
  command.timeout = std::chrono::seconds(10);
  return context.system.runner->Run(command).ok();
}

}  // namespace

std::vector<Finding> CheckWatch(DeployContext* context) {
  const Config& config = *context->config;
  if (!config.watch.configured) return {};
  const std::string unit = WatchUnit(config);
  if (!Succeeds(*context, {"systemctl", "cat", "--", unit})) {
    return {{Level::kWarning, "watch",
             fmt::format("there is no unit {}: nobody watches a release after "
                         "its deploy",
                         unit)}};
  }
  std::vector<Finding> found = {
      {Level::kOk, "watch",
       fmt::format("{} looks at each new release {} times, every {}", unit,
                   config.watch.looks(), FormatDuration(config.watch.every))}};
  const std::string recover =
      fmt::format("release-recover@{}.service", config.app);
  if (!Succeeds(*context, {"systemctl", "is-enabled", "--", recover})) {
    found.push_back(
        {Level::kWarning, "watch",
         fmt::format("{0} is not enabled: after a boot nobody goes on with a "
                     "watch; `systemctl enable {0}`",
                     recover)});
  }
  return found;
}

}  // namespace release
