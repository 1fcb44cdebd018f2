// Will it work here? Examines the configuration and the host, and changes
// nothing. How a release on the host is doing is the business of status.h.
#ifndef RELEASE_INSPECT_CHECK_H_
#define RELEASE_INSPECT_CHECK_H_

#include <string>
#include <vector>

#include "deploy/deploy_context.h"

namespace release {

struct Finding {
  enum class Level {
    kOk,
    kWarning,  // works, but somebody should know
    kFailure,  // a deploy or a rollback would fail over it
  };
  Level level = Level::kOk;
  std::string what;   // "root", "layout", "mount", "service", ...
  std::string words;  // a sentence
};

// Everything it looked at, good things too.
std::vector<Finding> CheckHost(DeployContext* context);

}  // namespace release

#endif  // RELEASE_INSPECT_CHECK_H_
