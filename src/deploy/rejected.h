// Uploads that did not go live: incoming/rejected/.
//
// For each there are its files and X.reason.json, which is written before they
// come.
#ifndef RELEASE_DEPLOY_REJECTED_H_
#define RELEASE_DEPLOY_REJECTED_H_

#include <string>

#include "os/fs.h"

namespace release {

// Moves the files of an upload there, `reason` beside them. The latest of a
// name replaces the one before. Not durable: what a crash leaves in incoming/
// is ready still.
void Reject(Fs* fs, const std::string& upload, const std::string& reason);

}  // namespace release

#endif  // RELEASE_DEPLOY_REJECTED_H_
