#include "trust/allowed_signers.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <vector>

#include "base/ascii.h"
#include "base/error.h"
#include "base/text.h"

namespace release {
namespace {

constexpr std::string_view kBlank = " \t";

std::vector<std::string_view> Split(std::string_view text,
                                    std::string_view separators) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t end = text.find_first_of(separators);
    parts.push_back(text.substr(0, end));
    if (end == text.npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::vector<std::string_view> Words(std::string_view line) {
  std::vector<std::string_view> words = Split(line, kBlank);
  std::erase_if(words, [](std::string_view word) { return word.empty(); });
  return words;
}

// Returns true for a name that ssh-keygen cannot take for a pattern (`*`, `?`
// or `!`) or for an option.
bool IsPlainName(std::string_view name) {
  return !name.empty() && name.front() != '-' &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return IsAlnum(c) ||
                  std::string_view("@._+-").find(c) != std::string_view::npos;
         });
}

bool AreDigits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), IsDigit);
}

// Returns VALUE of an option NAME="VALUE", or an empty string if the option has
// another name or an empty value.
std::string_view Value(std::string_view option, std::string_view name) {
  if (!option.starts_with(name)) return {};
  option.remove_prefix(name.size());
  if (option.size() < 4 || !option.starts_with("=\"") ||
      !option.ends_with('"')) {
    return {};
  }
  return option.substr(2, option.size() - 3);
}

// Splits at commas, except inside quotes: a list of namespaces has commas too.
std::vector<std::string_view> SplitOptions(std::string_view text) {
  std::vector<std::string_view> options;
  std::size_t begin = 0;
  bool quoted = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '"') quoted = !quoted;
    if (text[at] != ',' || quoted) continue;
    options.push_back(text.substr(begin, at - begin));
    begin = at + 1;
  }
  options.push_back(text.substr(begin));
  return options;
}

// WrongPrincipals and WrongOptions return the problem, or an empty string.
std::string WrongPrincipals(std::string_view text) {
  for (const std::string_view name : Split(text, ",")) {
    if (IsPlainName(name)) continue;
    return fmt::format(
        "{} is no principal's name; a pattern would let in who "
        "is not named",
        Quoted(name));
  }
  return "";
}

// Every key must be restricted to namespaces: otherwise a signature made for
// another purpose, such as a Git commit, could be presented as one for a
// release.
std::string WrongOptions(std::string_view text) {
  bool named = false;
  for (const std::string_view option : SplitOptions(text)) {
    const std::string_view spaces = Value(option, "namespaces");
    if (!spaces.empty() && !named) {
      for (const std::string_view name : Split(spaces, ",")) {
        if (IsPlainName(name)) continue;
        return fmt::format("{} is no namespace's name", Quoted(name));
      }
      named = true;
      continue;
    }
    std::string_view time = Value(option, "valid-after");
    if (time.empty()) time = Value(option, "valid-before");
    if (time.ends_with('Z')) time.remove_suffix(1);
    if (!AreDigits(time)) {
      return fmt::format("the option {} is not taken", Quoted(option));
    }
  }
  return named ? "" : "it has no namespaces=\"release\"";
}

}  // namespace

void CheckAllowedSigners(std::string_view text, const std::string& origin) {
  std::set<std::string_view> keys;
  const auto fail = [&](const std::string& where, const std::string& reason) {
    throw Error(ErrorCode::kKeysUnusable,
                fmt::format("cannot use {}: {}{}", origin, where, reason),
                origin);
  };
  std::size_t number = 0;
  for (const std::string_view line : Split(text, "\n")) {
    const std::string where = fmt::format("line {}: ", ++number);
    const std::vector<std::string_view> words = Words(line);
    if (words.empty() || words[0].starts_with('#')) continue;
    if (words.size() < 4) {
      fail(where,
           "it must have a principal, namespaces, a key's type and the key");
    }
    std::string wrong = WrongPrincipals(words[0]);
    if (wrong.empty()) wrong = WrongOptions(words[1]);
    // ssh-keygen accepts a key if any of its lines does, so a second line would
    // silently widen the first.
    if (wrong.empty() && !keys.insert(words[3]).second) {
      wrong = "its key is there already";
    }
    if (!wrong.empty()) fail(where, wrong);
  }
  if (keys.empty()) fail("", "it holds no key");
}

}  // namespace release
