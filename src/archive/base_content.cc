#include "archive/base_content.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"

namespace release {

void FailAsMissing(const BaseContent& content, const std::string& reason) {
  throw Error(ErrorCode::kBaseMissing,
              fmt::format("cannot take {} from {}: {}", Quoted(content.path),
                          content.base, reason),
              content.path);
}

}  // namespace release
