// Tells archive formats apart by their first bytes.
#ifndef RELEASE_ARCHIVE_FORMAT_H_
#define RELEASE_ARCHIVE_FORMAT_H_

#include <cstddef>
#include <span>
#include <string_view>

namespace release {

// kMaybeTar: not another format; an old tar has no magic bytes.
enum class Format { kTar, kMaybeTar, kCpio, kZip, kSevenZip };

inline bool IsTar(Format format) {
  return format == Format::kTar || format == Format::kMaybeTar;
}

// How many first bytes DetectFormat needs to be sure.
constexpr std::size_t kFormatBytes = 512;

// Magic numbers that a reader or writer of the format needs, too.
inline constexpr std::string_view kTarMagic = "ustar";
inline constexpr std::string_view kCpioCrcMagic = "070702";
inline constexpr std::string_view kZipEntryMagic = "PK\x03\x04";
inline constexpr std::string_view kZipEndMagic = "PK\x05\x06";

// Whether these are the first bytes of a script or program, behind which a zip
// may stand.
bool BeginsProgram(std::span<const char> first);

Format DetectFormat(std::span<const char> first);

// Whether a whole file this short (under kFormatBytes) may be the beginning of
// an archive that was cut.
bool LooksCut(std::span<const char> whole);

}  // namespace release

#endif  // RELEASE_ARCHIVE_FORMAT_H_
