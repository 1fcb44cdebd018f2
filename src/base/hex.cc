#include "base/hex.h"

#include <cstddef>

namespace release {
namespace {

// Returns -1 if the character is not a lower-case hex digit.
int ValueOf(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

}  // namespace

void AppendHex(std::string* out, std::span<const unsigned char> bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::size_t at = out->size();
  out->resize(at + 2 * bytes.size());
  for (const unsigned char byte : bytes) {
    (*out)[at++] = kDigits[byte >> 4];
    (*out)[at++] = kDigits[byte & 0xF];
  }
}

std::string HexText(std::span<const unsigned char> bytes) {
  std::string out;
  AppendHex(&out, bytes);
  return out;
}

bool ParseHex(std::string_view text, std::span<unsigned char> bytes) {
  if (text.size() != 2 * bytes.size()) return false;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const int high = ValueOf(text[2 * i]), low = ValueOf(text[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    bytes[i] = static_cast<unsigned char>(high << 4 | low);
  }
  return true;
}

}  // namespace release
