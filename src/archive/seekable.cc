#include "archive/seekable.h"

#include <zlib.h>

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "archive/format.h"
#include "base/text.h"
#include "os/input.h"

namespace release {
namespace {

// Bytes of the list of entries read at once; the longest entry fits.
constexpr std::uint64_t kWindow = std::uint64_t{1} << 20;
constexpr std::size_t kEndSize = 22;
constexpr std::size_t kEnd64Size = 56;
constexpr std::size_t kLocator64Size = 20;
constexpr std::size_t kEntrySize = 46;
constexpr std::size_t kLocalSize = 30;
constexpr std::size_t kMaxComment = 0xFFFF;
constexpr std::string_view kLocator64Magic = "PK\x06\x07";
constexpr std::string_view kEnd64Magic = "PK\x06\x06";
constexpr std::string_view kListedMagic = "PK\x01\x02";
constexpr std::uint64_t kIn64 = 0xFFFFFFFF;  // "see the zip64 record"
constexpr std::uint64_t kDos = 0;
constexpr std::uint64_t kUnix = 3;
constexpr std::uint64_t kWindows = 11;
constexpr std::uint64_t kDarwin = 19;
constexpr unsigned kNameIsUtf8 = 0x800;  // flag
constexpr unsigned kSizesFollow = 8;     // flag: after the data

std::uint64_t Number(std::string_view text, std::size_t offset,
                     std::size_t bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes; i-- > 0;) {
    value = value << 8 | static_cast<unsigned char>(text[offset + i]);
  }
  return value;
}

// The layout of a zip, and what must hold of it:
//
//   local header, name, extra, data[, sizes]   per entry
//   list: one record per entry                 "PK\1\2"
//   [zip64 end record, its locator]            "PK\6\6", "PK\6\7"
//   end record, comment                        "PK\5\6"
//
// Readers may go by the list or by the local headers, may trust either end
// record, and may look for an end record behind it. An archive on which they
// disagree could pass a check by one reader and be unpacked by another, so it
// is refused: the end record's comment reaches the end of the file, the list
// lies between the entries and the end records without a gap and has as many
// records as promised, each record agrees with its local header, and the
// entries touch one another. FindDirectory, ForEachListed, CompareWithLocal and
// CheckExtents check these in turn. Only the extents are kept, so memory is 24
// bytes an entry.

class File {
 public:
  File(const SpoolCopy& copy, const std::string& name)
      : copy_(copy), name_(name) {}

  std::uint64_t size() const { return copy_.size(); }
  // Whether a program stands before the first entry.
  bool HasProgram() const {
    return BeginsProgram(Read(0, std::min<std::uint64_t>(size(), 4)));
  }

  std::string Read(std::uint64_t offset, std::uint64_t count) const {
    if (offset > size() || count > size() - offset) {
      Damaged("it points beyond its end");
    }
    std::string out(count, '\0');
    if (copy_.ReadAt(out, offset) != count) Truncated();
    return out;
  }

  [[noreturn]] void Truncated() const {
    Fail(ErrorCode::kArchiveTruncated, "it ends early");
  }
  [[noreturn]] void Damaged(const std::string& reason) const {
    Fail(ErrorCode::kArchiveCorrupt, reason);
  }
  [[noreturn]] void Fail(ErrorCode code, const std::string& reason) const {
    FailToRead(name_, code, reason);
  }

 private:
  const SpoolCopy& copy_;
  const std::string& name_;
};

struct Directory {
  std::uint64_t base = 0;  // what the zip's own offsets count from
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  std::uint64_t entries = 0;
  std::uint64_t end = 0;  // where the end records begin
};

// Finds the offset of the end record, whose comment must reach the end of the
// file.
std::uint64_t FindEnd(const File& file) {
  const std::uint64_t window =
      std::min<std::uint64_t>(file.size(), kEndSize + kMaxComment);
  const std::uint64_t start = file.size() - window;
  const std::string tail = file.Read(start, window);
  bool followed = false;
  for (std::size_t at = tail.rfind(kZipEndMagic); at != tail.npos;
       at = at == 0 ? tail.npos : tail.rfind(kZipEndMagic, at - 1)) {
    const std::size_t rest = tail.size() - at;
    if (rest < kEndSize) continue;
    const std::uint64_t length = kEndSize + Number(tail, at + 20, 2);
    if (length == rest) return start + at;
    followed = followed || length < rest;
  }
  if (followed) file.Damaged("trailing data after its end");
  if (file.HasProgram()) {
    file.Fail(ErrorCode::kArchiveUnsupported,
              "it is a script or program, and no zip follows it");
  }
  file.Truncated();
}

void Apply64(const File& file, Directory* directory) {
  if (directory->end < kLocator64Size) file.Damaged("its end record is wrong");
  const std::string locator =
      file.Read(directory->end - kLocator64Size, kLocator64Size);
  if (!locator.starts_with(kLocator64Magic)) {
    file.Damaged("its end record is wrong");
  }
  directory->end = Number(locator, 8, 8);
  const std::string record = file.Read(directory->end, kEnd64Size);
  if (!record.starts_with(kEnd64Magic)) {
    file.Damaged("its end record is wrong");
  }
  directory->entries = Number(record, 32, 8);
  directory->size = Number(record, 40, 8);
  directory->offset = Number(record, 48, 8);
}

Directory FindDirectory(const File& file) {
  Directory directory;
  directory.end = FindEnd(file);
  const std::string record = file.Read(directory.end, kEndSize);
  directory.entries = Number(record, 10, 2);
  directory.size = Number(record, 12, 4);
  directory.offset = Number(record, 16, 4);
  const bool in64 = directory.entries == 0xFFFF || directory.size == kIn64 ||
                    directory.offset == kIn64;
  const bool has64 =
      directory.end >= kLocator64Size &&
      file.Read(directory.end - kLocator64Size, 4) == kLocator64Magic;
  if (in64 && (has64 || directory.entries != 0xFFFF)) {
    Apply64(file, &directory);
  } else if (has64) {
    directory.end =
        Number(file.Read(directory.end - kLocator64Size, kLocator64Size), 8, 8);
  }
  // A program may have been put before the zip without telling it.
  const std::uint64_t begin =
      directory.end - std::min(directory.end, directory.size);
  directory.base = begin - std::min(begin, directory.offset);
  directory.offset += directory.base;
  if (directory.offset > directory.end ||
      directory.size != directory.end - directory.offset ||
      (directory.base != 0 && !file.HasProgram())) {
    file.Damaged("its list of entries is not where its end record says");
  }
  return directory;
}

// An entry of the list; `text` begins with it.
struct ListedEntry {
  explicit ListedEntry(std::string_view text)
      : system(Number(text, 5, 1)),
        flags(static_cast<unsigned>(Number(text, 8, 2))),
        method(Number(text, 10, 2)),
        crc(Number(text, 16, 4)),
        packed(Number(text, 20, 4)),
        unpacked(Number(text, 24, 4)),
        name(text.substr(kEntrySize, Number(text, 28, 2))),
        extra(text.substr(kEntrySize + name.size(), Number(text, 30, 2))),
        length(kEntrySize + Number(text, 28, 2) + Number(text, 30, 2) +
               Number(text, 32, 2)),
        offset(Number(text, 42, 4)) {
    Apply64();
  }

  // The zip64 field holds those numbers that did not fit, in this order.
  void Apply64() {
    for (std::string_view rest = extra; rest.size() >= 4;) {
      const std::uint64_t id = Number(rest, 0, 2);
      const std::uint64_t size = Number(rest, 2, 2);
      if (size > rest.size() - 4) return;
      std::string_view field = rest.substr(4, size);
      rest.remove_prefix(4 + size);
      if (id != 1) continue;
      for (std::uint64_t* number : {&unpacked, &packed, &offset}) {
        if (*number != kIn64 || field.size() < 8) continue;
        *number = Number(field, 0, 8);
        field.remove_prefix(8);
      }
    }
  }

  // DOS has the letters of its code page, unless the entry says otherwise.
  bool HasDosLetters() const {
    return (system == kDos || system == kWindows) && (flags & kNameIsUtf8) == 0;
  }
  // On Unix names may hold a backslash.
  bool MadeOnUnix() const { return system == kUnix || system == kDarwin; }

  std::uint64_t system;  // that made the entry
  unsigned flags;
  std::uint64_t method;
  std::uint64_t crc;
  std::uint64_t packed;
  std::uint64_t unpacked;
  std::string_view name;
  std::string_view extra;
  std::uint64_t length;
  std::uint64_t offset;
};

// Collects which letters the names of all entries use.
class NamesSeen {
 public:
  void Add(const ListedEntry& entry) {
    const bool backslash = entry.name.find('\\') != entry.name.npos;
    if (backslash && !entry.MadeOnUnix()) separates_ = true;
    if (IsUtf8(entry.name)) return;
    (entry.HasDosLetters() ? dos_letters_ : unknown_letters_) = true;
  }
  ZipNames Result() const {
    return {separates_ ? Backslash::kSeparator : Backslash::kLetter,
            dos_letters_ && !unknown_letters_ ? OtherLetters::kCp437
                                              : OtherLetters::kRefused};
  }

 private:
  bool separates_ = false;
  bool dos_letters_ = false;
  bool unknown_letters_ = false;
};

bool SameSize(std::uint64_t local, std::uint64_t listed) {
  return local == listed || local == kIn64;
}

// The part of the archive that an entry takes. The sizes may follow its data
// once more, in one of four forms.
struct Extent {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  bool sizes_follow = false;
};

bool MayFollow(const Extent& extent, std::uint64_t next) {
  if (next < extent.end) return false;
  const std::uint64_t between = next - extent.end;
  return between == 0 ||
         (extent.sizes_follow &&
          (between == 12 || between == 16 || between == 20 || between == 24));
}

// Entries must fill the archive up to the list. Overlapping entries are a bomb,
// and readers that go by the local headers would unpack an entry that the list
// leaves out.
void CheckExtents(const File& file, std::vector<Extent> extents,
                  std::uint64_t list) {
  std::sort(extents.begin(), extents.end(),
            [](const Extent& a, const Extent& b) { return a.begin < b.begin; });
  Extent last;
  if (file.HasProgram()) {
    last.end = extents.empty() ? list : extents.front().begin;
  }
  for (const Extent& extent : extents) {
    if (!MayFollow(last, extent.begin)) {
      file.Damaged("its entries overlap, or leave out a part of it");
    }
    last = extent;
  }
  if (!MayFollow(last, list)) {
    file.Damaged("its entries overlap, or leave out a part of it");
  }
}

Extent CompareWithLocal(const File& file, const ListedEntry& entry,
                        std::uint64_t base) {
  // Both are within the file, so that the sum is no overflow.
  if (entry.offset > file.size()) file.Damaged("it points beyond its end");
  const std::uint64_t begin = base + entry.offset;
  const std::string local = file.Read(begin, kLocalSize + entry.name.size());
  bool same = local.starts_with(kZipEntryMagic) &&
              Number(local, 26, 2) == entry.name.size() &&
              local.substr(kLocalSize) == entry.name &&
              Number(local, 8, 2) == entry.method;
  if (same && (Number(local, 6, 2) & kSizesFollow) == 0) {
    same = Number(local, 14, 4) == entry.crc &&
           SameSize(Number(local, 18, 4), entry.packed) &&
           SameSize(Number(local, 22, 4), entry.unpacked);
  }
  if (!same) {
    file.Damaged("its list of entries disagrees with what stands before " +
                 Quoted(entry.name));
  }
  if (entry.packed > file.size()) file.Damaged("it points beyond its end");
  return {.begin = begin,
          .end = begin + local.size() + Number(local, 28, 2) + entry.packed,
          .sizes_follow = (Number(local, 6, 2) & kSizesFollow) != 0};
}

[[noreturn]] void DamagedCount(const File& file) {
  file.Damaged("its list of entries is not as long as its end record says");
}

template <typename Function>
void ForEachListed(const File& file, const Directory& directory,
                   Function function) {
  const std::uint64_t end = directory.offset + directory.size;
  for (std::uint64_t at = directory.offset; at < end;) {
    const std::string window = file.Read(at, std::min(kWindow, end - at));
    std::string_view rest = window;
    while (rest.size() >= kEntrySize && rest.starts_with(kListedMagic)) {
      const ListedEntry entry(rest);
      if (entry.length > rest.size()) break;
      function(entry);
      rest.remove_prefix(entry.length);
    }
    // The next one, if it is whole, begins the next window.
    if (rest.size() == window.size()) {
      file.Damaged("its list of entries is damaged");
    }
    at += window.size() - rest.size();
  }
}

}  // namespace

ZipNames CheckZip(const SpoolCopy& copy, const std::string& name,
                  std::uint64_t max_entries) {
  const File file(copy, name);
  const Directory directory = FindDirectory(file);
  // The manifest may be an entry beside them.
  if (max_entries != 0 && directory.entries > max_entries + 1) {
    file.Fail(ErrorCode::kLimitExceeded,
              "it lists more than " + std::to_string(max_entries) + " entries");
  }
  std::vector<Extent> extents;
  NamesSeen names;
  ForEachListed(file, directory, [&](const ListedEntry& entry) {
    // Checked before memory is spent on further ones.
    if (extents.size() == directory.entries) DamagedCount(file);
    extents.push_back(CompareWithLocal(file, entry, directory.base));
    names.Add(entry);
  });
  if (extents.size() != directory.entries) DamagedCount(file);
  CheckExtents(file, std::move(extents), directory.offset);
  return names.Result();
}

void CheckSevenZip(const SpoolCopy& copy, const std::string& name) {
  constexpr std::size_t kStartSize = 32;
  const File file(copy, name);
  const std::uint64_t size = file.size();
  if (size < kStartSize) file.Truncated();
  const std::string start = file.Read(0, kStartSize);
  const auto* described = reinterpret_cast<const Bytef*>(start.data()) + 12;
  if (crc32(0, described, 20) != Number(start, 8, 4)) {
    file.Damaged("its first bytes are damaged");
  }
  const std::uint64_t offset = Number(start, 12, 8);
  const std::uint64_t length = Number(start, 20, 8);
  const std::uint64_t rest = size - kStartSize;
  if (offset > rest || length > rest - offset) file.Truncated();
  if (length < rest - offset) file.Damaged("trailing data after its end");
}

}  // namespace release
