// Taking over what another tool, or a person's hands, made live: a tree of
// Capistrano's or Deployer's, or a plain directory called `current`.
//
// Nothing that is served changes for an instant, nor do owners, modes or the
// files themselves; the service is not told. What is live is good from then on,
// and so are the releases that were live before it, so that a rollback reaches
// them.
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
  // What a plain directory is called as a release; nothing: the time.
  std::optional<Version> version;
  std::set<Version> leave_out;  // releases that are left as they are
  Fs* machine = nullptr;        // an Fs of "/", to see where `current` leads
};

struct AdoptionPlan {
  explicit AdoptionPlan(Version version) : live(std::move(version)) {}

  Version live;
  bool done = false;   // it is taken over already
  bool moves = false;  // `current` is a directory, and becomes releases/LIVE
  std::vector<ForeignRelease> releases;  // as in ForeignHistory
  std::string told_by;                   // likewise; empty: there is but one
  std::vector<std::string> left_alone;   // what is not taken over, and why
};

// Looks, and changes nothing; the layout may be missing. Throws Error
// kNotAdoptable with what to do where this cannot be taken over,
// kVersionConflict, kNoSuchRelease or kUsage where the options do not fit it.
AdoptionPlan PlanAdoption(DeployContext* context, const DeploymentState& state,
                          const AdoptOptions& options);

// The same in words, for --dry-run.
Plan DescribeAdoption(DeployContext* context, const AdoptOptions& options);

// Needs the layout. Takes the lock, settles what was left unfinished, records
// itself and is undone like any other change.
Outcome Adopt(DeployContext* context, const AdoptOptions& options);

}  // namespace release

#endif  // RELEASE_ADOPT_ADOPTION_H_
