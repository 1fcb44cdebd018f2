// The SHA-256 of an archive, computed beside whoever reads it.
#ifndef RELEASE_ARCHIVE_ARCHIVE_HASH_H_
#define RELEASE_ARCHIVE_ARCHIVE_HASH_H_

#include <span>
#include <string>

#include "os/thread_pool.h"
#include "trust/digest.h"

namespace release {

class ArchiveHash {
 public:
  // With threads there is one of its own; else the caller's computes.
  explicit ArchiveHash(unsigned threads);

  // The next bytes of the archive, which stay as they are until another call
  // has returned. Waits for those of the call before.
  void Update(std::span<const char> bytes);
  // 64 lower-case hex digits of all bytes so far; call once, last.
  std::string Finish();

 private:
  Sha256 sha256_;
  ThreadPool pool_;  // last: its thread uses the rest
};

}  // namespace release

#endif  // RELEASE_ARCHIVE_ARCHIVE_HASH_H_
