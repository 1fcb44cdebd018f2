#include "os/creation_mask.h"

#include <sys/stat.h>

#include <optional>

namespace release {
namespace {

std::optional<mode_t> g_callers;  // nullopt until the mask is cleared

}  // namespace

void ClearCreationMask() {
  const mode_t before = umask(0);
  if (!g_callers) g_callers = before;
}

// umask can only be read by setting it. If the mask was never cleared, the
// present one is the caller's and is set again.
CallersCreationMask::CallersCreationMask() : before_(umask(0)) {
  umask(g_callers.value_or(before_));
}

CallersCreationMask::~CallersCreationMask() { umask(before_); }

}  // namespace release
