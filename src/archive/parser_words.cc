#include "archive/parser_words.h"

namespace release {
namespace {

bool Contains(std::string_view text, std::string_view part) {
  return text.find(part) != text.npos;
}

}  // namespace

bool IsHarmless(std::string_view warning) {
  return Contains(warning, "ACL") || warning.starts_with("Gname") ||
         warning.starts_with("Uname");
}

bool IsAboutName(std::string_view warning) {
  return warning.starts_with("Pathname") || warning.starts_with("Linkname") ||
         warning.starts_with("Symlink");
}

bool IsAboutSupport(std::string_view message) {
  return Contains(message, "upport") || Contains(message, "ncrypt") ||
         Contains(message, "assphrase");
}

bool IsAboutFormat(std::string_view message) {
  return Contains(message, "Unrecognized");
}

}  // namespace release
