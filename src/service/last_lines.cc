#include "service/last_lines.h"

#include "base/text.h"

namespace release {

// Takes lines from the end of the output, so that a long output costs nothing.
std::string LastLines(std::string_view output, std::size_t count) {
  std::string lines;
  while (count > 0 && !output.empty()) {
    const std::size_t newline = output.rfind('\n');
    const std::size_t start = newline == output.npos ? 0 : newline + 1;
    std::string_view line = output.substr(start);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.empty()) {
      lines.insert(0, "\n  " + Printable(line));
      --count;
    }
    output = output.substr(0, newline == output.npos ? 0 : newline);
  }
  return lines;
}

}  // namespace release
