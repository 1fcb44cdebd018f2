#include "trust/checksum_file.h"

#include <algorithm>
#include <cstddef>

#include "base/error.h"
#include "base/text.h"
#include "os/input.h"

namespace release {
namespace {

constexpr std::size_t kDigestDigits = 64;
constexpr std::size_t kMaxChecksumFile = std::size_t{16} << 20;  // bytes

struct Line {
  std::string sha256;
  std::string_view name;  // empty: a bare digest
};

std::string_view LastComponent(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

// Parses the BSD form, "SHA256 (NAME) = HEX". Searches for ") = " from the end,
// because NAME may contain it.
std::optional<Line> ParseTagged(std::string_view text) {
  constexpr std::string_view kStart = "SHA256 (";
  constexpr std::string_view kMiddle = ") = ";
  if (!text.starts_with(kStart)) return std::nullopt;
  const std::size_t middle = text.rfind(kMiddle);
  if (middle == text.npos || middle <= kStart.size()) return std::nullopt;
  auto sha256 = ParseSha256(text.substr(middle + kMiddle.size()));
  if (!sha256) return std::nullopt;
  return Line{*sha256, text.substr(kStart.size(), middle - kStart.size())};
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
  return Line{*sha256, text.substr(2)};
}

std::optional<Line> ParseLine(std::string_view text) {
  if (auto line = ParseTagged(text)) return line;
  return ParsePlain(text);
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
    const bool digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    if (!digit) return std::nullopt;
  }
  return out;
}

std::optional<std::string> FindChecksum(std::string_view text,
                                        std::string_view file_name, bool sole,
                                        const std::string& origin) {
  std::optional<std::string> found;
  std::size_t lines = 0;
  std::optional<std::string> bare;
  while (!text.empty()) {
    const auto line = ParseLine(TakeLine(&text));
    if (!line) continue;
    ++lines;
    if (line->name.empty()) bare = line->sha256;
    if (LastComponent(line->name) != file_name) continue;
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
  const std::string name(LastComponent(archive_path));
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
