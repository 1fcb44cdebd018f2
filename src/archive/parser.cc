#include "archive/parser.h"

#include <archive_entry.h>

#include <utility>

#include "archive/archive_input.h"
#include "archive/cp437.h"
#include "archive/entry_content.h"
#include "archive/library_parser.h"
#include "archive/parsed_entry.h"
#include "base/text.h"
#include "os/input.h"

namespace release {
namespace {

// libarchive searches all of these for each further one.
constexpr std::uint64_t kMaxShared = 10'000;

}  // namespace

struct ArchiveParser::Impl {
  Impl(Format format_in, ArchiveInput* stream, SpoolCopy* copy,
       std::string name_in)
      : format(format_in),
        name(std::move(name_in)),
        library(format, stream, copy, name),
        names(stream == nullptr ? ZipNames() : stream->zip_names()),
        content(IsTar(format) ? EntryContent::LastHole::kAllowed
                              : EntryContent::LastHole::kRefused,
                name) {}

  std::optional<ArchiveEntry> Next() {
    if (ended) return std::nullopt;
    if (begun) LeaveEntry();
    const BackslashScope scope(names.backslash);
    archive_entry* const entry = library.NextEntry();
    ended = entry == nullptr;
    if (ended) return std::nullopt;
    begun = true;
    if (archive_entry_is_encrypted(entry) != 0) {
      FailToRead(name, ErrorCode::kArchiveUnsupported, "it is encrypted");
    }
    if (library.warning()) CheckWarning(entry, *library.warning(), name);
    CountShared(entry);
    ArchiveEntry out = ConvertEntry(entry, name);
    if (names.other_letters == OtherLetters::kCp437 && !IsUtf8(out.path)) {
      out.path = FromCp437(out.path);
    }
    content.Begin(out.kind == ArchiveEntry::Kind::kFile ? out.size
                                                        : std::nullopt);
    return out;
  }

  // Counts the files of a cpio that say they have several names: growth in many
  // small steps is not what the memory limit of LibraryParser bounds.
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
    library.SkipContent();
    entries_end = library.Consumed();
  }

  std::span<const char> NextBlock() {
    while (true) {
      if (const auto bytes = content.Next()) return *bytes;
      if (const auto block = library.NextBlock()) {
        content.Put(block->bytes, block->offset);
      } else {
        content.End();
      }
    }
  }

  Format format;
  std::string name;
  LibraryParser library;
  ZipNames names;
  EntryContent content;

  bool begun = false;
  bool ended = false;
  std::uint64_t shared = 0;       // see CountShared
  std::uint64_t entries_end = 0;  // offset behind the last entry's data
};

ArchiveParser::ArchiveParser(ArchiveInput* input, std::string name)
    : impl_(std::make_unique<Impl>(input->format(), input, input->copy(),
                                   std::move(name))) {}

ArchiveParser::ArchiveParser(Format format, SpoolCopy* copy, std::string name)
    : impl_(std::make_unique<Impl>(format, nullptr, copy, std::move(name))) {}

ArchiveParser::~ArchiveParser() = default;

std::optional<ArchiveEntry> ArchiveParser::Next() { return impl_->Next(); }

std::span<const char> ArchiveParser::NextBlock() { return impl_->NextBlock(); }

std::uint64_t ArchiveParser::Consumed() const {
  return impl_->library.Consumed();
}

std::uint64_t ArchiveParser::entries_end() const { return impl_->entries_end; }

}  // namespace release
