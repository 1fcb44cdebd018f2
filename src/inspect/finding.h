// A finding of `release check`.
#ifndef RELEASE_INSPECT_FINDING_H_
#define RELEASE_INSPECT_FINDING_H_

#include <string>

namespace release {

struct Finding {
  enum class Level {
    kOk,
    kWarning,  // works, but the admin should know
    kFailure,  // a deploy or a rollback would fail because of it
  };
  Level level = Level::kOk;
  std::string what;   // "root", "layout", "mount", "service", ...
  std::string words;  // a sentence
};

}  // namespace release

#endif  // RELEASE_INSPECT_FINDING_H_
