#include "archive/blocks.h"

#include <functional>
#include <utility>

namespace release {

bool LieIn(std::span<const char> bytes, const SharedBlock& block) {
  if (!block) return false;
  const std::less_equal<const char*> not_behind;
  return not_behind(block->data(), bytes.data()) &&
         not_behind(bytes.data() + bytes.size(), block->data() + block->size());
}

BlockPool::BlockPool(std::size_t size)
    : size_(size), free_(std::make_shared<Free>()) {}

std::shared_ptr<Block> BlockPool::Take() {
  std::unique_ptr<Block> block;
  {
    const std::lock_guard lock(free_->mutex);
    if (free_->blocks.empty()) {
      // So that giving it back needs no memory.
      free_->blocks.reserve(++free_->made);
    } else {
      block = std::move(free_->blocks.back());
      free_->blocks.pop_back();
    }
  }
  if (!block) block = std::make_unique<Block>(size_);
  return {block.release(), [free = free_](Block* returned) {
            const std::lock_guard lock(free->mutex);
            free->blocks.emplace_back(returned);
          }};
}

}  // namespace release
