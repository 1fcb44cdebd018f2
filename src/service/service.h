// The running service: have it take up a release, and prove that it did.
#ifndef RELEASE_SERVICE_SERVICE_H_
#define RELEASE_SERVICE_SERVICE_H_

#include <memory>
#include <string>
#include <vector>

#include "base/config.h"
#include "os/clock.h"
#include "os/http.h"
#include "os/runner.h"
#include "service/occasion.h"

namespace release {

struct Doors {
  Runner* runner = nullptr;
  Http* http = nullptr;
  Clock* clock = nullptr;
};

// One app's service. Without [service] and [healthcheck] every call succeeds
// at once: then the swap alone is the activation.
class Service {
 public:
  // The config must outlive this.
  Service(const Config* config, Doors doors);
  ~Service();

  // What is true before a transaction touches anything: whether the unit runs,
  // its main process and restart count. Remembered for the checks after it.
  void Observe();

  // Reloads or restarts the service on what `current` names now, within
  // [service] timeout. Returns remarks for the user, e.g. that the unit was not
  // running and has been started. Throws Error kReloadFailed or kReloadTimeout,
  // with the unit's last journal lines.
  std::vector<std::string> TakeUp(const Occasion& occasion);

  // Checks that the service's processes run the release of the occasion.
  // Throws Error kServiceRunsOldRelease naming the pids, or kServiceDied.
  void CheckRunning(const Occasion& occasion);

  // Probes until the first good answer, then until it has stayed good for
  // min_healthy_time. Throws Error kHealthDeadline (never good in time),
  // kHealthLost (good, then not), kServiceDied or kServiceRestarted, with the
  // last answer's status and the start of its body, and the journal's lines.
  void CheckHealth(const Occasion& occasion);

  // One probe, for status: empty where it is healthy or nothing is configured,
  // else what is wrong.
  std::string ProbeOnce(const Occasion& occasion);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace release

#endif  // RELEASE_SERVICE_SERVICE_H_
