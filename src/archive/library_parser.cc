#include "archive/library_parser.h"

#include <archive.h>

#include <algorithm>
#include <cerrno>
#include <new>
#include <utility>

#include "archive/parsed_entry.h"
#include "base/text.h"
#include "os/input.h"
#include "os/memory_limit.h"

namespace release {
namespace {

// In a stream, an entry's content follows its names and a map of the holes in
// the content, which libarchive keeps in twelve times the memory.
constexpr std::uint64_t kMaxHeader = std::uint64_t{3} << 20;
constexpr std::uint64_t kMostReadOn = std::uint64_t{64} << 20;
constexpr std::uint64_t kParserMemory = std::uint64_t{256} << 20;

int EnableFormat(Format format, archive* parser) {
  switch (format) {
    case Format::kTar:
    case Format::kMaybeTar:
      return archive_read_support_format_tar(parser);
    case Format::kCpio:
      return archive_read_support_format_cpio(parser);
    case Format::kZip:
      return archive_read_support_format_zip_seekable(parser);
    case Format::kSevenZip:
      return archive_read_support_format_7zip(parser);
  }
  return ARCHIVE_FATAL;
}

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

LibraryParser::LibraryParser(Format format, ArchiveInput* stream,
                             SpoolCopy* copy, std::string name)
    : format_(format),
      name_(std::move(name)),
      bytes_(format, stream, copy, name_),
      parser_(archive_read_new(), archive_read_free) {
  if (!parser_) throw std::bad_alloc();
  if (EnableFormat(format, parser_.get()) < ARCHIVE_WARN) {
    FailToRead(name_, ErrorCode::kInternal,
               "the archive library refuses its format");
  }
  bytes_.AttachTo(parser_.get());
  if (!IsTar(format)) memory_limit_ = MemoryLimitFor(kParserMemory);
  const int result = Bounded([&] { return archive_read_open1(parser_.get()); });
  if (result != ARCHIVE_OK) Fail();
  bytes_.RethrowKept();
}

// Calls libarchive within the memory limit.
template <typename Call>
int LibraryParser::Bounded(Call call) {
  const MemoryLimit limit(memory_limit_);
  errno = 0;
  const int result = call();
  starved_ = memory_limit_ != 0 && result < ARCHIVE_WARN && errno == ENOMEM;
  return result;
}

std::string LibraryParser::Message() const {
  const char* message = archive_error_string(parser_.get());
  // It may hold a name out of the archive.
  return message == nullptr ? "its structure is damaged"
                            : Escaped(Beginning(message));
}

// Throws the error that a call into libarchive ended with.
void LibraryParser::Fail() {
  bytes_.RethrowKept();
  if (starved_) {
    FailToRead(name_, ErrorCode::kLimitExceeded,
               "it takes more than " + std::to_string(kParserMemory >> 20) +
                   " MiB of memory to read");
  }
  const std::string message = Message();
  if (IsAboutSupport(message)) {
    FailToRead(name_, ErrorCode::kArchiveUnsupported, message);
  }
  if (format_ == Format::kMaybeTar && !any_entry_ && IsAboutFormat(message)) {
    // Unknown bytes may come of damage, which some compressions report only
    // at the end of a block.
    bytes_.ReadOn();
    FailToRead(name_, ErrorCode::kArchiveUnsupported,
               "it is no tar, cpio, zip or 7z, plain or in one layer of "
               "gzip, bzip2, xz or zstd");
  }
  // The parser of a stream asks for bytes behind the end only if it needs
  // them.
  if (bytes_.StreamEnded()) {
    FailToRead(name_, ErrorCode::kArchiveTruncated, "it ends early");
  }
  FailToRead(name_, ErrorCode::kArchiveCorrupt, message);
}

archive_entry* LibraryParser::NextEntry() {
  archive_entry* entry = nullptr;
  bytes_.BeginHeader();
  const int result =
      Bounded([&] { return archive_read_next_header(parser_.get(), &entry); });
  bytes_.EndHeader();
  bytes_.RethrowKept();
  if (result == ARCHIVE_EOF) return nullptr;
  if (result < ARCHIVE_WARN || entry == nullptr) Fail();
  any_entry_ = true;
  block_seen_ = false;
  warning_.reset();
  if (result == ARCHIVE_WARN) warning_ = Message();
  return entry;
}

void LibraryParser::SkipContent() {
  const auto skip = [&] { return archive_read_data_skip(parser_.get()); };
  // In a zip that is a seek, and needs no memory.
  const int result = format_ == Format::kZip ? skip() : Bounded(skip);
  bytes_.RethrowKept();
  if (result != ARCHIVE_OK && result != ARCHIVE_EOF) Fail();
}

std::optional<LibraryParser::Block> LibraryParser::NextBlock() {
  const void* bytes = nullptr;
  std::size_t size = 0;
  la_int64_t offset = 0;
  const auto read = [&] {
    return archive_read_data_block(parser_.get(), &bytes, &size, &offset);
  };
  // An entry of a zip has its decoder from its first block on.
  const bool has_decoder = format_ == Format::kZip && block_seen_;
  const int result = has_decoder ? read() : Bounded(read);
  block_seen_ = true;
  bytes_.RethrowKept();
  if (result == ARCHIVE_EOF) return std::nullopt;
  if (result != ARCHIVE_OK) Fail();
  return Block{{static_cast<const char*>(bytes), size},
               static_cast<std::uint64_t>(offset)};
}

std::uint64_t LibraryParser::Consumed() const {
  return static_cast<std::uint64_t>(archive_filter_bytes(parser_.get(), 0));
}

}  // namespace release
