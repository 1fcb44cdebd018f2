// An instance: a copy of one release that runs under a unit of its own and
// listens on a UNIX socket of its own.
//
// It is proved on that socket before any user reaches it. The link `current`
// leads users to it (docs/instances.md). A trial is an instance too: of
// [trial], beside the service, and stopped as soon as it is proved.
#ifndef RELEASE_SERVICE_INSTANCE_H_
#define RELEASE_SERVICE_INSTANCE_H_

#include <string>
#include <vector>

#include "base/config.h"
#include "base/reason.h"
#include "base/version.h"
#include "service/hook_context.h"
#include "service/service.h"
#include "service/system.h"
#include "service/unit.h"

namespace release {

// How long an instance must answer well before it counts as proved.
enum class ProofLength {
  kWhole,        // for min_healthy_time
  kFirstAnswer,  // once: it was good before
};

// Sentences for the user about facts that a proof could not see.
struct ProofRemarks {
  std::vector<std::string> processes;  // which release they run
  std::vector<std::string> listener;   // which process it is
};

class Instance {
 public:
  // The instance of `version` by [instances], which the config must have.
  // Borrows the config, and what `system` points at.
  Instance(const Config& config, const System& system, const Version& version,
           ProofLength length);
  // The trial of `version` by [trial], which the config must have.
  static Instance TrialOf(const Config& config, const System& system,
                          const Version& version);
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  const std::string& unit() const { return config_.service.unit; }
  // The absolute path of its socket; empty for a trial.
  const std::string& socket() const { return socket_; }

  // Throws Error kProgramMissing if a program is missing that Prove starts.
  void RequirePrograms();

  // Starts it, within [service] timeout. Stops one that is left over first.
  // Throws Error kReloadFailed, kReloadTimeout, kServiceDied or
  // kServiceRestarted, with its last journal lines.
  void Start(const HookContext& hook_context);

  // Takes one that runs already, as systemd has just reported, for Prove to
  // watch.
  void Watch(const UnitState& state);

  // Waits until it answers well on its own socket, checks that its processes
  // use the release, and that the process which listens on the socket belongs
  // to its unit. An instance that ran already is first
  // looked at once, without systemd; the rest follows only if that look finds
  // anything wrong. Throws as Service::CheckRunning
  // and Service::CheckHealth do; kPeerDiffers if another process listens;
  // kPeerUnknown if that cannot be found out and [instances] peer_check is
  // "require".
  ProofRemarks Prove(const HookContext& hook_context);

  // Checks, after the switch, that the path by which the front connects leads
  // to this instance: by the same probe, once, and by the listening process. If
  // one look sufficed to Prove, the listening process alone decides. Throws
  // Error kHealthLost, kPeerDiffers or kPeerUnknown.
  void ProveLive(const HookContext& hook_context);

  // Stops it, within [service] timeout. Throws Error kReloadFailed or
  // kReloadTimeout.
  void Stop();

 private:
  struct Trial {};
  Instance(Trial, const Config& config, const System& system,
           const Version& version);
  HookContext ContextFor(const HookContext& hook_context) const;
  bool AnswersAtOnce(const HookContext& own);
  void AwaitSocket();
  std::vector<std::string> CheckPeer(const std::string& socket);

  const Config& shared_config_;
  Config config_;  // of this instance alone
  System system_;
  std::string version_;
  std::string socket_;
  std::string live_socket_;
  ProofLength length_;
  Service service_;
  bool ran_before_ = false;
  bool answered_at_once_ = false;
};

// An instance that systemd knows.
struct ListedInstance {
  Version version;
  UnitState state;
};

// Returns the instances of [instances], running or not, that systemd has
// loaded, sorted by version. Throws Error kReloadFailed if systemd gives no
// answer.
std::vector<ListedInstance> ListInstances(const Config& config,
                                          const System& system);

// Returns the state of the instance of `version`, if systemd reports it as
// running; else null.
const UnitState* FindRunning(const std::vector<ListedInstance>& instances,
                             const Version& version);

// Probes the live release once, as users reach it: with [instances] through
// `current`, where it only connects if no probe is configured. Returns nullopt
// if the answer is good.
Reason ProbeLive(const Config& config, const System& system,
                 const HookContext& hook_context);

// Asks [instances] front_url until an answer is good, twice at most. Does
// nothing without front_url. Throws Error kFrontFailed.
void ProbeFront(const Config& config, const System& system);

// Restarts the units of [instances] restart, one after the other, each within
// [service] timeout. Throws Error kReloadFailed, kReloadTimeout, kServiceDied
// or kServiceRestarted.
void RestartUnits(const Config& config, const System& system);

// Stops the same units.
void StopUnits(const Config& config, const System& system);

// Stops and disables the unit of [instances] replaces, if it runs or is
// enabled. Returns whether it did. Throws Error kReloadFailed or
// kReloadTimeout.
bool RetireReplacedUnit(const Config& config, const System& system);

}  // namespace release

#endif  // RELEASE_SERVICE_INSTANCE_H_
