// The drop box: uploads that lie ready in incoming/.
//
// An upload X is ready when X.sha256 stands beside it. Each ready upload is
// deployed and then gone from the drop box: removed where its release is good
// or was there already, moved to incoming/rejected/ (dropbox/rejected.h) where
// not. So whoever waits for names that end in ".sha256" is not called twice for
// the same upload. Only one whose deploy was interrupted stays, to be tried
// again; but not one that kills whoever tries (dropbox/upload_try.h).
//
// Whoever uploads may own incoming/ and what lies in it, and change all of it
// at any time: nothing there is followed, and what is read is checked as it is
// read.
#ifndef RELEASE_DROPBOX_INTAKE_H_
#define RELEASE_DROPBOX_INTAKE_H_

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "deploy/deploy_context.h"
#include "os/fs.h"
#include "os/identity.h"

namespace release {

// The names of the ready uploads, in the order in which they are deployed: the
// checksum files' times, and where these are equal the numbers in the names.
std::vector<std::string> ReadyUploads(Fs* fs);

// How one upload ended.
struct UploadResult {
  std::string upload;  // its name in incoming/
  Outcome outcome;
};

struct IntakeOptions {
  std::optional<OwnerIds> owner;  // of what is unpacked
  // The text of X.reason.json.
  std::function<std::string(const UploadResult&)> reason;
  // Called after each upload.
  std::function<void(const UploadResult&)> told = [](const UploadResult&) {};
};

// Takes in upload after upload until none lies ready, or until one was
// interrupted. Throws where no transaction could be begun (busy, no room for
// the record): the uploads that were not taken in stay where they are.
std::vector<UploadResult> TakeUploads(DeployContext* context,
                                      const IntakeOptions& options);

// The gravest of them, as the exit status of all: a person is needed, before
// undone, failed, refused, done.
Exit GravestExit(const std::vector<UploadResult>& taken);

}  // namespace release

#endif  // RELEASE_DROPBOX_INTAKE_H_
