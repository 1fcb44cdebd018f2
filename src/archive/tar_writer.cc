#include "archive/tar_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "archive/format.h"
#include "base/error.h"
#include "base/text.h"

namespace release {
namespace {

constexpr std::size_t kBlock = 512;
constexpr std::size_t kNameRoom = 100;
constexpr std::uint64_t kLimit = std::uint64_t{1} << 33;  // 11 octal digits
constexpr char kFile = '0';
constexpr char kSymlink = '2';
constexpr char kDirectory = '5';
constexpr char kExtended = 'x';
constexpr unsigned kLinkMode = 0777;
constexpr char kExtendedName[] = "PaxHeader";

bool IsAscii(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x80;
  });
}

bool Fits(const std::string& text) {
  return text.size() <= kNameRoom && IsAscii(text);
}

// "LENGTH KEY=VALUE\n", where the length counts its own digits too.
std::string Record(const std::string& key, const std::string& value) {
  const std::size_t rest = key.size() + value.size() + 3;
  std::size_t length = rest;
  for (std::size_t before = 0; before != length;) {
    before = length;
    length = rest + std::to_string(length).size();
  }
  return fmt::format("{} {}={}\n", length, key, value);
}

class HeaderBlock {
 public:
  void Put(std::size_t at, std::string_view text) {
    std::memcpy(bytes_.data() + at, text.data(), text.size());
  }
  // `digits` octal digits and the zero byte that is there already.
  void PutNumber(std::size_t at, std::size_t digits, std::uint64_t value) {
    Put(at, fmt::format("{:0{}o}", value, digits));
  }
  std::span<const char> Sealed() {
    constexpr std::size_t kSumAt = 148;
    Put(kSumAt, "        ");
    unsigned sum = 0;
    for (const char c : bytes_) sum += static_cast<unsigned char>(c);
    Put(kSumAt, fmt::format("{:06o}", sum));
    bytes_[kSumAt + 6] = '\0';
    return bytes_;
  }

 private:
  std::array<char, kBlock> bytes_{};
};

}  // namespace

void TarWriter::Header(const std::string& name, char type,
                       const Numbers& numbers, const std::string& target) {
  HeaderBlock block;
  block.Put(0, name.substr(0, kNameRoom));
  block.PutNumber(100, 7, numbers.mode);
  block.PutNumber(108, 7, 0);  // user
  block.PutNumber(116, 7, 0);  // group
  // Larger numbers are in the extended header.
  block.PutNumber(124, 11, numbers.size < kLimit ? numbers.size : 0);
  const auto modified = static_cast<std::uint64_t>(numbers.modified);
  block.PutNumber(136, 11, modified < kLimit ? modified : 0);
  block.Put(156, std::string_view(&type, 1));
  block.Put(157, target.substr(0, kNameRoom));
  block.Put(257, kTarMagic);
  block.Put(263, "00");
  sink_(block.Sealed());
}

void TarWriter::Extended(const ManifestEntry& entry, const std::string& name,
                         std::int64_t modified) {
  std::string records;
  if (!Fits(name)) records += Record("path", name);
  if (!Fits(entry.target)) records += Record("linkpath", entry.target);
  if (entry.size >= kLimit) {
    records += Record("size", std::to_string(entry.size));
  }
  // A time before 1970 is beyond the limit as an unsigned number.
  if (static_cast<std::uint64_t>(modified) >= kLimit) {
    records += Record("mtime", std::to_string(modified));
  }
  if (records.empty()) return;
  Header(kExtendedName, kExtended, {0644, records.size(), modified}, "");
  sink_(records);
  Pad(records.size());
}

void TarWriter::Begin(const ManifestEntry& entry, std::int64_t modified) {
  const bool directory = entry.kind == EntryKind::kDirectory;
  const bool link = entry.kind == EntryKind::kSymlink;
  const std::string name = entry.path + (directory ? "/" : "");
  path_ = entry.path;
  size_ = entry.kind == EntryKind::kFile ? entry.size : 0;
  written_ = 0;
  Extended(entry, name, modified);
  Header(name,
         directory ? kDirectory
         : link    ? kSymlink
                   : kFile,
         {link ? kLinkMode : entry.mode, size_, modified}, entry.target);
}

void TarWriter::Content(std::span<const char> bytes) {
  sink_(bytes);
  written_ += bytes.size();
}

void TarWriter::EndContent() {
  if (written_ != size_) {
    throw Error(
        ErrorCode::kIoError,
        fmt::format("cannot pack {}: it changed meanwhile", Quoted(path_)),
        path_);
  }
  Pad(size_);
}

void TarWriter::Pad(std::uint64_t size) {
  constexpr std::array<char, kBlock> kZeros{};
  const std::size_t over = size % kBlock;
  if (over != 0) sink_({kZeros.data(), kBlock - over});
}

void TarWriter::Finish() {
  constexpr std::array<char, 2 * kBlock> kZeros{};
  sink_(kZeros);
}

}  // namespace release
