#include "archive/read_error.h"

#include "base/text.h"

namespace release {

void FailToRead(const std::string& name, ErrorCode code,
                std::string_view reason) {
  throw Error(code, "cannot read " + Quoted(name) + ": " + std::string(reason),
              name);
}

std::string Beginning(std::string_view text) {
  constexpr std::size_t kShown = 512;
  return std::string(text.substr(0, kShown));
}

}  // namespace release
