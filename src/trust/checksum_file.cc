#include "trust/checksum_file.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/ascii.h"
#include "base/error.h"
#include "base/text.h"
#include "os/input.h"
#include "os/path_rules.h"

namespace release {
namespace {

constexpr std::size_t kDigestDigits = 64;
constexpr std::size_t kMaxChecksumFile = std::size_t{16} << 20;  // bytes

struct Line {
  std::string sha256;
  std::string_view name;  // empty: a bare digest
};

// Sums of what came through a pipe have no name, or one of these.
std::string_view WithoutPipe(std::string_view name) {
  return name == "-" || name == "stdin" ? std::string_view() : name;
}

// Parses "SHA256 (NAME) = HEX" as BSD writes it, and "SHA256(NAME)= HEX" or
// "SHA2-256(NAME)= HEX" as OpenSSL does. Searches for the middle from the end,
// because NAME may contain it.
std::optional<Line> ParseTagged(std::string_view text) {
  struct Form {
    std::string_view start;
    std::string_view middle;
  };
  constexpr Form kForms[] = {{"SHA256 (", ") = "},
                             {"SHA256(", ")= "},
                             {"SHA2-256(", ")= "},
                             {"(", ")= "}};
  for (const Form& form : kForms) {
    const std::size_t middle = text.rfind(form.middle);
    if (!text.starts_with(form.start) || middle == text.npos ||
        middle <= form.start.size()) {
      continue;
    }
    auto sha256 = ParseSha256(text.substr(middle + form.middle.size()));
    if (!sha256) return std::nullopt;
    return Line{*sha256, WithoutPipe(text.substr(form.start.size(),
                                                 middle - form.start.size()))};
  }
  return std::nullopt;
}

// Parses the form of coreutils: "HEX", "HEX  NAME" or "HEX *NAME".
std::optional<Line> ParsePlain(std::string_view text) {
  auto sha256 = ParseSha256(text.substr(0, kDigestDigits));
  if (!sha256) return std::nullopt;
  text.remove_prefix(kDigestDigits);
  if (text.empty()) return Line{*sha256, ""};
  const bool named =
      text.size() > 2 && text[0] == ' ' && (text[1] == ' ' || text[1] == '*');
  if (!named) return std::nullopt;
  return Line{*sha256, WithoutPipe(text.substr(2))};
}

std::optional<Line> ParseLine(std::string_view text) {
  if (auto line = ParseTagged(text)) return line;
  return ParsePlain(text);
}

void AppendUtf8(std::string* out, std::uint32_t letter) {
  if (letter < 0x80) {
    *out += static_cast<char>(letter);
    return;
  }
  const unsigned more = letter < 0x800 ? 1 : letter < 0x10000 ? 2 : 3;
  constexpr unsigned kFirst[] = {0, 0xC0, 0xE0, 0xF0};
  *out += static_cast<char>(kFirst[more] | letter >> (6 * more));
  for (unsigned i = more; i-- > 0;) {
    *out += static_cast<char>(0x80 | (letter >> (6 * i) & 0x3F));
  }
}

// Converts UTF-16; `low` is the index of the low byte of each unit. Halves of
// pairs that stand alone give bytes that are no name.
std::string FromUtf16(std::string_view text, std::size_t low) {
  std::string out;
  std::uint32_t high_half = 0;
  for (; text.size() >= 2; text.remove_prefix(2)) {
    const auto byte = [&](std::size_t i) {
      return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i]));
    };
    const std::uint32_t unit = byte(1 - low) << 8 | byte(low);
    if (unit >= 0xD800 && unit < 0xDC00) {
      high_half = unit;
      continue;
    }
    const bool pair = high_half != 0 && unit >= 0xDC00 && unit < 0xE000;
    AppendUtf8(
        &out,
        pair ? 0x10000 + ((high_half - 0xD800) << 10) + (unit - 0xDC00) : unit);
    high_half = 0;
  }
  return out;
}

// Returns the text as UTF-8 without a byte order mark: PowerShell writes one,
// and UTF-16.
std::string Decoded(std::string_view text) {
  constexpr std::string_view kUtf8Mark = "\xEF\xBB\xBF";
  if (text.starts_with(kUtf8Mark)) {
    return std::string(text.substr(kUtf8Mark.size()));
  }
  if (text.starts_with("\xFF\xFE")) return FromUtf16(text.substr(2), 0);
  if (text.starts_with("\xFE\xFF")) return FromUtf16(text.substr(2), 1);
  return std::string(text);
}

// Removes the first line from `text` and returns it without trailing blanks: a
// file written on Windows has CR LF.
std::string_view TakeLine(std::string_view* text) {
  const std::size_t end = text->find('\n');
  std::string_view line = text->substr(0, end);
  text->remove_prefix(end == text->npos ? text->size() : end + 1);
  const std::size_t last = line.find_last_not_of(" \t\r");
  return line.substr(0, last == line.npos ? 0 : last + 1);
}

[[noreturn]] void FailConflict(const std::string& origin,
                               std::string_view file_name) {
  throw Error(ErrorCode::kChecksumUnreadable,
              "cannot use " + Quoted(origin) + ": it gives " +
                  Quoted(file_name) + " two different digests",
              origin);
}

// Returns nullopt if the file does not exist. Every failure gets the code that
// says the evidence is unusable, not the disk.
std::optional<std::string> ReadBeside(const std::string& path) {
  try {
    auto file = ReadRegularFile(path, kMaxChecksumFile);
    if (!file) return std::nullopt;
    return std::move(file->content);
  } catch (const Error& error) {
    throw Error(ErrorCode::kChecksumUnreadable, error.what(), path);
  }
}

}  // namespace

std::optional<std::string> ParseSha256(std::string_view hex) {
  if (hex.size() != kDigestDigits) return std::nullopt;
  std::string out(hex);
  for (char& c : out) {
    if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
    const bool digit = IsDigit(c) || (c >= 'a' && c <= 'f');
    if (!digit) return std::nullopt;
  }
  return out;
}

std::optional<std::string> FindChecksum(std::string_view written,
                                        std::string_view file_name, bool sole,
                                        const std::string& origin) {
  const std::string decoded = Decoded(written);
  std::string_view text = decoded;
  std::optional<std::string> found;
  std::size_t lines = 0;
  std::optional<std::string> bare;
  while (!text.empty()) {
    const auto line = ParseLine(TakeLine(&text));
    if (!line) continue;
    ++lines;
    if (line->name.empty()) bare = line->sha256;
    if (SplitPath(line->name).leaf != file_name) continue;
    if (found && *found != line->sha256) FailConflict(origin, file_name);
    found = line->sha256;
  }
  if (lines == 0) {
    throw Error(ErrorCode::kChecksumUnreadable,
                "cannot use " + Quoted(origin) + ": no line holds a SHA-256",
                origin);
  }
  // A bare digest among other lines could belong to any file.
  if (sole && bare && lines == 1) return bare;
  return found;
}

std::optional<ExpectedChecksum> ChecksumBeside(
    const std::string& archive_path) {
  const std::string name(SplitPath(archive_path).leaf);
  const std::string folder =
      archive_path.substr(0, archive_path.size() - name.size());
  const std::string own = archive_path + ".sha256";
  if (const auto text = ReadBeside(own)) {
    if (auto sha256 = FindChecksum(*text, name, true, own)) {
      return ExpectedChecksum{*sha256, own};
    }
    throw Error(
        ErrorCode::kChecksumUnreadable,
        "cannot use " + Quoted(own) + ": no line speaks of " + Quoted(name),
        own);
  }
  const std::string sums = folder + "SHA256SUMS";
  if (const auto text = ReadBeside(sums)) {
    if (auto sha256 = FindChecksum(*text, name, false, sums)) {
      return ExpectedChecksum{*sha256, sums};
    }
  }
  return std::nullopt;
}

}  // namespace release
