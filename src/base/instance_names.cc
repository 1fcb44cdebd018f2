#include "base/instance_names.h"

#include <fmt/format.h>

#include <charconv>

#include "base/ascii.h"
#include "base/text.h"

namespace release {
namespace {

constexpr std::string_view kVersionMark = "{version}";
constexpr std::string_view kRestartMark = "+r";

// The characters of a version that systemd-escape leaves as they are.
bool IsPlainInUnit(char c) { return IsAlnum(c) || c == '_' || c == '.'; }

// Splits "shop@.service" into "shop" and ".service".
struct TemplateParts {
  explicit TemplateParts(std::string_view unit)
      : prefix(unit.substr(0, unit.find("@."))),
        suffix(unit.substr(prefix.size() + 1)) {}

  std::string_view prefix;
  std::string_view suffix;
};

std::string Unescaped(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char* digits = text.data() + i + 2;
    unsigned code = 0;
    if (text.substr(i).starts_with("\\x") && i + 4 <= text.size() &&
        std::from_chars(digits, digits + 2, code, 16).ptr == digits + 2) {
      plain += static_cast<char>(code);
      i += 3;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

}  // namespace

bool IsTemplateUnit(std::string_view unit) {
  const std::size_t at = unit.find('@');
  return at != unit.npos && at > 0 && unit.substr(at).starts_with("@.");
}

std::string TemplatePrefix(std::string_view unit) {
  return std::string(TemplateParts(unit).prefix);
}

std::string EscapedForUnit(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    escaped += IsPlainInUnit(c)
                   ? std::string(1, c)
                   : fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
  }
  return escaped;
}

std::string InstanceUnit(std::string_view unit, std::string_view version) {
  const TemplateParts parts(unit);
  return fmt::format("{}@{}{}", parts.prefix, EscapedForUnit(version),
                     parts.suffix);
}

std::optional<Version> VersionOfInstance(std::string_view unit,
                                         std::string_view name) {
  if (!IsTemplateUnit(unit)) return std::nullopt;
  const TemplateParts parts(unit);
  const std::string begin = fmt::format("{}@", parts.prefix);
  if (name.size() <= begin.size() + parts.suffix.size() ||
      !name.starts_with(begin) || !name.ends_with(parts.suffix)) {
    return std::nullopt;
  }
  name.remove_prefix(begin.size());
  name.remove_suffix(parts.suffix.size());
  return Version::Parse(Unescaped(name));
}

std::string InstanceDirectory(const InstancesConfig& config,
                              std::string_view version) {
  return WithMark(config.directory, kVersionMark, version);
}

std::string InstanceSocket(const InstancesConfig& config,
                           std::string_view version) {
  return fmt::format("{}/{}", InstanceDirectory(config, version),
                     config.socket);
}

std::string SocketOf(const Config& config, std::string_view version) {
  const InstancesConfig& instances = config.instances;
  if (!instances.configured || version.empty()) return "";
  return InstanceSocket(instances, version);
}

std::string LiveSocket(const Config& config) {
  return fmt::format("{}/current/{}/{}", config.root, config.instances.link,
                     config.instances.socket);
}

Reason WhyTooLong(const Config& config, std::string_view version) {
  const bool instances = config.instances.configured;
  const std::string& unit = instances ? config.service.unit : config.trial.unit;
  if (unit.empty() || !IsTemplateUnit(unit)) return std::nullopt;
  const std::string name = InstanceUnit(unit, version);
  if (name.size() > kMaxUnitName) {
    return fmt::format(
        "the name of its unit would have {} bytes, and systemd "
        "allows {}",
        name.size(), kMaxUnitName);
  }
  if (!instances) return std::nullopt;
  const std::string socket = InstanceSocket(config.instances, version);
  if (socket.size() <= kMaxSocketPath) return std::nullopt;
  return fmt::format(
      "the path of its socket, {}, would have {} bytes, and the "
      "kernel allows {}",
      Quoted(socket), socket.size(), kMaxSocketPath);
}

std::string RestartName(std::string_view origin, unsigned number) {
  return fmt::format("{}{}{}", origin, kRestartMark, number);
}

unsigned RestartNumber(std::string_view name, std::string_view origin) {
  const std::string begin = fmt::format("{}{}", origin, kRestartMark);
  if (!name.starts_with(begin)) return 0;
  name.remove_prefix(begin.size());
  unsigned number = 0;
  const char* const end = name.data() + name.size();
  const auto [stop, error] = std::from_chars(name.data(), end, number);
  return stop == end && error == std::errc() ? number : 0;
}

std::string WithMark(std::string_view text, std::string_view mark,
                     std::string_view value) {
  std::string out(text);
  for (std::size_t at = out.find(mark); at != out.npos;
       at = out.find(mark, at + value.size())) {
    out.replace(at, mark.size(), value);
  }
  return out;
}

}  // namespace release
