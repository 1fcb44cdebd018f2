#include "os/terminal.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <clocale>
#include <ctime>
#include <cwchar>

#include "base/ascii.h"
#include "base/units.h"
#include "os/startup.h"

namespace release {
namespace {

int DescriptorOf(OutputStream stream) {
  return stream == OutputStream::kOut ? STDOUT_FILENO : STDERR_FILENO;
}

// The character types of UTF-8, for this thread, while the object lives. The
// program's own locale stays "C", so that no message depends on it.
class Utf8Locale {
 public:
  Utf8Locale() : previous_(uselocale(Shared())) {}
  ~Utf8Locale() { uselocale(previous_); }
  Utf8Locale(const Utf8Locale&) = delete;
  Utf8Locale& operator=(const Utf8Locale&) = delete;

 private:
  // Made once and never freed. Null if the host lacks C.UTF-8, which leaves
  // the thread's locale as it is: each byte then counts as one column.
  static locale_t Shared() {
    static const locale_t made = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
    return made;
  }
  locale_t previous_;
};

struct Character {
  std::size_t bytes = 1;
  std::size_t columns = 1;
};

// Returns the first character of `text`, which must not be empty.
Character FirstCharacter(std::string_view text) {
  wchar_t wide = 0;
  std::mbstate_t state{};
  const std::size_t bytes =
      std::mbrtowc(&wide, text.data(), text.size(), &state);
  const bool valid = bytes != 0 && bytes <= text.size();
  if (!valid) return {};
  const int columns = wcwidth(wide);
  return {bytes, columns < 0 ? 1 : static_cast<std::size_t>(columns)};
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
  const Utf8Locale locale;
  std::size_t width = 0;
  while (!text.empty()) {
    const Character first = FirstCharacter(text);
    width += first.columns;
    text.remove_prefix(first.bytes);
  }
  return width;
}

std::string_view FitColumns(std::string_view text, std::size_t columns) {
  const Utf8Locale locale;
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
