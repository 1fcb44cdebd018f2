#include "trust/file_hash.h"

#include "os/cancellation.h"

namespace release {

void FileHasher::Reset() {
  size_ = 0;
  hash_.Reset();
  sha256_.Reset();
}

void FileHasher::Update(std::span<const char> bytes) {
  size_ += bytes.size();
  hash_.Update(bytes);
  sha256_.Update(bytes);
}

FileHash FileHasher::Finish() {
  const FileHash found{size_, hash_.Finish(), sha256_.FinishBytes()};
  Reset();
  return found;
}

FileHash HashFile(Fs* fs, Fs::Handle file, std::vector<char>* buffer) {
  FileHasher hasher;
  std::uint64_t offset = 0;
  while (const std::size_t n = fs->ReadAt(file, *buffer, offset)) {
    hasher.Update({buffer->data(), n});
    offset += n;
    ThrowIfCancelled();
  }
  return hasher.Finish();
}

}  // namespace release
