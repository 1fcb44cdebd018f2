// The facts about a transaction that hooks, probes and notifiers get in their
// environment.
#ifndef RELEASE_SERVICE_HOOK_CONTEXT_H_
#define RELEASE_SERVICE_HOOK_CONTEXT_H_

#include <cstdint>
#include <map>
#include <string>

#include "base/host_path.h"
#include "base/result.h"

namespace release {

struct HookContext {
  std::string app;
  std::string version;  // the release that `current` names or will name
  // The release that `version` is a restart of, as the ledger has it; empty:
  // it is no restart. A version's name does not show that: anybody may deploy
  // a release with a name such as "1.4.2+r1".
  std::string restart_of;
  std::string previous;  // the one before it; empty: none
  HostPath root;         // absolute
  std::uint64_t transaction = 0;
  std::string socket;  // of the release's instance; empty: none
  std::string step;    // "pre-activate", "health", ...
  Result result = Result::kNone;
  std::string reason;  // why it failed
  // Facts about the archive and its evidence: "sha256", "signed_by", "tests",
  // ...
  std::map<std::string, std::string> facts;

  // Returns the absolute paths of all releases' directory and of this
  // release's.
  HostPath Releases() const { return root / "releases"; }
  HostPath Directory() const { return Releases() / version; }

  // Returns the variables RELEASE_* of release.toml(5). All are always set; one
  // without a value is empty.
  std::map<std::string, std::string> Environment() const;
};

}  // namespace release

#endif  // RELEASE_SERVICE_HOOK_CONTEXT_H_
