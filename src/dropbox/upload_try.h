// Counts consecutive crashes while one upload is deployed (poison-upload
// guard).
//
// An upload stays in the drop box until its outcome is known, so one that kills
// the command, or the machine, would be retried for ever. The command therefore
// notes the upload in .release/intake before it reads it, and removes the note
// whatever the outcome is. If the note is still there at the next try, the
// process died.
#ifndef RELEASE_DROPBOX_UPLOAD_TRY_H_
#define RELEASE_DROPBOX_UPLOAD_TRY_H_

#include <string>

#include "os/fs.h"

namespace release {

// The upload is given up after this many deaths in a row.
inline constexpr unsigned kTriesOfUpload = 3;

class UploadTry {
 public:
  // Notes the try; durable on return. `fs` is borrowed. If the note cannot be
  // written, this try is not counted and nothing is thrown: the transaction
  // that follows needs the same space and reports the failure.
  UploadTry(Fs* fs, const std::string& upload);
  // Removes the note. Not durable on return.
  ~UploadTry();
  UploadTry(const UploadTry&) = delete;
  UploadTry& operator=(const UploadTry&) = delete;

  // The deaths of this very upload before this try. Another upload under the
  // same name starts again at 0.
  unsigned deaths() const { return deaths_; }
  bool given_up() const { return deaths_ >= kTriesOfUpload; }

 private:
  Fs* fs_;
  unsigned deaths_ = 0;
};

}  // namespace release

#endif  // RELEASE_DROPBOX_UPLOAD_TRY_H_
