// The wait for `release confirm`.
#ifndef RELEASE_DEPLOY_CONFIRMATION_H_
#define RELEASE_DEPLOY_CONFIRMATION_H_

#include "base/config.h"
#include "base/version.h"
#include "deploy/step_recorder.h"

namespace release {

// Returns when the recorder's transaction has been confirmed. Throws Error
// kNotConfirmed if that does not happen within `within`, and as
// ThrowIfCancelled does.
void AwaitConfirmation(StepRecorder* recorder, const Version& version,
                       Duration within);

}  // namespace release

#endif  // RELEASE_DEPLOY_CONFIRMATION_H_
