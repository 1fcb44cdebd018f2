// The place and the limits for reading one archive, and the copy of an archive
// whose format needs seeking. A leaf of this room.
#ifndef RELEASE_ARCHIVE_SPOOL_H_
#define RELEASE_ARCHIVE_SPOOL_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "os/fs.h"

namespace release {

// zip and 7z archives are copied to a new file of this name, which is unlinked
// at once.
struct Spool {
  Fs* fs = nullptr;
  Fs::Handle directory = Fs::kRoot;
  std::string name;
  std::uint64_t max_size = 0;  // bytes; a larger copy is kLimitExceeded; 0: any
  // More entries in the list of a zip or in a manifest, which are known before
  // the entries themselves are counted, are kLimitExceeded; 0: any.
  std::uint64_t max_entries = 0;
  // Threads that may decode a zip beside the caller; one more hashes the
  // archive. 0: the caller's thread does all.
  unsigned threads = 0;
};

// Creates an empty file for its owner alone and unlinks it at once, so that
// only holders of the handle can reach it and a crash leaves no file behind.
// Replaces one that a crash between the two calls left. Throws FsError.
std::shared_ptr<const ScopedHandle> NamelessFile(Fs* fs, Fs::Handle directory,
                                                 const std::string& path);

// Reads a finished nameless file. Each thread needs an object of its own; they
// may share the file.
class SpoolCopy {
 public:
  SpoolCopy(Fs* fs, std::shared_ptr<const ScopedHandle> file,
            std::uint64_t size);

  // The next bytes, valid until the next call; empty at the end.
  std::span<const char> Next();
  // Fills the buffer; returns fewer bytes only at the end.
  std::size_t ReadAt(std::span<char> buffer, std::uint64_t offset) const;

  // Whether Next has returned the end.
  bool at_end() const { return at_end_; }
  // Next continues at this offset.
  void Seek(std::uint64_t offset) { position_ = offset; }
  std::uint64_t position() const { return position_; }
  std::uint64_t size() const { return size_; }

 private:
  Fs* fs_;
  std::shared_ptr<const ScopedHandle> file_;
  std::uint64_t size_;
  std::uint64_t position_ = 0;
  bool at_end_ = false;
  std::string buffer_;
};

}  // namespace release

#endif  // RELEASE_ARCHIVE_SPOOL_H_
