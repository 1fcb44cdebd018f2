// The drop box: deploys the uploads that are ready in incoming/.
//
// An upload X is ready when X.sha256 exists beside it. Each ready upload is
// deployed and then leaves the drop box: its files are removed if the deploy
// succeeded, also if the release existed already, and moved to
// incoming/rejected/ (dropbox/rejected.h) otherwise. A systemd path unit that
// watches for names ending in ".sha256" is therefore not started twice for one
// upload. An upload whose deploy was interrupted stays and is tried again,
// unless the process has died over it too often. An upload that was taken in
// and could not leave the drop box is not taken in again until it changes; each
// later run tries to take it away (dropbox/upload_try.h).
//
// The uploader may own incoming/ and everything in it, and may change it at any
// time. No link in it is followed, and an archive is verified from the same
// bytes that are unpacked.
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

// Returns the names of the ready uploads in the order in which they are
// deployed: by the modification times of their checksum files and, if these are
// equal, by the numbers in their names. Throws FsError.
std::vector<std::string> ReadyUploads(Fs* fs);

// How one upload ended.
struct UploadResult {
  std::string upload;  // its name in incoming/
  Outcome outcome;
};

struct IntakeOptions {
  std::optional<OwnerIds> owner;  // of the unpacked files
  // Returns the text of X.reason.json.
  std::function<std::string(const UploadResult&)> reason;
  // Called after each upload, when it has left the drop box or stays there.
  std::function<void(const UploadResult&)> report = [](const UploadResult&) {};
};

// First takes away the uploads that earlier runs took in and left; reports each
// that still cannot leave as kFailed. Then deploys one upload after another
// until none is ready, or until one was interrupted. Returns their results in
// that order. Throws Error if a transaction cannot be begun (busy, no space for
// its record); the uploads that remain then stay where they are.
std::vector<UploadResult> TakeUploads(DeployContext* context,
                                      const IntakeOptions& options);

// Returns the gravest exit of all, the exit status of the command. From the
// gravest down: kNeedsPerson, kUndone, kFailed, kRefused, kDone.
Exit GravestExit(const std::vector<UploadResult>& taken);

}  // namespace release

#endif  // RELEASE_DROPBOX_INTAKE_H_
