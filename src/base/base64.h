// Bytes as letters.
#ifndef RELEASE_BASE_BASE64_H_
#define RELEASE_BASE_BASE64_H_

#include <optional>
#include <string>
#include <string_view>

namespace release {

// The bytes of a text in the alphabet of RFC 4648, section 4, with its padding.
// Nothing for any other text, one with line breaks or with bits set that mean
// nothing included: bytes have one spelling.
std::optional<std::string> DecodeBase64(std::string_view text);

}  // namespace release

#endif  // RELEASE_BASE_BASE64_H_
