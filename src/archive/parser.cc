#include "archive/parser.h"

#include <archive.h>
#include <archive_entry.h>

#include <cerrno>
#include <string_view>
#include <utility>

#include "archive/archive_input.h"
#include "archive/cp437.h"
#include "archive/entry_content.h"
#include "archive/parsed_entry.h"
#include "archive/parser_bytes.h"
#include "archive/parser_words.h"
#include "archive/read_error.h"
#include "base/text.h"
#include "os/memory_limit.h"

namespace release {
namespace {

// The parser's memory bound. The archive comes from a stranger, and libarchive
// believes the lengths in it: a few bytes of 7z or cpio can ask for gigabytes.
// Its allocations cannot be counted one by one. Therefore calls into it run
// under a limit for the process: the memory that it had when the parser was
// made, and kParserMemory more. A call that fails because malloc does then
// means that the archive asks for too much. The limit holds for all threads
// while the call lasts; what they allocate meanwhile is bounded and small
// beside it. Setting and lifting it are two system calls, so calls that need no
// bound go without: a tar's, since libarchive takes no header of over 1 MiB
// there, and those that read on in an entry of a zip, whose decoder is made
// with the first block. Growth in many small steps is bounded by kMaxShared and
// by the header limit of ParserBytes.
constexpr std::uint64_t kParserMemory = std::uint64_t{256} << 20;
// libarchive searches all of these for each further one.
constexpr std::uint64_t kMaxShared = 10'000;

bool IsTar(Format format) {
  return format == Format::kTar || format == Format::kMaybeTar;
}

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

struct ArchiveParser::Impl {
  Impl(Format format_in, ArchiveInput* stream, SpoolCopy* copy,
       std::string name_in)
      : format(format_in),
        name(std::move(name_in)),
        source(format, stream, copy, name),
        names(stream == nullptr ? ZipNames() : stream->zip_names()),
        content(IsTar(format) ? EntryContent::LastHole::kAllowed
                              : EntryContent::LastHole::kRefused,
                name),
        parser(archive_read_new(), archive_read_free) {
    if (!parser) throw std::bad_alloc();
    if (EnableFormat(format, parser.get()) < ARCHIVE_WARN) {
      FailToRead(name, ErrorCode::kInternal,
                 "the archive library refuses its format");
    }
    source.AttachTo(parser.get());
    if (!IsTar(format)) memory_limit = MemoryLimitFor(kParserMemory);
    const int result =
        Bounded([&] { return archive_read_open1(parser.get()); });
    if (result != ARCHIVE_OK) Fail();
    source.RethrowKept();
  }

  // Calls libarchive within the memory limit.
  template <typename Call>
  int Bounded(Call call) {
    const MemoryLimit limit(memory_limit);
    errno = 0;
    const int result = call();
    starved = memory_limit != 0 && result < ARCHIVE_WARN && errno == ENOMEM;
    return result;
  }

  std::string Message() const {
    const char* message = archive_error_string(parser.get());
    // It may hold a name out of the archive.
    return message == nullptr ? "its structure is damaged"
                              : Escaped(Beginning(message));
  }

  // Throws the error that a call into libarchive ended with.
  [[noreturn]] void Fail() {
    source.RethrowKept();
    if (starved) {
      FailToRead(name, ErrorCode::kLimitExceeded,
                 "it takes more than " + std::to_string(kParserMemory >> 20) +
                     " MiB of memory to read");
    }
    const std::string message = Message();
    if (IsAboutSupport(message)) {
      FailToRead(name, ErrorCode::kArchiveUnsupported, message);
    }
    if (format == Format::kMaybeTar && entries == 0 && IsAboutFormat(message)) {
      // Unknown bytes may come of damage, which some compressions report only
      // at the end of a block.
      source.ReadOn();
      FailToRead(name, ErrorCode::kArchiveUnsupported,
                 "it is no tar, cpio, zip or 7z, plain or in one layer of "
                 "gzip, bzip2, xz or zstd");
    }
    // The parser of a stream asks for bytes behind the end only if it needs
    // them.
    if (source.StreamEnded()) {
      FailToRead(name, ErrorCode::kArchiveTruncated, "it ends early");
    }
    FailToRead(name, ErrorCode::kArchiveCorrupt, message);
  }

  // -- entries

  std::optional<ArchiveEntry> ReadHeader() {
    if (entries > 0) LeaveEntry();
    archive_entry* entry = nullptr;
    const BackslashScope scope(names.backslash);
    source.BeginHeader();
    const int result =
        Bounded([&] { return archive_read_next_header(parser.get(), &entry); });
    source.EndHeader();
    source.RethrowKept();
    if (result == ARCHIVE_EOF) {
      ended = true;
      return std::nullopt;
    }
    if (result < ARCHIVE_WARN || entry == nullptr) Fail();
    ++entries;
    if (archive_entry_is_encrypted(entry) != 0) {
      FailToRead(name, ErrorCode::kArchiveUnsupported, "it is encrypted");
    }
    if (result == ARCHIVE_WARN) CheckWarning(entry, Message(), name);
    CountShared(entry);
    ArchiveEntry out = ConvertEntry(entry, name);
    if (names.other_letters == OtherLetters::kCp437 && !IsUtf8(out.path)) {
      out.path = FromCp437(out.path);
    }
    content.Begin(out.kind == ArchiveEntry::Kind::kFile ? out.size
                                                        : std::nullopt);
    block_seen = false;
    return out;
  }

  // Counts the files of a cpio that say they have several names.
  void CountShared(archive_entry* entry) {
    if (format != Format::kCpio || archive_entry_nlink(entry) < 2) return;
    if (archive_entry_hardlink(entry) != nullptr || ++shared <= kMaxShared) {
      return;
    }
    FailToRead(name, ErrorCode::kLimitExceeded,
               "more than " + std::to_string(kMaxShared) +
                   " files in it have several names");
  }

  // Skips to the end of the current entry and notes where that is.
  void LeaveEntry() {
    const auto skip = [&] { return archive_read_data_skip(parser.get()); };
    // In a zip that is a seek, and needs no memory.
    const int result = format == Format::kZip ? skip() : Bounded(skip);
    source.RethrowKept();
    if (result != ARCHIVE_OK && result != ARCHIVE_EOF) Fail();
    entries_end = Consumed();
  }

  std::uint64_t Consumed() const {
    return static_cast<std::uint64_t>(archive_filter_bytes(parser.get(), 0));
  }

  // -- content

  std::span<const char> NextBlock() {
    while (true) {
      if (const auto bytes = content.Next()) return *bytes;
      ReadBlock();
    }
  }

  void ReadBlock() {
    const void* bytes = nullptr;
    std::size_t size = 0;
    la_int64_t offset = 0;
    const auto read = [&] {
      return archive_read_data_block(parser.get(), &bytes, &size, &offset);
    };
    // An entry of a zip has its decoder from its first block on.
    const bool has_decoder = format == Format::kZip && block_seen;
    const int result = has_decoder ? read() : Bounded(read);
    block_seen = true;
    source.RethrowKept();
    if (result == ARCHIVE_EOF) {
      content.End();
      return;
    }
    if (result != ARCHIVE_OK) Fail();
    content.Put({static_cast<const char*>(bytes), size},
                static_cast<std::uint64_t>(offset));
  }

  Format format;
  std::string name;
  ParserBytes source;
  ZipNames names;
  EntryContent content;
  std::unique_ptr<archive, int (*)(archive*)> parser;
  std::uint64_t memory_limit = 0;  // for libarchive; 0: none
  bool starved = false;            // the last call failed because of that

  bool ended = false;
  std::uint64_t entries = 0;
  std::uint64_t shared = 0;       // see CountShared
  std::uint64_t entries_end = 0;  // offset behind the last entry's data
  bool block_seen = false;        // of the current entry
};

ArchiveParser::ArchiveParser(ArchiveInput* input, std::string name)
    : impl_(std::make_unique<Impl>(input->format(), input, input->copy(),
                                   std::move(name))) {}

ArchiveParser::ArchiveParser(Format format, SpoolCopy* copy, std::string name)
    : impl_(std::make_unique<Impl>(format, nullptr, copy, std::move(name))) {}

ArchiveParser::~ArchiveParser() = default;

std::optional<ArchiveEntry> ArchiveParser::Next() {
  if (impl_->ended) return std::nullopt;
  return impl_->ReadHeader();
}

std::span<const char> ArchiveParser::NextBlock() { return impl_->NextBlock(); }

std::uint64_t ArchiveParser::Consumed() const { return impl_->Consumed(); }

std::uint64_t ArchiveParser::entries_end() const { return impl_->entries_end; }

}  // namespace release
