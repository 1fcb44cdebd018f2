// Lines of the form "label        words", with the words wrapped below each
// other.
#ifndef RELEASE_CLI_LABELLED_LINES_H_
#define RELEASE_CLI_LABELLED_LINES_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "cli/screen.h"

namespace release {

class LabelledLines {
 public:
  // `screen` must outlive the object. Each line begins with `indent` spaces.
  explicit LabelledLines(const Screen& screen, std::size_t indent = 0)
      : screen_(screen), indent_(indent) {}

  // Adds a line; does nothing if `words` is empty. Control characters must be
  // escaped. Line breaks in `words` are kept.
  void Add(std::string_view label, const std::string& words);
  // Adds the last ten of `lines`, one each, below the words of the line before.
  void AddExcerpt(const std::vector<std::string>& lines);

  // Returns the complete lines.
  std::string Take() { return std::move(text_); }

 private:
  const Screen& screen_;
  std::size_t indent_;
  std::string text_;
};

}  // namespace release

#endif  // RELEASE_CLI_LABELLED_LINES_H_
