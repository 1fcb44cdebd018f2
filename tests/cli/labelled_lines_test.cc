#include "cli/labelled_lines.h"

#include <doctest/doctest.h>

namespace release {

TEST_CASE("words stand beside their label and are wrapped below each other") {
  const Screen screen{.columns = 34};
  LabelledLines lines(screen);
  lines.Add("health", "status 503, and a long body");
  lines.Add("files", "");
  CHECK(lines.Take() ==
        "health       status 503, and a\n"
        "             long body\n");
}

TEST_CASE(
    "an excerpt has the last ten lines, with control characters escaped") {
  const Screen screen;
  LabelledLines lines(screen, 2);
  lines.Add("cause", "it died");
  std::vector<std::string> log;
  for (int i = 1; i <= 11; ++i) log.push_back("line " + std::to_string(i));
  log.back() += "\x1b[2J";
  lines.AddExcerpt(log);
  const std::string text = lines.Take();
  CHECK(
      text.starts_with("  cause        it died\n"
                       "               line 2\n"));
  CHECK(text.ends_with("               line 11\\x1b[2J\n"));
}

}  // namespace release
