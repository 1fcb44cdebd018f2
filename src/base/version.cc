#include "base/version.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/ascii.h"
#include "base/error.h"
#include "base/text.h"

namespace release {
namespace {

constexpr std::size_t kMaxLength = 128;

bool IsAllowed(char c) {
  return IsAlnum(c) ||
         std::string_view("._+~-").find(c) != std::string_view::npos;
}

std::string_view WithoutArchiveSuffix(std::string_view name) {
  // A suffix must come before any other that it ends with.
  constexpr std::string_view kSuffixes[] = {
      ".tar.zst", ".tar.gz",  ".tar.xz",   ".tar.bz2", ".cpio.zst",
      ".cpio.gz", ".cpio.xz", ".cpio.bz2", ".tzst",    ".tgz",
      ".txz",     ".tbz2",    ".tbz",      ".tar",     ".cpio",
      ".zip",     ".7z",      ".jar",      ".war",     ".ear"};
  for (std::string_view suffix : kSuffixes) {
    if (name.ends_with(suffix))
      return name.substr(0, name.size() - suffix.size());
  }
  return name;
}

// Whether the text begins as the versions of most projects: "1.4", "v1.4".
bool BeginsWithNumber(std::string_view text) {
  if (text.starts_with('v')) text.remove_prefix(1);
  return !text.empty() && IsDigit(text.front());
}

// Returns what follows the first `separator` before a number; nullopt if there
// is none.
std::optional<std::string_view> AfterFirst(char separator,
                                           std::string_view stem) {
  for (std::size_t i = 0; i + 1 < stem.size(); ++i) {
    if (stem[i] == separator && BeginsWithNumber(stem.substr(i + 1))) {
      return stem.substr(i + 1);
    }
  }
  return std::nullopt;
}

// Whether the whole name is a version, as that of a repository's archive of a
// tag: "v1.4.2", "1.4.2". A number alone may count anything.
bool IsBareVersion(std::string_view stem) {
  if (!BeginsWithNumber(stem)) return false;
  const std::size_t dot = stem.find_first_not_of("v0123456789");
  return stem.starts_with('v') ||
         (dot != stem.npos && stem[dot] == '.' && dot + 1 < stem.size() &&
          IsDigit(stem[dot + 1]));
}

// Takes the system and processor off the end: "1.4.2_linux_amd64" is 1.4.2.
std::string_view WithoutPlatform(std::string_view text) {
  constexpr std::string_view kWords[] = {
      "linux",     "Linux",   "unknown", "gnu",     "musl",
      "gnueabihf", "amd64",   "x86_64",  "x64",     "i386",
      "i686",      "386",     "arm64",   "aarch64", "armv6",
      "armv6l",    "armv7",   "armv7l",  "armhf",   "riscv64",
      "s390x",     "ppc64le", "noarch",  "any",     "musleabihf"};
  for (bool found = true; found;) {
    found = false;
    for (const std::string_view word : kWords) {
      if (text.size() < word.size() + 2 || !text.ends_with(word)) continue;
      const char before = text[text.size() - word.size() - 1];
      if (before != '-' && before != '_') continue;
      text.remove_suffix(word.size() + 1);
      found = true;
    }
  }
  return text;
}

// Returns the part of the name that holds the version, and maybe a platform.
std::optional<std::string_view> PartWithVersion(std::string_view stem,
                                                std::string_view app) {
  if (IsBareVersion(stem)) return stem;
  if (app.empty()) {
    const auto part = AfterFirst('-', stem);
    return part ? part : AfterFirst('_', stem);
  }
  if (!stem.starts_with(app)) return std::nullopt;
  const std::string_view rest = stem.substr(app.size());
  if (rest.starts_with('-')) return rest.substr(1);
  const bool underscore =
      rest.starts_with('_') && BeginsWithNumber(rest.substr(1));
  if (!underscore) return std::nullopt;
  return rest.substr(1);
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
  auto part = PartWithVersion(WithoutArchiveSuffix(file_name), app);
  if (!part) return std::nullopt;
  if (part->starts_with('v') && BeginsWithNumber(*part)) part->remove_prefix(1);
  return Version::Parse(WithoutPlatform(*part));
}

}  // namespace release
