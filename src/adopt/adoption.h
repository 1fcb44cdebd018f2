// Adopts a deployment that another tool, or an admin by hand, made live: a root
// of Capistrano's or Deployer's, or a plain directory called `current`.
//
// Traffic is not interrupted: adoption changes no file, owner or mode in a
// release, and the service is not reloaded. Afterwards the live release is
// good, and so are the releases that were live before it, so that a rollback
// can reach them.
#ifndef RELEASE_ADOPT_ADOPTION_H_
#define RELEASE_ADOPT_ADOPTION_H_

#include <set>
#include <string>
#include <vector>

#include "adopt/foreign_history.h"
#include "base/version.h"
#include "deploy/deploy_context.h"
#include "deploy/deployment_state.h"
#include "deploy/plan.h"
#include "os/fs.h"

namespace release {

struct AdoptOptions {
  // The version to give to a plain directory; nullopt: the current time.
  std::optional<Version> version;
  std::set<Version> leave_out;  // releases that must stay unknown
  // Borrowed: an Fs whose root is "/", to resolve where `current` leads.
  Fs* machine = nullptr;
};

struct AdoptionPlan {
  explicit AdoptionPlan(Version version) : live(std::move(version)) {}

  Version live;
  bool done = false;   // `live` is adopted already; nothing remains to be done
  bool moves = false;  // `current` is a directory and becomes releases/LIVE
  std::vector<ForeignRelease> releases;  // as in ForeignHistory
  std::string order_source;              // likewise; empty: a single release
  // One sentence for each entry that is not adopted, with the reason.
  std::vector<std::string> left_alone;
};

// Changes nothing; the layout may be missing. Throws Error kNotAdoptable, with
// advice in the message, if the deployment cannot be adopted. Throws
// kVersionConflict, kNoSuchRelease or kUsage if the options do not fit it.
AdoptionPlan PlanAdoption(DeployContext* context, const DeploymentState& state,
                          const AdoptOptions& options);

// Returns the same plan in words, for --dry-run.
Plan DescribeAdoption(DeployContext* context, const AdoptOptions& options);

// Runs the adoption as a transaction, which takes the lock, recovers an
// interrupted one first, is recorded, and is undone if it fails. The layout
// must exist. Throws only if no transaction could be begun; then nothing has
// changed. Durable on return.
Outcome Adopt(DeployContext* context, const AdoptOptions& options);

}  // namespace release

#endif  // RELEASE_ADOPT_ADOPTION_H_
