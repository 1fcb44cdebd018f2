// Makes text from outside the program safe to print.
#ifndef RELEASE_BASE_TEXT_H_
#define RELEASE_BASE_TEXT_H_

#include <string>
#include <string_view>
#include <vector>

namespace release {

// Returns the text in double quotes. Quotes, backslashes and control characters
// are escaped as in C (`\n`, `\x1b`), bytes that are not UTF-8 as `\xNN`.
std::string Quoted(std::string_view text);

// Same as Quoted, without the enclosing quotes.
std::string Escaped(std::string_view text);

// Escapes control characters (newlines too) and bytes that are not UTF-8, but
// keeps quotes and backslashes. For messages that contain quotes themselves.
std::string Printable(std::string_view text);

// Same as Printable, but keeps line breaks. For text that leaves the program:
// messages, tables, notices. A name inside must be escaped before, or its line
// breaks would begin lines of their own.
std::string PrintableLines(std::string_view text);

// Reverses Escaped. Returns false if `escaped` has an invalid escape; `out` is
// then unspecified.
bool Unescape(std::string_view escaped, std::string* out);

// Split a message whose first line is the cause and whose other lines are an
// excerpt of a log or of a program's output. LaterLines returns those without
// the two spaces by which they are indented.
std::string FirstLine(const std::string& message);
std::vector<std::string> LaterLines(const std::string& message);
// Extends the cause: appends the first line of `words` to that of `message`.
// Later lines of `words` follow those of `message`.
std::string AppendToFirstLine(const std::string& message,
                              std::string_view words);

// Returns whether the bytes are well-formed UTF-8.
bool IsUtf8(std::string_view text);

}  // namespace release

#endif  // RELEASE_BASE_TEXT_H_
