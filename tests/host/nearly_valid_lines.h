// Random command lines for fuzzing what a restricted key may do.
#ifndef RELEASE_TESTS_HOST_NEARLY_VALID_LINES_H_
#define RELEASE_TESTS_HOST_NEARLY_VALID_LINES_H_

#include <cstddef>
#include <random>
#include <string>
#include <vector>

namespace release {

// Changes valid lines in a few places. The same seed gives the same lines.
class NearlyValidLines {
 public:
  explicit NearlyValidLines(unsigned seed) : random_(seed) {}

  std::string Next() {
    static const std::vector<std::string> good = {
        "deploy - --version 9", "status",  "history --count 1", "list",
        "rollback 1",           "abort",   "activate 1",        "verify --all",
        "stage - --version 8",  "confirm", "status --check"};
    static const std::vector<std::string> bad = {";id",
                                                 "|id",
                                                 "`id`",
                                                 "$(id)",
                                                 "&&id",
                                                 "\nid",
                                                 " ../../etc/passwd",
                                                 " --root /",
                                                 " --config /etc/passwd",
                                                 "%0aid",
                                                 "\r\nid",
                                                 " -oX=y"};
    static const std::string near = "0123456789abcxyz.-+~_ ";
    std::string line = good[random_() % good.size()];
    for (std::size_t n = random_() % 5; n > 0; --n) {
      const std::size_t at = random_() % (line.size() + 1);
      // Most changes are small, because nearly valid words get further into the
      // parser than garbage.
      if (const auto kind = random_() % 8; kind == 0) {
        line.insert(at, bad[random_() % bad.size()]);
      } else if (kind < 5) {
        line.insert(at, 1, near[random_() % near.size()]);
      } else {
        line.insert(at, 1, static_cast<char>(1 + random_() % 255));
      }
    }
    return line;
  }

 private:
  std::mt19937 random_;
};

}  // namespace release

#endif  // RELEASE_TESTS_HOST_NEARLY_VALID_LINES_H_
