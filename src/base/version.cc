#include "base/version.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"

namespace release {
namespace {

constexpr std::size_t kMaxLength = 128;

bool IsAlnum(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (c >= '0' && c <= '9');
}

bool IsAllowed(char c) {
  return IsAlnum(c) ||
         std::string_view("._+~-").find(c) != std::string_view::npos;
}

std::string_view WithoutArchiveSuffix(std::string_view name) {
  // A suffix must come before any other that it ends with.
  constexpr std::string_view kSuffixes[] = {
      ".tar.zst", ".tar.gz",   ".tar.xz", ".tar.bz2", ".cpio.zst", ".cpio.gz",
      ".cpio.xz", ".cpio.bz2", ".tzst",   ".tgz",     ".txz",      ".tbz2",
      ".tbz",     ".tar",      ".cpio",   ".zip",     ".7z"};
  for (std::string_view suffix : kSuffixes) {
    if (name.ends_with(suffix))
      return name.substr(0, name.size() - suffix.size());
  }
  return name;
}

// Returns the start of the version if the app is unknown, so that the length of
// the name before it is too.
std::optional<std::size_t> FirstDashBeforeDigit(std::string_view stem) {
  for (std::size_t i = 0; i + 1 < stem.size(); ++i) {
    if (stem[i] == '-' && stem[i + 1] >= '0' && stem[i + 1] <= '9')
      return i + 1;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Version> Version::Parse(std::string_view name) {
  if (name.empty() || name.size() > kMaxLength) return std::nullopt;
  if (!IsAlnum(name.front())) return std::nullopt;
  if (!std::all_of(name.begin(), name.end(), IsAllowed)) return std::nullopt;
  return Version(name);
}

Version Version::ParseOrThrow(std::string_view name) {
  if (auto version = Parse(name)) return *version;
  throw Error(
      ErrorCode::kVersionInvalid,
      fmt::format("cannot use {} as a version: it must be 1 to {} of "
                  "A-Z a-z 0-9 . _ + ~ - and begin with a letter or digit",
                  Quoted(name), kMaxLength));
}

std::optional<Version> VersionFromFileName(std::string_view file_name,
                                           std::string_view app) {
  const std::string_view stem = WithoutArchiveSuffix(file_name);
  if (app.empty()) {
    const auto start = FirstDashBeforeDigit(stem);
    return start ? Version::Parse(stem.substr(*start)) : std::nullopt;
  }
  if (!stem.starts_with(app)) return std::nullopt;
  const std::string_view rest = stem.substr(app.size());
  if (!rest.starts_with('-')) return std::nullopt;
  return Version::Parse(rest.substr(1));
}

}  // namespace release
