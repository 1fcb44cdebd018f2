// Notes which uploads are being taken in, so that none is taken in for ever.
//
// Before the command reads an upload, it writes a note to .release/intake-N,
// where N is the number of the transaction that deploys it. The note is removed
// when the upload has left the drop box, or if its deploy was interrupted by
// request. A later command that finds the note reads record N:
//
// - The transaction has ended: the upload was taken in, but could not be
//   removed, or the process died first. It must only leave the drop box; to
//   deploy it again could take back what an admin has done since.
// - Else the process died while it deployed the upload. The deaths are
//   counted, because an upload can kill the command, or the machine, each time.
#ifndef RELEASE_DROPBOX_UPLOAD_TRY_H_
#define RELEASE_DROPBOX_UPLOAD_TRY_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dropbox/upload.h"
#include "os/fs.h"
#include "store/journal.h"

namespace release {

// The upload is given up after this many deaths in a row.
inline constexpr unsigned kTriesOfUpload = 3;

struct UploadNote {
  std::uint64_t transaction = 0;
  std::string upload;
  unsigned tries = 0;  // in a row, this one included
  Stamps files;        // as they were before they were read

  // Returns whether the drop box still has the checksum file that made the
  // upload ready. Another one is that of another upload. Throws FsError.
  bool IsStillThere(Fs* fs) const;
};

// Returns the notes that can be read, by transaction. Throws FsError if the
// directory cannot be listed.
std::vector<UploadNote> ReadUploadNotes(Fs* fs);

// Not durable. Throws nothing: a note that stays is read again.
void RemoveUploadNote(Fs* fs, std::uint64_t transaction);

// Returns how the transaction of the note ended; nullopt if it has not ended,
// was never begun, or was interrupted and may be tried again.
std::optional<EndRecord> FindEnd(Fs* fs, const UploadNote& note);

class UploadTry {
 public:
  // Writes the note, durable on return, and removes earlier notes of the same
  // upload. `note.tries` is set by this. `fs` is borrowed. The caller must hold
  // the lock. If the note cannot be written, this try is not counted and
  // nothing is thrown: the transaction that follows needs the same space and
  // reports the failure.
  UploadTry(Fs* fs, UploadNote note);
  // Removes the note, unless Keep was called. Not durable on return.
  ~UploadTry();
  UploadTry(const UploadTry&) = delete;
  UploadTry& operator=(const UploadTry&) = delete;

  // Leaves the note, because the upload was taken in and could not be removed.
  void Keep();

  // The deaths of this very upload before this try. Another upload under the
  // same name starts again at 0.
  unsigned deaths() const { return note_.tries - 1; }
  bool given_up() const { return deaths() >= kTriesOfUpload; }

 private:
  Fs* fs_;
  UploadNote note_;
  bool written_ = false;
  bool kept_ = false;
};

}  // namespace release

#endif  // RELEASE_DROPBOX_UPLOAD_TRY_H_
