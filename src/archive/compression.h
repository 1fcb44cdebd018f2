// The kinds of compression that an archive may have, how each is recognized,
// and which of them `pack` writes. A leaf of this room.
#ifndef RELEASE_ARCHIVE_COMPRESSION_H_
#define RELEASE_ARCHIVE_COMPRESSION_H_

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace release {

enum class Compression { kNone, kGzip, kBzip2, kXz, kZstd };

enum class CompressionSupport { kReadOnly, kReadAndWrite };

struct CompressionKind {
  Compression compression;
  CompressionSupport support;
  std::string_view magic;                   // first bytes; empty for kNone
  std::array<std::string_view, 2> endings;  // of a tar's name; unused: empty
};

inline constexpr CompressionKind kCompressionKinds[] = {
    {Compression::kNone, CompressionSupport::kReadAndWrite, "", {".tar", ""}},
    {Compression::kGzip,
     CompressionSupport::kReadAndWrite,
     "\x1F\x8B",
     {".tar.gz", ".tgz"}},
    {Compression::kBzip2,
     CompressionSupport::kReadOnly,
     "BZh",
     {".tar.bz2", ".tbz2"}},
    {Compression::kXz,
     CompressionSupport::kReadAndWrite,
     {"\xFD"
      "7zXZ\0",
      6},
     {".tar.xz", ".txz"}},
    {Compression::kZstd,
     CompressionSupport::kReadAndWrite,
     "\x28\xB5\x2F\xFD",
     {".tar.zst", ".tzst"}},
};

// DetectCompression needs this many first bytes to be sure.
inline constexpr std::size_t kLongestMagic = 6;

// Recognizes a stream by its first bytes; kNone if no kind begins like that.
Compression DetectCompression(std::span<const char> first);

// Whether bytes this few may be the beginning of a compressed stream.
bool MayBeginCompression(std::span<const char> first);

// The compression that `pack` uses for a file of this name; nullopt if the name
// has none of the endings of a kind that can be written.
std::optional<Compression> CompressionOfName(std::string_view file_name);

}  // namespace release

#endif  // RELEASE_ARCHIVE_COMPRESSION_H_
