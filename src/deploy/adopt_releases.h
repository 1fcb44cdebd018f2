// Stages an adoption: hashes releases that are there already.
#ifndef RELEASE_DEPLOY_ADOPT_RELEASES_H_
#define RELEASE_DEPLOY_ADOPT_RELEASES_H_

#include "deploy/step_recorder.h"
#include "deploy/transaction_spec.h"

namespace release {

// Hashes each release and writes its manifest, in the steps "hash" and "sync".
// Fills in `prepared->adopted_bytes`. On return all the trees and manifests are
// durable. Throws Error kNotAdoptable if part of a tree is on another file
// system.
void AdoptReleases(const AdoptionSpec& adoption, StepRecorder* recorder,
                   PreparedTransaction* prepared);

}  // namespace release

#endif  // RELEASE_DEPLOY_ADOPT_RELEASES_H_
