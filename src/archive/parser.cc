#include "archive/parser.h"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cwchar>
#include <exception>
#include <string_view>
#include <utility>

#include "archive/cpio_sums.h"
#include "archive/parser_words.h"
#include "base/error.h"
#include "base/text.h"
#include "os/memory_limit.h"

// libarchive converts names to the character set of the process's locale, and
// loses what that cannot express. The build has these calls of its end up here
// (CMakeLists.txt, --wrap): names are UTF-8 whatever locales the host has, and
// no converter, which is a library of the host's, is loaded for them. What
// comes in UTF-16 libarchive converts by itself. To wide characters it converts
// each name, one call for each letter, only to look at its end.
extern "C" {

std::size_t __real_mbrtowc(wchar_t*, const char*, std::size_t, std::mbstate_t*);

std::size_t __wrap_mbrtowc(wchar_t* out, const char* in, std::size_t size,
                           std::mbstate_t* state) {
  // ASCII is the same in every locale that a host may have.
  if (out == nullptr || in == nullptr || size == 0 || *in <= 0) {
    return __real_mbrtowc(out, in, size, state);
  }
  *out = *in;
  return 1;
}

char* __wrap_nl_langinfo(int) {
  static char name[] = "UTF-8";
  return name;
}

void* __wrap_iconv_open(const char*, const char*) {
  errno = EINVAL;
  return reinterpret_cast<void*>(std::intptr_t{-1});
}

}  // extern "C"

namespace release {
namespace {

// What stands before an entry's content in a stream: names, and a map of the
// holes in the content, which libarchive keeps in twelve times the room.
constexpr std::uint64_t kMaxHeader = std::uint64_t{3} << 20;
// libarchive looks for each among all that came before.
constexpr std::uint64_t kMaxShared = 10'000;
// For lists and names, however long they are said to be, and for what entries
// of zip and 7z are unpacked with.
constexpr std::uint64_t kParserMemory = std::uint64_t{256} << 20;
constexpr std::uint64_t kMaxPadding = std::uint64_t{64} << 20;
constexpr std::array<char, 65536> kZeros{};

// Bytes of a name or a message that come out of the archive.
constexpr std::size_t kShown = 512;

std::string Beginning(std::string_view text) {
  return std::string(text.substr(0, kShown));
}

ArchiveEntry::Kind KindOf(archive_entry* entry) {
  if (archive_entry_hardlink(entry) != nullptr) {
    return ArchiveEntry::Kind::kHardLink;
  }
  switch (archive_entry_filetype(entry)) {
    case AE_IFREG:
      return ArchiveEntry::Kind::kFile;
    case AE_IFDIR:
      return ArchiveEntry::Kind::kDirectory;
    case AE_IFLNK:
      return ArchiveEntry::Kind::kSymlink;
    default:
      return ArchiveEntry::Kind::kOther;
  }
}

}  // namespace

struct ArchiveParser::Impl {
  Impl(Format format_in, ParserBytes* bytes_in, std::string name_in)
      : format(format_in),
        source(bytes_in),
        name(std::move(name_in)),
        parser(archive_read_new(), archive_read_free) {
    if (!parser) throw std::bad_alloc();
    EnableFormat();
    archive_read_set_callback_data(parser.get(), this);
    archive_read_set_read_callback(parser.get(), OnRead);
    if (source->seekable()) {
      archive_read_set_seek_callback(parser.get(), OnSeek);
    }
    if (!IsTar()) memory_limit = MemoryLimitFor(kParserMemory);
    const int result =
        Bounded([&] { return archive_read_open1(parser.get()); });
    if (result != ARCHIVE_OK) FailOnParser();
    RethrowStashed();
  }

  bool IsTar() const {
    return format == Format::kTar || format == Format::kMaybeTar;
  }

  // A call into libarchive. A few bytes of 7z or cpio can ask for gigabytes; in
  // a tar it takes no header of over 1 MiB, and each limit is two system calls.
  template <typename Call>
  int Bounded(Call call) {
    const MemoryLimit limit(memory_limit);
    errno = 0;
    const int result = call();
    starved = memory_limit != 0 && result < ARCHIVE_WARN && errno == ENOMEM;
    return result;
  }

  void EnableFormat() {
    int result = ARCHIVE_FATAL;
    switch (format) {
      case Format::kTar:
      case Format::kMaybeTar:
        result = archive_read_support_format_tar(parser.get());
        break;
      case Format::kCpio:
        result = archive_read_support_format_cpio(parser.get());
        break;
      case Format::kZip:
        result = archive_read_support_format_zip_seekable(parser.get());
        break;
      case Format::kSevenZip:
        result = archive_read_support_format_7zip(parser.get());
        break;
    }
    if (result < ARCHIVE_WARN) {
      Fail(ErrorCode::kInternal, "the archive library refuses its format");
    }
  }

  // -- errors

  [[noreturn]] void Fail(ErrorCode code, std::string_view reason) const {
    throw Error(
        code, "cannot read " + Quoted(name) + ": " + std::string(reason), name);
  }

  std::string ParserMessage() const {
    const char* message = archive_error_string(parser.get());
    // It may hold a name out of the archive.
    return message == nullptr ? "its structure is damaged"
                              : Escaped(Beginning(message));
  }

  // An error thrown while libarchive, which is C, was asking for bytes.
  void RethrowStashed() {
    if (stashed) std::rethrow_exception(std::exchange(stashed, nullptr));
  }

  [[noreturn]] void FailOnParser() {
    RethrowStashed();
    if (starved) {
      Fail(ErrorCode::kLimitExceeded, "it takes more than " +
                                          std::to_string(kParserMemory >> 20) +
                                          " MiB of memory to read");
    }
    const std::string message = ParserMessage();
    if (IsAboutSupport(message)) Fail(ErrorCode::kArchiveUnsupported, message);
    if (format == Format::kMaybeTar && entries == 0 && IsAboutFormat(message)) {
      ReadOn();
      Fail(ErrorCode::kArchiveUnsupported,
           "it is no tar, cpio, zip or 7z, plain or in one layer of gzip, "
           "bzip2, xz or zstd");
    }
    // The parser of a stream asks for bytes behind the end only where it needs
    // them.
    if (!source->seekable() && source->at_end()) {
      Fail(ErrorCode::kArchiveTruncated, "it ends early");
    }
    Fail(ErrorCode::kArchiveCorrupt, message);
  }

  // Bytes that mean nothing may come of damage, which the compression tells
  // only at the end of a block.
  void ReadOn() {
    while (!source->at_end() && source->given() < kMaxPadding) source->Next();
  }

  void CheckWarning(archive_entry* entry) {
    const std::string message = ParserMessage();
    if (IsHarmless(message)) return;
    const char* whole = archive_entry_pathname(entry);
    const std::string path = Beginning(whole == nullptr ? "" : whole);
    const std::string of = whole == nullptr ? "an entry" : Quoted(path);
    if (IsAboutName(message)) {
      throw Error(ErrorCode::kUnsafeEntry,
                  "cannot unpack " + of + ": its name is not UTF-8", path);
    }
    Fail(ErrorCode::kArchiveCorrupt, of + ": " + message);
  }

  // -- libarchive asks for bytes

  template <typename Function>
  la_int64_t Guarded(Function function) {
    try {
      return function();
    } catch (...) {
      if (!stashed) stashed = std::current_exception();
      archive_set_error(parser.get(), EIO, "reading failed");
      return ARCHIVE_FATAL;
    }
  }

  static la_ssize_t OnRead(archive*, void* self_pointer, const void** bytes) {
    auto* self = static_cast<Impl*>(self_pointer);
    return static_cast<la_ssize_t>(self->Guarded([&]() -> la_int64_t {
      // Never again after a failure: it would look like more data, or an end.
      if (self->stashed) return ARCHIVE_FATAL;
      self->CheckHeaderLength();
      const auto next = self->source->Next();
      if (self->format == Format::kCpio && !self->sums.Take(next)) {
        self->Fail(ErrorCode::kArchiveCorrupt,
                   "the bytes of " + Quoted(Beginning(self->sums.name())) +
                       " do not add up to the sum it says");
      }
      *bytes = next.data();
      return static_cast<la_int64_t>(next.size());
    }));
  }

  static la_int64_t OnSeek(archive*, void* self_pointer, la_int64_t offset,
                           int whence) {
    auto* self = static_cast<Impl*>(self_pointer);
    return self->Guarded([&]() -> la_int64_t {
      la_int64_t base = 0;
      if (whence == SEEK_CUR) {
        base = static_cast<la_int64_t>(self->source->position());
      } else if (whence == SEEK_END) {
        base = static_cast<la_int64_t>(self->source->size());
      }
      const auto size = static_cast<la_int64_t>(self->source->size());
      const la_int64_t target = std::clamp<la_int64_t>(base + offset, 0, size);
      self->source->Seek(static_cast<std::uint64_t>(target));
      return target;
    });
  }

  // -- entries

  std::optional<ArchiveEntry> ReadHeader() {
    if (entries > 0) LeaveEntry();
    archive_entry* entry = nullptr;
    if (!source->seekable()) header_begin = source->given();
    const int result =
        Bounded([&] { return archive_read_next_header(parser.get(), &entry); });
    header_begin.reset();
    RethrowStashed();
    if (result == ARCHIVE_EOF) {
      ended = true;
      return std::nullopt;
    }
    if (result < ARCHIVE_WARN || entry == nullptr) FailOnParser();
    ++entries;
    if (archive_entry_is_encrypted(entry) != 0) {
      Fail(ErrorCode::kArchiveUnsupported, "it is encrypted");
    }
    if (result == ARCHIVE_WARN) CheckWarning(entry);
    CountShared(entry);
    return Convert(entry);
  }

  void CheckHeaderLength() const {
    if (!header_begin || source->given() - *header_begin <= kMaxHeader) return;
    Fail(ErrorCode::kLimitExceeded,
         "what stands before the content of an entry is too long");
  }

  // Files of a cpio that say they have several names.
  void CountShared(archive_entry* entry) {
    if (format != Format::kCpio || archive_entry_nlink(entry) < 2) return;
    if (archive_entry_hardlink(entry) != nullptr || ++shared <= kMaxShared) {
      return;
    }
    Fail(ErrorCode::kLimitExceeded, "more than " + std::to_string(kMaxShared) +
                                        " files in it have several names");
  }

  // Skips to the end of the current entry and notes where that is.
  void LeaveEntry() {
    const auto skip = [&] { return archive_read_data_skip(parser.get()); };
    // In a zip that is a seek, and needs no memory.
    const int result = format == Format::kZip ? skip() : Bounded(skip);
    RethrowStashed();
    if (result != ARCHIVE_OK && result != ARCHIVE_EOF) FailOnParser();
    entries_end = Consumed();
  }

  std::uint64_t Consumed() const {
    return static_cast<std::uint64_t>(archive_filter_bytes(parser.get(), 0));
  }

  ArchiveEntry Convert(archive_entry* entry) {
    ArchiveEntry out;
    out.kind = KindOf(entry);
    const bool link = out.kind == ArchiveEntry::Kind::kSymlink;
    const bool hard_link = out.kind == ArchiveEntry::Kind::kHardLink;
    const char* path = archive_entry_pathname(entry);
    const char* target = link        ? archive_entry_symlink(entry)
                         : hard_link ? archive_entry_hardlink(entry)
                                     : "";
    if (path == nullptr || target == nullptr) {
      throw Error(ErrorCode::kUnsafeEntry,
                  "cannot unpack an entry of " + Quoted(name) +
                      ": its name is not UTF-8",
                  Beginning(path == nullptr ? "" : path));
    }
    out.path = path;
    out.target = target;
    out.mode = archive_entry_perm(entry) & 07777U;
    if (archive_entry_size_is_set(entry) != 0) {
      out.size = static_cast<std::uint64_t>(archive_entry_size(entry));
    }
    current_size =
        out.kind == ArchiveEntry::Kind::kFile ? out.size : std::nullopt;
    position = 0;
    data_ended = block_seen = false;
    block = {};
    block_offset = 0;
    return out;
  }

  // -- data

  std::span<const char> Zeros(std::uint64_t count) {
    const auto now = std::min<std::uint64_t>(count, kZeros.size());
    position += now;
    return std::span<const char>(kZeros).first(now);
  }

  std::span<const char> NextBlock() {
    while (true) {
      if (position < block_offset) return Zeros(block_offset - position);
      if (!block.empty()) {
        position += block.size();
        return std::exchange(block, {});
      }
      if (data_ended) return EndOfData();
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
    RethrowStashed();
    if (result == ARCHIVE_EOF) {
      data_ended = true;
      return;
    }
    if (result != ARCHIVE_OK) FailOnParser();
    block = {static_cast<const char*>(bytes), size};
    block_offset = static_cast<std::uint64_t>(offset);
    if (block_offset < position) {
      Fail(ErrorCode::kArchiveCorrupt, "the parts of a file overlap");
    }
  }

  // A sparse file of a tar may end in a hole.
  std::span<const char> EndOfData() {
    if (!current_size || position == *current_size) return {};
    if (IsTar() && position < *current_size) {
      return Zeros(*current_size - position);
    }
    Fail(ErrorCode::kArchiveCorrupt,
         "a file is not as long as the archive says");
  }

  Format format;
  ParserBytes* source;
  std::string name;
  std::unique_ptr<archive, int (*)(archive*)> parser;
  std::exception_ptr stashed;
  CpioSums sums;
  std::uint64_t memory_limit = 0;  // for libarchive; 0: none
  bool starved = false;            // it has run into that

  bool ended = false;
  std::uint64_t entries = 0;
  std::uint64_t shared = 0;                   // see CountShared
  std::optional<std::uint64_t> header_begin;  // while a stream's is read
  std::uint64_t entries_end = 0;  // offset behind the last entry's data

  std::optional<std::uint64_t> current_size;
  std::uint64_t position = 0;  // in the current entry's content
  std::span<const char> block;
  std::uint64_t block_offset = 0;
  bool data_ended = false;
  bool block_seen = false;  // of the current entry
};

ArchiveParser::ArchiveParser(Format format, ParserBytes* bytes,
                             std::string name) {
  impl_ = std::make_unique<Impl>(format, bytes, std::move(name));
}

ArchiveParser::~ArchiveParser() = default;

std::optional<ArchiveEntry> ArchiveParser::Next() {
  if (impl_->ended) return std::nullopt;
  return impl_->ReadHeader();
}

std::span<const char> ArchiveParser::NextBlock() { return impl_->NextBlock(); }

std::uint64_t ArchiveParser::Consumed() const { return impl_->Consumed(); }

std::uint64_t ArchiveParser::entries_end() const { return impl_->entries_end; }

}  // namespace release
