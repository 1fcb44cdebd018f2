// Takes one look at a watched release.
#ifndef RELEASE_WATCH_LOOK_H_
#define RELEASE_WATCH_LOOK_H_

#include <string>
#include <vector>

#include "deploy/deploy_context.h"
#include "deploy/deployment_state.h"
#include "store/watch_note.h"
#include "watch/signals.h"

namespace release {

struct Look {
  std::vector<Signal> signals;
  UnitNews news = UnitNews::kNone;

  // Bad if a signal is bad; else ok if one is ok. Unknown while the unit is
  // being changed, or if nobody knows why it does not run: the other signals
  // would only follow from that.
  SignalValue value() const;
  // "health: status 503; errors: over 10 errors in the last minute".
  std::string Text(SignalValue of) const;
};

// Looks at each signal that the configuration gives, once. Sends one probe and
// starts the command; takes at most their time limits. Changes nothing. Throws
// Error kInterrupted.
Look TakeLook(const DeployContext& context, const DeploymentState& state,
              const WatchNote& note);

}  // namespace release

#endif  // RELEASE_WATCH_LOOK_H_
