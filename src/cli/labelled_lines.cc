#include "cli/labelled_lines.h"

#include <fmt/format.h>

#include "base/text.h"

namespace release {
namespace {

constexpr std::size_t kLabel = 13;      // the width of the labels
constexpr std::size_t kMostLines = 10;  // of an excerpt

}  // namespace

void LabelledLines::Add(std::string_view label, const std::string& words) {
  if (words.empty()) return;
  text_ += fmt::format("{:<{}}{:<{}}{}\n", "", indent_, label, kLabel,
                       Wrapped(screen_, words, indent_ + kLabel));
}

void LabelledLines::AddExcerpt(const std::vector<std::string>& lines) {
  const std::size_t skipped =
      lines.size() > kMostLines ? lines.size() - kMostLines : 0;
  for (std::size_t i = skipped; i < lines.size(); ++i) {
    Add("", Printable(lines[i]));
  }
}

}  // namespace release
