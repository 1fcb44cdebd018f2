// Content that a thin archive takes from its base instead of bringing it.
#ifndef RELEASE_ARCHIVE_BASE_CONTENT_H_
#define RELEASE_ARCHIVE_BASE_CONTENT_H_

#include <cstdint>
#include <string>

#include "base/manifest.h"

namespace release {

// The content of one file, as the manifest says it.
struct BaseContent {
  std::string base;  // name of the base, for messages
  std::string path;  // of a file in the base that had it
  std::uint64_t size = 0;
  ContentHash hash{};
  Sha256Bytes sha256{};
};

// Throws Error kBaseMissing: the base does not have the content.
[[noreturn]] void FailAsMissing(const BaseContent& content,
                                const std::string& reason);

}  // namespace release

#endif  // RELEASE_ARCHIVE_BASE_CONTENT_H_
