#include "archive/blocks.h"

#include <functional>

namespace release {

bool Contains(const SharedBlock& block, std::span<const char> bytes) {
  if (!block) return false;
  const std::less_equal<const char*> not_behind;
  return not_behind(block->data(), bytes.data()) &&
         not_behind(bytes.data() + bytes.size(), block->data() + block->size());
}

}  // namespace release
