#include "archive/reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <string_view>
#include <system_error>
#include <utility>

#include "archive/archive_input.h"
#include "archive/parser.h"
#include "archive/prefetch_decoder.h"
#include "base/error.h"
#include "base/manifest_text.h"
#include "base/text.h"

namespace release {
namespace {

constexpr std::string_view kManifestName = ".release-manifest";
constexpr std::string_view kManifestBegin = "release-manifest ";
constexpr std::uint64_t kMaxManifest = std::uint64_t{512} << 20;
// Bytes that a manifest may have for each entry, and for its other lines.
constexpr std::uint64_t kManifestLine = 256;
constexpr std::uint64_t kManifestFrame = std::uint64_t{1} << 20;
// Lines that it may have beside those of the entries.
constexpr std::uint64_t kOtherLines = 8;
constexpr std::uint64_t kTarBlock = 512;
constexpr std::uint64_t kTarEnd = 2 * kTarBlock;
constexpr std::uint64_t kMaxPadding = std::uint64_t{64} << 20;

std::string WithoutDotSlash(std::string_view path) {
  while (path.starts_with("./")) path.remove_prefix(2);
  return std::string(path);
}

std::uint64_t LinesIn(std::string_view text) {
  return static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
}

// How long a manifest may be in an archive with at most so many entries; 0 is
// any number. Lines are limited, too: an entry needs more memory than a short
// line.
class ManifestLimits {
 public:
  explicit ManifestLimits(std::uint64_t entries)
      : any_(entries == 0 || entries > kMaxManifest / kManifestLine),
        entries_(entries) {}

  // For what was read of it so far. A thin manifest also has up to two lines
  // for an entry of its base.
  bool IsExceeded(std::string_view text, std::uint64_t lines) const {
    const std::uint64_t bytes =
        any_ ? kMaxManifest : kManifestFrame + entries_ * kManifestLine;
    return text.size() > bytes ||
           HasTooMany(lines, IsThinManifest(text) ? 3 : 1);
  }
  // For the entries in a whole text.
  bool IsExceededByEntries(std::string_view text) const {
    const std::size_t begin = text.find(kManifestBegin);
    return begin != text.npos && HasTooMany(LinesIn(text.substr(begin)), 1);
  }

 private:
  bool HasTooMany(std::uint64_t lines, std::uint64_t for_each) const {
    return !any_ && lines > kOtherLines + for_each * entries_;
  }

  const bool any_;
  const std::uint64_t entries_;
};

// Whether the archive's entry is that of the manifest, but for its attributes.
bool IsEntry(const ArchiveEntry& found, const ManifestEntry& entry) {
  switch (entry.kind) {
    case EntryKind::kFile:
      return found.kind == ArchiveEntry::Kind::kFile &&
             found.path == entry.path;
    case EntryKind::kDirectory:
      return found.kind == ArchiveEntry::Kind::kDirectory &&
             (found.path == entry.path || found.path == entry.path + "/");
    case EntryKind::kSymlink:
      return found.kind == ArchiveEntry::Kind::kSymlink &&
             found.path == entry.path && found.target == entry.target;
  }
  return false;
}

// Returns the entry as an archive of the whole release would have it.
ArchiveEntry AsInArchive(const ManifestEntry& entry) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  ArchiveEntry out{
      .path = entry.path, .target = entry.target, .mode = entry.mode};
  switch (entry.kind) {
    case EntryKind::kFile:
      out.size = entry.size;
      break;
    case EntryKind::kDirectory:
      out.kind = ArchiveEntry::Kind::kDirectory;
      break;
    case EntryKind::kSymlink:
      out.kind = ArchiveEntry::Kind::kSymlink;
      return out;
  }
  constexpr std::int64_t kMost =
      std::numeric_limits<std::int64_t>::max() / kSecond;
  if (entry.modified >= -kMost && entry.modified <= kMost) {
    out.modified = entry.modified * kSecond;
  }
  return out;
}

// Reads what follows the last entry of a stream, and throws if that is not the
// end of a whole archive.
void CheckStreamEnd(const std::string& name, const ArchiveParser& parser,
                    bool checksum_expected, ArchiveInput* input) {
  const std::uint64_t consumed = parser.Consumed();
  const bool tar = input->format() != Format::kCpio;
  const std::uint64_t end =
      tar ? std::max(parser.entries_end(),
                     consumed - std::min(consumed, kTarEnd))
          : consumed;
  while (!input->at_end()) {
    input->Next();
    if (input->last_nonzero_end() > end) {
      FailToRead(name, ErrorCode::kArchiveCorrupt,
                 "trailing data after its end");
    }
    if (input->given() > end + kMaxPadding) {
      FailToRead(name, ErrorCode::kLimitExceeded, "its padding is too long");
    }
  }
  if (input->last_nonzero_end() > end) {
    FailToRead(name, ErrorCode::kArchiveCorrupt, "trailing data after its end");
  }
  // Compression and checksums show a cut, too, and some writers leave the
  // zero blocks out.
  const bool marked = input->is_compressed() || checksum_expected;
  const bool cut = tar && (input->given() < end + (marked ? 0 : kTarEnd) ||
                           input->given() % kTarBlock != 0);
  if (cut) FailToRead(name, ErrorCode::kArchiveTruncated, "it ends early");
}

}  // namespace

struct Reader::Impl {
  Impl(ByteSource source, std::string name_in, Spool spool)
      : name(std::move(name_in)),
        input(std::move(source), name, std::move(spool)),
        parser(&input, name) {
    // Only in a zip can entries be skipped unread.
    if (input.format() == Format::kZip) DecodeAhead();
  }

  void DecodeAhead() {
    auto copy = input.SecondCopy();
    if (!copy) return;
    try {
      ahead.emplace(Format::kZip, std::move(*copy), name);
    } catch (const std::system_error&) {
      // The system provides no thread: this one decodes all entries.
    }
  }

  [[noreturn]] void Fail(ErrorCode code, std::string_view reason) const {
    FailToRead(name, code, reason);
  }

  std::optional<ArchiveEntry> ReadHeader() {
    auto entry = parser.Next();
    ended = !entry;
    if (entry) ++entries;
    return entry;
  }

  // Reads the first entry, which may be the manifest.
  void Begin() {
    if (begun) return;
    begun = true;
    pending = ReadHeader();
    const bool is_manifest = pending &&
                             pending->kind == ArchiveEntry::Kind::kFile &&
                             WithoutDotSlash(pending->path) == kManifestName;
    if (!is_manifest) return;
    pending.reset();
    manifest_text.emplace();
    const ManifestLimits limits(input.max_entries());
    std::uint64_t lines = 0;
    while (true) {
      const auto bytes = NextBlockOfArchive();
      if (bytes.empty()) break;
      manifest_text->append(bytes.data(), bytes.size());
      // Not a manifest: parsing will fail, and more of it is not needed.
      if (!manifest_text->starts_with(kManifestBegin) &&
          !IsThinManifest(*manifest_text)) {
        break;
      }
      lines += LinesIn({bytes.data(), bytes.size()});
      if (limits.IsExceeded(*manifest_text, lines)) FailAsTooLong();
    }
    if (limits.IsExceededByEntries(*manifest_text)) FailAsTooLong();
  }

  [[noreturn]] void FailAsTooLong() const {
    Fail(ErrorCode::kLimitExceeded, "its manifest is too long");
  }

  std::optional<ArchiveEntry> Next() {
    return composition ? NextOfWhole() : NextOfArchive();
  }

  std::optional<ArchiveEntry> NextOfArchive() {
    Begin();
    if (pending) return std::exchange(pending, std::nullopt);
    if (ended) return std::nullopt;
    return ReadHeader();
  }

  std::optional<ArchiveEntry> NextOfWhole() {
    // The end of each file is where its hash is compared.
    while (in_file) NextBlock();
    const ManifestEntry* entry = composition->Next();
    if (entry == nullptr || composition->IsFromArchive()) {
      RequireInArchive(entry);
    }
    if (entry == nullptr) return std::nullopt;
    in_file = entry->kind == EntryKind::kFile;
    return AsInArchive(*entry);
  }

  // Throws if the archive does not go on with this entry, or with its end if
  // `entry` is null.
  void RequireInArchive(const ManifestEntry* entry) {
    const auto found = NextOfArchive();
    const bool ends = !found && entry == nullptr;
    if (ends || (found && entry != nullptr && IsEntry(*found, *entry))) return;
    throw Error(
        ErrorCode::kManifestMismatch,
        found ? fmt::format("cannot accept {}: its manifest does not place {} "
                            "here",
                            Printable(name), Quoted(found->path))
              : fmt::format("cannot accept {}: it lacks {} of its manifest",
                            Printable(name), Quoted(entry->path)),
        name);
  }

  std::span<const char> NextBlock() {
    if (!composition) return NextBlockOfArchive();
    if (!in_file) return {};
    const bool own = composition->IsFromArchive();
    const auto bytes = own ? NextBlockOfArchive() : composition->NextBlock();
    if (own) composition->Check(bytes);
    in_file = !bytes.empty();
    return bytes;
  }

  std::span<const char> NextBlockOfArchive() {
    const std::uint64_t entry = entries - 1;
    const auto bytes = ahead && PrefetchDecoder::Decodes(entry)
                           ? ahead->NextBlock(entry)
                           : parser.NextBlock();
    if (!IsHole(bytes)) unpacked += bytes.size();
    input.CheckRatio(unpacked);
    return bytes;
  }

  // -- the end

  std::string Finish() {
    if (!ended) {
      throw Error(ErrorCode::kInternal,
                  "cannot finish reading: there are more entries", name);
    }
    if (input.copy() == nullptr) {
      CheckStreamEnd(name, parser, checksum_expected, &input);
    }
    return input.FinishHash();
  }

  std::string name;
  ArchiveInput input;
  ArchiveParser parser;
  std::optional<PrefetchDecoder> ahead;

  bool checksum_expected = false;
  bool begun = false;
  bool ended = false;
  std::uint64_t entries = 0;   // that were begun
  std::uint64_t unpacked = 0;  // bytes of content given out, but for holes
  std::optional<ArchiveEntry> pending;
  std::optional<std::string> manifest_text;
  std::optional<Composition> composition;
  bool in_file = false;  // with a composition: the file's end is still to come
};

Reader::Reader(ByteSource source, std::string name, Spool spool) {
  impl_ = std::make_unique<Impl>(std::move(source), std::move(name),
                                 std::move(spool));
}

Reader::~Reader() = default;

std::optional<CarriedManifest> Reader::TakeManifest() {
  impl_->Begin();
  if (!impl_->manifest_text) return std::nullopt;
  const std::string text = std::move(*impl_->manifest_text);
  impl_->manifest_text.reset();
  const std::string origin = impl_->name + ": " + std::string(kManifestName);
  try {
    if (IsThinManifest(text)) return ParseThinManifest(text, origin);
    return ParseManifest(text, origin);
  } catch (const Error& error) {
    // Damage to an archive, not to what is on disk here.
    throw Error(ErrorCode::kArchiveCorrupt, error.what(), impl_->name);
  }
}

void Reader::Compose(const Manifest* whole, const ThinBase* base,
                     const std::vector<std::string>& reserved) {
  impl_->composition.emplace(whole, base, reserved);
}

std::optional<BaseContent> Reader::LeaveToCaller() {
  if (!impl_->composition) return std::nullopt;
  auto content = impl_->composition->Leave();
  if (content) impl_->in_file = false;
  return content;
}

TakenOver Reader::taken() const {
  return impl_->composition ? impl_->composition->taken() : TakenOver();
}

std::optional<ArchiveEntry> Reader::Next() { return impl_->Next(); }

std::span<const char> Reader::NextBlock() { return impl_->NextBlock(); }

SharedBlock Reader::Keep(std::span<const char> bytes) const {
  return impl_->input.Keep(bytes);
}

void Reader::ExpectChecksum() { impl_->checksum_expected = true; }

std::string Reader::Finish() { return impl_->Finish(); }

std::uint64_t Reader::bytes_read() const { return impl_->input.bytes_read(); }

}  // namespace release
