// Names that came from outside, made safe to print.
#ifndef RELEASE_BASE_TEXT_H_
#define RELEASE_BASE_TEXT_H_

#include <string>
#include <string_view>

namespace release {

// The text in double quotes; quotes, backslashes and control characters are
// escaped as in C (`\n`, `\x1b`), bytes that are not UTF-8 as `\xNN`.
std::string Quoted(std::string_view text);

// As Quoted, without the quotes around it.
std::string Escaped(std::string_view text);

// For words that hold quotes of their own: control characters and bytes that
// are not UTF-8 are escaped, newlines too; quotes and backslashes stay.
std::string Printable(std::string_view text);

// What Escaped wrote, turned back. False where it is not such a text; `out`
// is then unspecified.
bool Unescape(std::string_view escaped, std::string* out);

// Whether the bytes are well-formed UTF-8.
bool IsUtf8(std::string_view text);

}  // namespace release

#endif  // RELEASE_BASE_TEXT_H_
