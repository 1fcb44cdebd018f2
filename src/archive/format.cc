#include "archive/format.h"

#include <algorithm>
#include <string_view>

#include "archive/compression.h"

namespace release {
namespace {

using namespace std::string_view_literals;

struct Magic {
  std::string_view bytes;
  Format format;
};

constexpr Magic kMagics[] = {
    {"070701"sv, Format::kCpio},   {kCpioCrcMagic, Format::kCpio},
    {"070707"sv, Format::kCpio},   {"\xC7\x71"sv, Format::kCpio},
    {"\x71\xC7"sv, Format::kCpio}, {kZipEntryMagic, Format::kZip},
    {kZipEndMagic, Format::kZip},  {"7z\xBC\xAF\x27\x1C"sv, Format::kSevenZip},
};

// A script, and programs of Linux and Windows.
constexpr std::string_view kPrograms[] = {"#!"sv,
                                          "\x7F"
                                          "ELF"sv,
                                          "MZ\x90\0"sv};

constexpr std::size_t kTarMagicOffset = 257;
constexpr std::size_t kTarNameSize = 100;
constexpr std::size_t kTarModeSize = 8;

std::string_view View(std::span<const char> bytes) {
  return {bytes.data(), bytes.size()};
}

// A tar header begins with a name filled up with NULs and octal digits.
bool LooksLikeTarHeader(std::string_view text) {
  const std::string_view name = text.substr(0, kTarNameSize);
  const std::size_t end = std::min(name.find('\0'), name.size());
  if (end == 0 || end == text.size()) return false;
  if (name.find_first_not_of('\0', end) != name.npos) return false;
  if (text.size() < kTarNameSize) return true;
  return text.substr(kTarNameSize, kTarModeSize)
             .find_first_not_of("01234567 \0"sv) == text.npos;
}

}  // namespace

bool BeginsProgram(std::span<const char> first) {
  return std::any_of(
      std::begin(kPrograms), std::end(kPrograms),
      [&](std::string_view begin) { return View(first).starts_with(begin); });
}

Format DetectFormat(std::span<const char> first) {
  for (const Magic& magic : kMagics) {
    if (View(first).starts_with(magic.bytes)) return magic.format;
  }
  const bool tar = first.size() >= kFormatBytes &&
                   View(first.subspan(kTarMagicOffset)).starts_with(kTarMagic);
  if (tar) return Format::kTar;
  // A zip that unpacks or runs itself begins with a program.
  return BeginsProgram(first) ? Format::kZip : Format::kMaybeTar;
}

bool LooksCut(std::span<const char> whole) {
  const bool magic_cut = std::any_of(
      std::begin(kMagics), std::end(kMagics),
      [&](const Magic& magic) { return magic.bytes.starts_with(View(whole)); });
  return magic_cut || MayBeginCompression(whole) ||
         LooksLikeTarHeader(View(whole));
}

}  // namespace release
