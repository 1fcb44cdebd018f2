// The reason for a failure or refusal, as a value.
#ifndef RELEASE_BASE_REASON_H_
#define RELEASE_BASE_REASON_H_

#include <optional>
#include <string>

namespace release {

// Nullopt means success; otherwise a phrase that completes "cannot ...: ".
using Reason = std::optional<std::string>;

}  // namespace release

#endif  // RELEASE_BASE_REASON_H_
