// Classes of ASCII characters, whatever the locale.
#ifndef RELEASE_BASE_ASCII_H_
#define RELEASE_BASE_ASCII_H_

namespace release {

constexpr bool IsDigit(char c) { return c >= '0' && c <= '9'; }

constexpr bool IsAlnum(char c) {
  return IsDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

constexpr char ToLower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace release

#endif  // RELEASE_BASE_ASCII_H_
