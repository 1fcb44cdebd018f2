#include "archive/compression.h"

#include <algorithm>

namespace release {
namespace {

std::string_view View(std::span<const char> bytes) {
  return {bytes.data(), bytes.size()};
}

// A zstd stream may begin with a skippable frame: any of 50..5F 2A 4D 18.
bool IsSkippableFrame(std::string_view first) {
  return first.size() >= 4 && (first[0] & 0xF0) == 0x50 &&
         first.substr(1, 3) == "\x2A\x4D\x18";
}

}  // namespace

Compression DetectCompression(std::span<const char> first) {
  for (const CompressionKind& kind : kCompressionKinds) {
    if (!kind.magic.empty() && View(first).starts_with(kind.magic)) {
      return kind.compression;
    }
  }
  return IsSkippableFrame(View(first)) ? Compression::kZstd
                                       : Compression::kNone;
}

bool MayBeginCompression(std::span<const char> first) {
  return std::any_of(std::begin(kCompressionKinds), std::end(kCompressionKinds),
                     [&](const CompressionKind& kind) {
                       return !kind.magic.empty() &&
                              kind.magic.starts_with(View(first));
                     });
}

std::optional<Compression> CompressionOfName(std::string_view file_name) {
  for (const CompressionKind& kind : kCompressionKinds) {
    if (kind.support == CompressionSupport::kReadOnly) continue;
    for (const std::string_view ending : kind.endings) {
      if (!ending.empty() && file_name.ends_with(ending)) {
        return kind.compression;
      }
    }
  }
  return std::nullopt;
}

}  // namespace release
