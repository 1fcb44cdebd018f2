#include "host/systemd_rig.h"

#include <boost/filesystem.hpp>
#include <fstream>
#include <stdexcept>

namespace release {

namespace fs = boost::filesystem;
using std::chrono::seconds;

// Each limit is above those of the script, which says more when it gives up.
SystemdContainer::SystemdContainer()
    : directory_((fs::temp_directory_path() /
                  fs::unique_path("release-systemd-%%%%%%%%"))
                     .string()) {
  const CommandResult result = Rig({"start", directory_}, seconds(400));
  // The destructor does not run if the constructor throws, so the remains are
  // stopped here.
  if (result.ok()) return;
  Stop();
  throw std::runtime_error("cannot boot a container: " + result.Describe() +
                           "\n" + result.output);
}

SystemdContainer::~SystemdContainer() { Stop(); }

CommandResult SystemdContainer::Exec(const std::vector<std::string>& argv,
                                     seconds timeout) {
  std::vector<std::string> arguments = {"exec", directory_, "--"};
  arguments.insert(arguments.end(), argv.begin(), argv.end());
  return Rig(arguments, timeout);
}

CommandResult SystemdContainer::Shell(const std::string& line) {
  return Exec({"sh", "-c", line});
}

CommandResult SystemdContainer::Reboot() {
  return Rig({"reboot", directory_}, seconds(350));
}

CommandResult SystemdContainer::PowerCycle() {
  return Rig({"powercycle", directory_}, seconds(350));
}

void SystemdContainer::Stop() {
  if (!fs::exists(directory_)) return;
  Rig({"stop", directory_}, seconds(100));
  fs::remove_all(directory_);
}

int SystemdContainer::NumberIn(const std::string& file) const {
  int number = 0;
  std::ifstream(directory_ + "/" + file) >> number;
  return number;
}

CommandResult SystemdContainer::Rig(const std::vector<std::string>& arguments,
                                    seconds timeout) {
  Command command;
  command.argv = {RELEASE_SOURCE_DIR "/tests/host/rig/systemd-container"};
  command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
  command.timeout = timeout;
  return runner_.Run(command);
}

}  // namespace release
