// Decodes base64.
#ifndef RELEASE_BASE_BASE64_H_
#define RELEASE_BASE_BASE64_H_

#include <optional>
#include <string>
#include <string_view>

namespace release {

// Decodes the alphabet of RFC 4648, section 4, with padding. Returns nullopt
// for any other text. Line breaks and unused bits that are not 0 are refused
// too, so that each byte string has exactly one encoding.
std::optional<std::string> DecodeBase64(std::string_view text);

}  // namespace release

#endif  // RELEASE_BASE_BASE64_H_
