#include "base/base64.h"

#include <cstdint>

namespace release {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace

// Decodes groups of four letters (24 bits) into up to three bytes. Only the
// last group may be padded; its missing letters count as zero bits.
std::optional<std::string> DecodeBase64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  const std::size_t padding =
      text.ends_with("==") ? 2 : std::size_t{text.ends_with('=')};
  std::string out;
  out.reserve(text.size() / 4 * 3);
  for (std::size_t at = 0; at < text.size(); at += 4) {
    const bool last = at + 4 == text.size();
    const std::size_t letters = last ? 4 - padding : 4;
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      const std::size_t value =
          i < letters ? kAlphabet.find(text[at + i]) : std::size_t{0};
      if (value == kAlphabet.npos) return std::nullopt;
      bits = bits << 6 | static_cast<std::uint32_t>(value);
    }
    const std::size_t bytes = letters - 1;
    // Refuses a last letter with bits beyond the last byte.
    if ((bits & (0xFFFFFFu >> 8 * bytes)) != 0) return std::nullopt;
    for (std::size_t i = 0; i < bytes; ++i) {
      out += static_cast<char>(bits >> (16 - 8 * i) & 0xFF);
    }
  }
  return out;
}

}  // namespace release
