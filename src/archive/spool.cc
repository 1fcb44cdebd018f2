#include "archive/spool.h"

#include <utility>

namespace release {
namespace {

constexpr std::size_t kBlockSize = std::size_t{256} << 10;

}  // namespace

std::shared_ptr<const ScopedHandle> NamelessFile(Fs* fs, Fs::Handle directory,
                                                 const std::string& path) {
  fs->RemoveFile(directory, path);
  auto file = std::make_shared<const ScopedHandle>(
      fs, fs->Open(directory, path, OpenMode::kCreateNew, 0600));
  fs->RemoveFile(directory, path);
  return file;
}

SpoolCopy::SpoolCopy(Fs* fs, std::shared_ptr<const ScopedHandle> file,
                     std::uint64_t size)
    : fs_(fs), file_(std::move(file)), size_(size), buffer_(kBlockSize, 0) {}

std::size_t SpoolCopy::ReadAt(std::span<char> buffer,
                              std::uint64_t offset) const {
  std::size_t held = 0;
  while (held < buffer.size()) {
    const std::size_t got =
        fs_->ReadAt(file_->get(), buffer.subspan(held), offset + held);
    if (got == 0) break;
    held += got;
  }
  return held;
}

std::span<const char> SpoolCopy::Next() {
  const std::size_t count = ReadAt(buffer_, position_);
  position_ += count;
  at_end_ = count == 0;
  return std::span<const char>(buffer_).first(count);
}

}  // namespace release
