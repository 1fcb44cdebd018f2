#include "base/config_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

#include "base/units.h"
#include "base/version.h"

namespace release {
namespace {

constexpr unsigned kHighestPort = 65535;

// Returns nullopt unless the whole text is a decimal number that fits.
std::optional<std::uint64_t> Number(std::string_view text) {
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end) return std::nullopt;
  return value;
}

std::string_view WithoutSlashes(std::string_view path) {
  while (path.ends_with('/')) path.remove_suffix(1);
  return path;
}

// Returns whether `test` is true of any component of the path.
template <typename Test>
bool AnyPart(std::string_view path, Test test) {
  while (true) {
    const std::size_t slash = path.find('/');
    if (test(path.substr(0, slash))) return true;
    if (slash == path.npos) return false;
    path.remove_prefix(slash + 1);
  }
}

bool IsBlankOrControl(char c) {
  return static_cast<unsigned char>(c) <= ' ' || c == 0x7F;
}

bool HasBlank(std::string_view text) {
  return std::any_of(text.begin(), text.end(), IsBlankOrControl);
}

}  // namespace

std::string ReadNumber(std::string_view text, std::uint64_t least,
                       std::uint64_t most, std::uint64_t* out) {
  const auto value = Number(text);
  if (!value || *value < least || *value > most) {
    return fmt::format("must be a whole number from {} to {}", least, most);
  }
  *out = *value;
  return "";
}

std::string ReadDuration(std::string_view text, Zero zero, Duration* out) {
  const auto value = ParseDuration(text);
  if (!value) return "must be a duration, such as \"90s\" or \"1h30m\"";
  if (zero == Zero::kRefused && *value == Duration::zero()) {
    return "must be longer than 0";
  }
  *out = *value;
  return "";
}

std::string ReadSize(std::string_view text, std::uint64_t* out) {
  const auto value = ParseSize(text);
  if (!value || *value == 0) {
    return "must be a size above 0, such as \"16GiB\" or \"500MB\"";
  }
  *out = *value;
  return "";
}

std::string ReadAbsolutePath(std::string_view text, HostPath* out) {
  if (!text.starts_with('/')) return "must be an absolute path";
  if (AnyPart(text, [](std::string_view part) { return part == ".."; })) {
    return "must not contain \"..\"";
  }
  const std::string_view path = WithoutSlashes(text);
  if (path.empty()) return "must not be \"/\"";
  *out = std::string(path);
  return "";
}

std::string ReadLinkPattern(std::string_view text, std::string* out) {
  const bool below = text.ends_with("/*");
  HostPath path;
  const std::string reason =
      ReadAbsolutePath(text.substr(0, text.size() - (below ? 2 : 0)), &path);
  if (!reason.empty() || path.native().find('*') != path.native().npos) {
    return "must be an absolute path other than /, or one followed by /*";
  }
  *out = path.string() + (below ? "/*" : "");
  return "";
}

std::string ReadRelativePath(std::string_view text, std::string* out) {
  if (text.starts_with('/')) return "must be relative to the release";
  const std::string_view path = WithoutSlashes(text);
  if (AnyPart(path, [](std::string_view part) {
        return part.empty() || part == "." || part == "..";
      })) {
    return "must not contain an empty, \".\" or \"..\" component";
  }
  *out = path;
  return "";
}

std::string ReadName(std::string_view text, std::string* out) {
  if (!Version::Parse(text)) {
    return "must be letters, digits and ._+~-, beginning with one of the "
           "former";
  }
  *out = text;
  return "";
}

std::string ReadOwner(std::string_view text, std::string* out) {
  const std::size_t colon = text.find(':');
  const bool two = colon != text.npos && colon > 0 && colon + 1 < text.size() &&
                   text.find(':', colon + 1) == text.npos;
  if (!two || HasBlank(text)) return "must be \"user:group\"";
  *out = text;
  return "";
}

std::string ReadUser(std::string_view text, std::string* out) {
  if (text.empty() || text.front() == '-' || HasBlank(text) ||
      text.find(':') != text.npos) {
    return "must be the name of a user, such as \"shop\"";
  }
  *out = text;
  return "";
}

std::string ReadMask(std::string_view text, unsigned* out) {
  unsigned mask = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, mask, 8);
  const bool number = error == std::errc() && stop == end && mask <= 0777;
  if (!number || text.size() < 3 || text.size() > 4) {
    return "must be permission bits in octal, such as \"0022\"";
  }
  *out = mask;
  return "";
}

std::string ReadUnit(std::string_view text, std::string* out) {
  if (text.empty() || text.front() == '-' || HasBlank(text) ||
      text.find('/') != text.npos) {
    return "must be the name of a systemd unit, such as \"shop.service\"";
  }
  *out = text;
  return "";
}

std::string ReadSignal(std::string_view text, std::string* out) {
  constexpr std::string_view kNames[] = {"HUP",  "INT",  "QUIT", "TERM",
                                         "USR1", "USR2", "WINCH"};
  std::string_view name = text;
  if (name.starts_with("SIG")) name.remove_prefix(3);
  if (std::find(std::begin(kNames), std::end(kNames), name) ==
      std::end(kNames)) {
    return fmt::format("must be one of {}", fmt::join(kNames, ", "));
  }
  *out = name;
  return "";
}

std::string ReadInstanceDirectory(std::string_view text, std::string* out) {
  HostPath path;
  const std::string reason = ReadAbsolutePath(text, &path);
  if (!reason.empty()) return reason;
  if (text.find("{version}") == text.npos) {
    return "must contain {version}: each release has a socket of its own";
  }
  *out = path.string();
  return "";
}

std::string ReadLinkName(std::string_view text, std::string* out) {
  std::string name;
  const std::string reason = ReadRelativePath(text, &name);
  if (!reason.empty() || name.find('/') != std::string::npos) {
    return "must be one name, such as \"run\"";
  }
  *out = name;
  return "";
}

std::string ReadUrl(std::string_view text, UrlForms forms, std::string* out) {
  std::string_view rest = text;
  bool good = false;
  if (rest.starts_with("unix:{socket}:/") && forms == UrlForms::kHttpAndUnix) {
    good = true;
  } else if (rest.starts_with("unix:/") && forms == UrlForms::kHttpAndUnix) {
    // The first ":/" after "unix:/" separates the socket from the path.
    const std::size_t path = rest.find(":/", 6);
    good = path != rest.npos && path > 6;
  } else {
    const bool https = rest.starts_with("https://");
    if (https || rest.starts_with("http://")) {
      rest.remove_prefix(https ? 8 : 7);
      good = !rest.empty() &&
             std::string_view("/?#:").find(rest[0]) == std::string_view::npos;
    }
  }
  if (!good || HasBlank(text)) {
    return forms == UrlForms::kHttp
               ? "must be http://HOST... or https://HOST..."
               : "must be http://HOST..., https://HOST... or "
                 "unix:/SOCKET:/PATH";
  }
  *out = text;
  return "";
}

std::string ReadTcp(std::string_view text, std::string* out) {
  const std::size_t colon = text.rfind(':');
  const std::string_view host = text.substr(0, colon);
  // An IPv6 address must be in brackets, or its end would look like a port.
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  const auto port =
      colon == text.npos ? std::nullopt : Number(text.substr(colon + 1));
  if (!port || *port == 0 || *port > kHighestPort || host.empty() ||
      HasBlank(host) || (host.find(':') != host.npos && !bracketed)) {
    return "must be \"host:port\"";
  }
  *out = text;
  return "";
}

std::string ReadStatusRange(std::string_view text, HealthConfig* out) {
  const std::size_t dash = text.find('-');
  const auto low = Number(text.substr(0, dash));
  const auto high = dash == text.npos ? low : Number(text.substr(dash + 1));
  if (!low || !high || *low < 100 || *high > 599 || *low > *high) {
    return "must be an HTTP status or a range, such as \"200-299\"";
  }
  out->status_low = static_cast<unsigned>(*low);
  out->status_high = static_cast<unsigned>(*high);
  return "";
}

// Levenshtein distance with one row of the table: row[j] is the distance
// between the first i characters of `a` and the first j of `b`; `diagonal`
// keeps the value of the row above that the loop has just overwritten.
std::size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({changed, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

bool Overlap(std::string_view a, std::string_view b) {
  if (a.size() > b.size()) std::swap(a, b);
  return b.starts_with(a) && (a.size() == b.size() || b[a.size()] == '/');
}

}  // namespace release
