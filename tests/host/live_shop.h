// An app under a real systemd: its root, configuration, unit, archives, and the
// built command. For tests that run inside a container.
#ifndef RELEASE_TESTS_HOST_LIVE_SHOP_H_
#define RELEASE_TESTS_HOST_LIVE_SHOP_H_

#include <chrono>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "os/http.h"
#include "os/runner.h"

namespace release {

// The outcome of a command that ran with --json.
struct Said {
  int status = 0;
  nlohmann::json json;  // its stdout; discarded if it is not JSON
  std::string err;      // its stderr

  std::string Code() const;     // the code of its error, or ""
  std::string Message() const;  // the message of its error, or ""
};

// Polls every 10 ms until the condition holds. Returns false if it does not
// hold within `time`.
bool Within(std::chrono::nanoseconds time, const std::function<bool()>& holds);

class LiveShop {
 public:
  // A unit that runs tests/host/rig/shop_server.py with `reload` as its
  // ExecReload.
  static std::string Unit(
      const std::string& reload = "/bin/kill -HUP $MAINPID");
  // How long a service may take. Only one that must fail for lack of time
  // needs kImpatient: 3 s for its reload and 1 s for its first good answer.
  enum class Patience { kPatient, kImpatient };
  static std::string Config(const std::string& min_healthy_time = "300ms",
                            Patience patience = Patience::kPatient);

  // Starts from scratch: stops the service of an earlier LiveShop, removes its
  // files and makes the layout; shop.service is stopped afterwards. The
  // configuration file is a line with the root, followed by `config`.
  explicit LiveShop(const std::string& config = Config(),
                    const std::string& unit = Unit());
  // Uses the app as it exists, for example after a reboot.
  struct AsItIs {};
  explicit LiveShop(AsItIs as_it_is);

  // Makes a tar archive of that version and returns its path. The server
  // answers with `says` as its version (default: `version`); `behaviour` is one
  // of those in shop_server.py.
  std::string Archive(const std::string& version,
                      const std::string& behaviour = "ok",
                      const std::string& says = "");
  void WriteConfig(const std::string& config);

  // The command line `release --app shop --json WORDS...`.
  static std::vector<std::string> Words(const std::vector<std::string>& words);
  Said Release(const std::vector<std::string>& words);
  // Makes an archive of that version and deploys it; the test fails if the
  // deploy fails.
  void Deploy(const std::string& version);
  nlohmann::json Status() { return Release({"status"}).json; }
  // The step of the running transaction, or "" if none runs.
  std::string Step();
  // Returns whether that step begins within a minute.
  bool AwaitStep(const std::string& step);

  CommandResult Shell(const std::string& line);
  // Sends a request to the service, on port 8081.
  HttpResponse Ask(const std::string& path = "/");
  std::string Current() const;  // the target of `current`, or ""
  // Returns the log of the service, "start 1", "reload 2", ...: each start and
  // reload with the version that it loaded.
  std::vector<std::string> TakeUps() const;

  // Checks that `current`, the answer of the service and `status` agree on
  // `version`, and that no transaction is open.
  void CheckLive(const std::string& version);
};

}  // namespace release

#endif  // RELEASE_TESTS_HOST_LIVE_SHOP_H_
