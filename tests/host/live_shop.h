// An app on a machine with a real systemd: its root, config, unit, archives,
// and the built command. For tests that run inside a container.
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

// What the command said.
struct Said {
  int status = 0;
  nlohmann::json json;  // its stdout
  std::string err;      // its stderr

  std::string Code() const;     // of its error; "" without one
  std::string Message() const;  // likewise
};

// Whether it holds before the time is over; asks every 10 ms.
bool Within(std::chrono::nanoseconds time, const std::function<bool()>& holds);

class LiveShop {
 public:
  // The unit of tests/host/rig/shop_server.py, and a config that takes it along
  // quickly. `reload` is its ExecReload.
  static std::string Unit(
      const std::string& reload = "/bin/kill -HUP $MAINPID");
  static std::string Config(const std::string& min_healthy_time = "300ms");

  // Begins anew: stops what an earlier one ran, makes the layout, and leaves
  // shop.service stopped. `config` follows the line of the root.
  explicit LiveShop(const std::string& config = Config(),
                    const std::string& unit = Unit());
  // Looks at the one that is there, e.g. after a reboot.
  struct AsItIs {};
  explicit LiveShop(AsItIs as_it_is);

  // A .tar of that version; `says` is what it calls itself when asked.
  std::string Archive(const std::string& version,
                      const std::string& behaviour = "ok",
                      const std::string& says = "");
  void WriteConfig(const std::string& config);

  // `release --app shop --json WORDS...`
  static std::vector<std::string> Words(const std::vector<std::string>& words);
  Said Release(const std::vector<std::string>& words);
  // Archives it and requires that its deploy succeeds.
  void Deploy(const std::string& version);
  nlohmann::json Status() { return Release({"status"}).json; }

  CommandResult Shell(const std::string& line);
  HttpResponse Ask(const std::string& path = "/");
  std::string Current() const;  // what the link says
  // "start 1", "reload 2", ...: what the service was had to do so far.
  std::vector<std::string> TakeUps() const;

  // Checks that `current`, who answers and `status` say the same, and that
  // nothing is left to be settled.
  void CheckLive(const std::string& version);
};

}  // namespace release

#endif  // RELEASE_TESTS_HOST_LIVE_SHOP_H_
