// Bytes as lower-case hex digits, two for each byte.
#ifndef RELEASE_BASE_HEX_H_
#define RELEASE_BASE_HEX_H_

#include <span>
#include <string>
#include <string_view>

namespace release {

void AppendHex(std::string* out, std::span<const unsigned char> bytes);
std::string HexText(std::span<const unsigned char> bytes);

// Returns false if the text is not exactly as many bytes; `bytes` is undefined
// then.
bool ParseHex(std::string_view text, std::span<unsigned char> bytes);

}  // namespace release

#endif  // RELEASE_BASE_HEX_H_
