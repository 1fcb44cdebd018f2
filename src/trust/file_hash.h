// Both hashes of a file's content.
#ifndef RELEASE_TRUST_FILE_HASH_H_
#define RELEASE_TRUST_FILE_HASH_H_

#include <cstdint>
#include <span>
#include <vector>

#include "base/manifest.h"
#include "os/fs.h"
#include "trust/digest.h"

namespace release {

// More threads that hash files only wait for the disk.
inline constexpr unsigned kHashThreads = 8;

struct FileHash {
  std::uint64_t size = 0;
  ContentHash hash{};
  Sha256Bytes sha256{};

  bool operator==(const FileHash&) const = default;
};

class FileHasher {
 public:
  void Reset();
  void Update(std::span<const char> bytes);
  // Returns the hashes of all bytes since construction, Reset or Finish.
  FileHash Finish();

 private:
  std::uint64_t size_ = 0;
  ContentHasher hash_;
  Sha256 sha256_;
};

// Reads an open file to its end with a buffer that is not empty. Throws
// FsError.
FileHash HashFile(Fs* fs, Fs::Handle file, std::vector<char>* buffer);

}  // namespace release

#endif  // RELEASE_TRUST_FILE_HASH_H_
