#include "os/creation_mask.h"

#include <sys/stat.h>

#include <optional>

namespace release {
namespace {

std::optional<mode_t> g_callers;

}  // namespace

void ClearCreationMask() {
  const mode_t before = umask(0);
  if (!g_callers) g_callers = before;
}

CallersCreationMask::CallersCreationMask() : before_(umask(0)) {
  umask(g_callers.value_or(before_));
}

CallersCreationMask::~CallersCreationMask() { umask(before_); }

}  // namespace release
