// An app in instance mode under a real systemd: its root, configuration,
// template unit, archives, and the built command. For tests that run inside a
// container. See rig/instance_app.py for what an instance does.
#ifndef RELEASE_TESTS_HOST_INSTANCE_SHOP_H_
#define RELEASE_TESTS_HOST_INSTANCE_SHOP_H_

#include <cstdint>
#include <string>
#include <vector>

#include "host/front.h"
#include "host/live_shop.h"

namespace release {

// CLOCK_MONOTONIC, as the instances log it.
std::int64_t MonotonicNow();

class InstanceShop : public LiveShop {
 public:
  // `instances` as further lines of [instances], and the health check of the
  // version on its own socket. Only a release that must fail by the deadline
  // needs a short one.
  static std::string Config(const std::string& instances = "",
                            const std::string& min_healthy_time = "100ms",
                            const std::string& deadline = "60s");

  // Starts from scratch: stops all instances, and makes root, unit template and
  // the units of systemd/. Nothing is deployed.
  explicit InstanceShop(const std::string& config = Config());
  // Uses the app as it exists, for example after a reboot.
  explicit InstanceShop(AsItIs as_it_is) : LiveShop(as_it_is) {}

  // The instance's main process; 0 if it does not run.
  int Pid(const std::string& version);
  // The sorted versions whose instance systemd knows in any state: running,
  // being stopped, failed.
  std::vector<std::string> Instances();
  // Waits until the instances that are no longer needed are gone.
  bool AwaitOnly(const std::string& version);

  // What users asked of the release: the lines of its own log other than
  // connections and probes ("GET /up").
  std::vector<std::string> UserRequests(const std::string& version) const;
  // Waits until the release has accepted each connection that is queued on its
  // socket now, or has stopped listening. Returns the time.
  std::int64_t AfterQueue(const std::string& version);
  // How many connections the release has accepted since then.
  int AcceptedSince(const std::string& version, std::int64_t since) const;
  // Makes or removes a file that instances look for, see rig/instance_app.py.
  void MakeFile(const std::string& name);
  void RemoveFile(const std::string& name);
  // Lines of the release's log.
  std::vector<std::string> Log(const std::string& version) const;

  // Checks that exactly the instance of `version` runs, that `current` names
  // it, that it answers through `current`, and that `status` agrees.
  void CheckOnly(const std::string& version);
  // A request to what `current` names, on its socket. Returns the body.
  std::string AskCurrent();
};

// The same app as a plain unit, which each deploy restarts: the control of what
// the tests of instances say of users.
class PlainShop : public InstanceShop {
 public:
  static std::string Config(const std::string& deadline = "60s");

  // `more` is added to the configuration. Has the template of a trial,
  // shop-trial@.service, whose socket is /run/shop-trial/VERSION/http.sock.
  explicit PlainShop(const std::string& more = "");

  // The plain unit's main process; 0 if it does not run.
  int PlainPid();

  // nginx in front of the plain unit's socket.
  static FrontKind Nginx();
};

}  // namespace release

#endif  // RELEASE_TESTS_HOST_INSTANCE_SHOP_H_
