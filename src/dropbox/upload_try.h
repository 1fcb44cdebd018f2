// How often in a row the taking in of an upload has died.
//
// An upload stays in the drop box until its outcome is known. One that kills
// the command, or the machine, each time would be taken in for ever. So what is
// taken in is written down before anything looks at it, in .release/intake, and
// taken back whatever the outcome is: where it stands there still, the process
// died.
#ifndef RELEASE_DROPBOX_UPLOAD_TRY_H_
#define RELEASE_DROPBOX_UPLOAD_TRY_H_

#include <string>

#include "os/fs.h"

namespace release {

// After so many deaths nobody tries again.
inline constexpr unsigned kTriesOfUpload = 3;

class UploadTry {
 public:
  // Durable on return. Where it cannot be written, no death is counted: what
  // comes next needs the same room and tells of its lack.
  UploadTry(Fs* fs, const std::string& upload);
  ~UploadTry();
  UploadTry(const UploadTry&) = delete;
  UploadTry& operator=(const UploadTry&) = delete;

  // Of this very upload; another one under the same name begins anew.
  unsigned deaths() const { return deaths_; }
  bool given_up() const { return deaths_ >= kTriesOfUpload; }

 private:
  Fs* fs_;
  unsigned deaths_ = 0;
};

}  // namespace release

#endif  // RELEASE_DROPBOX_UPLOAD_TRY_H_
