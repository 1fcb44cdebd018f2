// The SHA-256 of an archive, computed beside the thread that reads it.
#ifndef RELEASE_ARCHIVE_ARCHIVE_HASH_H_
#define RELEASE_ARCHIVE_ARCHIVE_HASH_H_

#include <span>
#include <string>

#include "os/thread_pool.h"
#include "trust/digest.h"

namespace release {

class ArchiveHash {
 public:
  // With `threads` over 0 one thread of its own computes, else the caller's.
  explicit ArchiveHash(unsigned threads);

  // Adds the next bytes of the archive, which must not change until another
  // call has returned. Waits until the bytes of the call before are hashed.
  void Update(std::span<const char> bytes);
  // 64 lower-case hex digits of all bytes so far; call once, last.
  std::string Finish();

 private:
  Sha256 sha256_;
  ThreadPool pool_;  // last: its thread uses the rest
};

}  // namespace release

#endif  // RELEASE_ARCHIVE_ARCHIVE_HASH_H_
