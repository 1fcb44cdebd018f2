#include "base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace release {
namespace {

// Returns the length of the UTF-8 sequence at the start of `text`, or 0 if
// there is no valid one. Overlong forms, surrogates and codes above U+10FFFF
// are invalid.
std::size_t SequenceLength(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return static_cast<unsigned char>(text[i]);
  };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  std::size_t length = 0;
  unsigned minimum = 0;
  unsigned code = 0;
  if (first >= 0xC2 && first <= 0xDF) {
    length = 2, minimum = 0x80, code = first & 0x1F;
  } else if (first >= 0xE0 && first <= 0xEF) {
    length = 3, minimum = 0x800, code = first & 0x0F;
  } else if (first >= 0xF0 && first <= 0xF4) {
    length = 4, minimum = 0x10000, code = first & 0x07;
  } else {
    return 0;
  }
  if (text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
    code = code << 6 | (byte(i) & 0x3F);
  }
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  return code < minimum || code > 0x10FFFF || surrogate ? 0 : length;
}

// Uses `\x` with exactly two digits, so that a digit that follows is not taken
// as part of the escape.
void AppendEscapedByte(std::string* out, char c) {
  switch (c) {
    case '\n':
      *out += "\\n";
      return;
    case '\t':
      *out += "\\t";
      return;
    case '\r':
      *out += "\\r";
      return;
    case '"':
      *out += "\\\"";
      return;
    case '\\':
      *out += "\\\\";
      return;
    default:
      *out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
  }
}

enum class Kept { kNothing, kQuotes, kQuotesAndLines };

bool NeedsEscape(char c, Kept kept) {
  const auto byte = static_cast<unsigned char>(c);
  if (c == '\n') return kept != Kept::kQuotesAndLines;
  if (c == '"' || c == '\\') return kept == Kept::kNothing;
  return byte < 0x20 || byte == 0x7F;
}

// Copies valid UTF-8 sequences whole and escapes invalid bytes one at a time,
// so that text after a damaged sequence stays readable.
std::string EscapeWith(std::string_view text, Kept kept) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = SequenceLength(text);
    // U+0080 to U+009F are control characters too; some terminals execute them.
    const bool c1 = length == 2 &&
                    static_cast<unsigned char>(text[0]) == 0xC2 &&
                    static_cast<unsigned char>(text[1]) < 0xA0;
    if (length == 0 || c1 || NeedsEscape(text[0], kept)) {
      AppendEscapedByte(&out, text[0]);
      text.remove_prefix(1);
    } else {
      out += text.substr(0, length);
      text.remove_prefix(length);
    }
  }
  return out;
}

}  // namespace

std::string Escaped(std::string_view text) {
  return EscapeWith(text, Kept::kNothing);
}

std::string Printable(std::string_view text) {
  return EscapeWith(text, Kept::kQuotes);
}

std::string PrintableLines(std::string_view text) {
  return EscapeWith(text, Kept::kQuotesAndLines);
}

std::string Quoted(std::string_view text) { return '"' + Escaped(text) + '"'; }

bool Unescape(std::string_view escaped, std::string* out) {
  out->clear();
  for (std::size_t i = 0; i < escaped.size(); ++i) {
    if (escaped[i] != '\\') {
      *out += escaped[i];
      continue;
    }
    if (++i == escaped.size()) return false;
    switch (escaped[i]) {
      case 'n':
        *out += '\n';
        break;
      case 't':
        *out += '\t';
        break;
      case 'r':
        *out += '\r';
        break;
      case '"':
        *out += '"';
        break;
      case '\\':
        *out += '\\';
        break;
      case 'x': {
        unsigned value = 0;
        const char* begin = escaped.data() + i + 1;
        if (i + 2 >= escaped.size()) return false;
        const auto [end, error] = std::from_chars(begin, begin + 2, value, 16);
        if (error != std::errc() || end != begin + 2) return false;
        *out += static_cast<char>(value);
        i += 2;
        break;
      }
      default:
        return false;
    }
  }
  return true;
}

std::string FirstLine(const std::string& message) {
  return message.substr(0, message.find('\n'));
}

std::vector<std::string> LaterLines(const std::string& message) {
  constexpr std::string_view kIndent = "  ";
  std::vector<std::string> lines;
  std::string_view rest = message;
  while (rest.find('\n') != rest.npos) {
    rest.remove_prefix(rest.find('\n') + 1);
    std::string_view line = rest.substr(0, rest.find('\n'));
    if (line.starts_with(kIndent)) line.remove_prefix(kIndent.size());
    if (!line.empty()) lines.emplace_back(line);
  }
  return lines;
}

std::string AppendToFirstLine(const std::string& message,
                              std::string_view words) {
  const std::size_t end = std::min(words.find('\n'), words.size());
  std::string out = message;
  out.insert(FirstLine(message).size(), words.substr(0, end));
  return out.append(words.substr(end));
}

bool IsUtf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = SequenceLength(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

}  // namespace release
