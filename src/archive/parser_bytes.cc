#include "archive/parser_bytes.h"

#include <archive.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "archive/read_error.h"
#include "base/text.h"

namespace release {
namespace {

// In a stream, an entry's content follows its names and a map of the holes in
// the content, which libarchive keeps in twelve times the memory.
constexpr std::uint64_t kMaxHeader = std::uint64_t{3} << 20;
constexpr std::uint64_t kMostReadOn = std::uint64_t{64} << 20;

}  // namespace

ParserBytes::ParserBytes(Format format, ArchiveInput* stream, SpoolCopy* copy,
                         std::string name)
    : format_(format), stream_(stream), copy_(copy), name_(std::move(name)) {}

void ParserBytes::AttachTo(archive* parser) {
  archive_read_set_callback_data(parser, this);
  archive_read_set_read_callback(
      parser, [](archive* caller, void* self, const void** bytes) {
        auto* const source = static_cast<ParserBytes*>(self);
        return static_cast<la_ssize_t>(
            source->Guarded(caller, [&] { return source->Read(bytes); }));
      });
  if (!seekable()) return;
  archive_read_set_seek_callback(
      parser, [](archive* caller, void* self, la_int64_t offset, int whence) {
        auto* const source = static_cast<ParserBytes*>(self);
        return static_cast<la_int64_t>(source->Guarded(
            caller, [&] { return source->Seek(offset, whence); }));
      });
}

void ParserBytes::RethrowKept() {
  if (kept_) std::rethrow_exception(std::exchange(kept_, nullptr));
}

void ParserBytes::BeginHeader() {
  if (!seekable()) header_begin_ = stream_->given();
}

void ParserBytes::ReadOn() {
  if (seekable()) return;
  while (!stream_->at_end() && stream_->given() < kMostReadOn) stream_->Next();
}

template <typename Function>
std::int64_t ParserBytes::Guarded(archive* parser, Function function) {
  try {
    return function();
  } catch (...) {
    if (!kept_) kept_ = std::current_exception();
    archive_set_error(parser, EIO, "reading failed");
    return ARCHIVE_FATAL;
  }
}

std::int64_t ParserBytes::Read(const void** bytes) {
  // Never again after a failure: it would look like more data, or an end.
  if (kept_) return ARCHIVE_FATAL;
  if (header_begin_ && stream_->given() - *header_begin_ > kMaxHeader) {
    FailToRead(name_, ErrorCode::kLimitExceeded,
               "what stands before the content of an entry is too long");
  }
  const auto next = copy_ != nullptr ? copy_->Next() : stream_->Next();
  if (format_ == Format::kCpio && !sums_.Take(next)) {
    FailToRead(name_, ErrorCode::kArchiveCorrupt,
               "the bytes of " + Quoted(Beginning(sums_.name())) +
                   " do not add up to the sum it says");
  }
  *bytes = next.data();
  return static_cast<std::int64_t>(next.size());
}

std::int64_t ParserBytes::Seek(std::int64_t offset, int whence) {
  const auto size = static_cast<std::int64_t>(copy_->size());
  std::int64_t base = 0;
  if (whence == SEEK_CUR) base = static_cast<std::int64_t>(copy_->position());
  if (whence == SEEK_END) base = size;
  const std::int64_t target = std::clamp<std::int64_t>(base + offset, 0, size);
  copy_->Seek(static_cast<std::uint64_t>(target));
  return target;
}

}  // namespace release
