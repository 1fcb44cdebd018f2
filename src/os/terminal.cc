#include "os/terminal.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <iterator>
#include <utility>

#include "base/ascii.h"
#include "base/text.h"
#include "base/units.h"
#include "os/startup.h"

namespace release {
namespace {

int DescriptorOf(OutputStream stream) {
  return stream == OutputStream::kOut ? STDOUT_FILENO : STDERR_FILENO;
}

// Ranges of code points, first and last, from Unicode's East Asian Width and
// General Category. They cover the scripts that people write names in. The C
// library has whole tables, but reads them from files of the host, which a
// static program must not open.
using Range = std::pair<char32_t, char32_t>;
constexpr Range kCombining[] = {
    {0x0300, 0x036F}, {0x0483, 0x0489}, {0x0591, 0x05BD}, {0x064B, 0x065F},
    {0x0900, 0x0902}, {0x0E34, 0x0E3A}, {0x0E47, 0x0E4E}, {0x1AB0, 0x1AFF},
    {0x1DC0, 0x1DFF}, {0x200B, 0x200F}, {0x20D0, 0x20FF}, {0x3099, 0x309A},
    {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}};
constexpr Range kWide[] = {
    {0x1100, 0x115F},   {0x2E80, 0x303E},   {0x3041, 0x33FF},
    {0x3400, 0x4DBF},   {0x4E00, 0x9FFF},   {0xA000, 0xA4CF},
    {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},   {0xFE30, 0xFE6F},
    {0xFF00, 0xFF60},   {0xFFE0, 0xFFE6},   {0x1F300, 0x1F64F},
    {0x1F680, 0x1F6FF}, {0x1F900, 0x1F9FF}, {0x20000, 0x3FFFD}};

template <std::size_t N>
bool Contains(const Range (&ranges)[N], char32_t point) {
  return std::any_of(std::begin(ranges), std::end(ranges), [&](Range range) {
    return range.first <= point && point <= range.second;
  });
}

struct Character {
  std::size_t bytes = 1;
  std::size_t columns = 1;
};

// Returns the first character of `text`, which must not be empty.
Character FirstCharacter(std::string_view text) {
  const auto first = static_cast<unsigned char>(text.front());
  if (first < 0x80) return {};
  const std::size_t bytes = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  if (text.size() < bytes || !IsUtf8(text.substr(0, bytes))) return {};
  // The first byte has 5, 4 or 3 bits of the code point, each other byte 6.
  char32_t point = first & (0xFF >> (bytes + 1));
  for (const char byte : text.substr(1, bytes - 1)) {
    point = (point << 6) | (static_cast<unsigned char>(byte) & 0x3F);
  }
  if (Contains(kCombining, point)) return {bytes, 0};
  return {bytes, Contains(kWide, point) ? 2U : 1U};
}

}  // namespace

bool IsTerminal(OutputStream stream) {
  return isatty(DescriptorOf(stream)) == 1;
}

std::optional<unsigned> TerminalColumns(OutputStream stream) {
  constexpr unsigned kUsual = 80;
  if (!IsTerminal(stream)) return std::nullopt;
  winsize size{};
  if (ioctl(DescriptorOf(stream), TIOCGWINSZ, &size) != 0) return kUsual;
  return size.ws_col == 0 ? kUsual : size.ws_col;
}

// The first of these variables that is set decides, as in setlocale(3).
bool LocaleIsUtf8() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    std::string value = Environment(name);
    if (value.empty()) continue;
    std::transform(value.begin(), value.end(), value.begin(), ToLower);
    return value.ends_with("utf-8") || value.ends_with("utf8");
  }
  return false;
}

std::size_t DisplayWidth(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    const Character first = FirstCharacter(text);
    width += first.columns;
    text.remove_prefix(first.bytes);
  }
  return width;
}

std::string_view FitColumns(std::string_view text, std::size_t columns) {
  std::size_t bytes = 0;
  std::size_t width = 0;
  while (bytes < text.size()) {
    const Character next = FirstCharacter(text.substr(bytes));
    if (width + next.columns > columns) break;
    width += next.columns;
    bytes += next.bytes;
  }
  return text.substr(0, bytes);
}

std::string FormatLocalTime(std::int64_t seconds) {
  const std::time_t instant = seconds;
  std::tm local{};
  tzset();  // localtime_r need not read TZ
  if (localtime_r(&instant, &local) == nullptr) return FormatTime(seconds);
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}",
                     local.tm_year + 1900L, local.tm_mon + 1, local.tm_mday,
                     local.tm_hour, local.tm_min, local.tm_sec);
}

std::optional<std::int64_t> ParseLocalTime(const std::string& text) {
  std::tm local{};
  local.tm_isdst = -1;  // the host's rules decide
  const char* const end = strptime(text.c_str(), "%Y-%m-%d %H:%M:%S", &local);
  if (end == nullptr || *end != '\0') return std::nullopt;
  const std::int64_t seconds = std::mktime(&local);
  // mktime accepts the 31st of February, and strptime a leading blank.
  if (FormatLocalTime(seconds) != text) return std::nullopt;
  return seconds;
}

}  // namespace release
