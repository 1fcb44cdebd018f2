// Pieces of memory that go from the thread that fills them to the one that
// writes them, and back.
#ifndef RELEASE_ARCHIVE_BLOCKS_H_
#define RELEASE_ARCHIVE_BLOCKS_H_

#include <cstddef>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

namespace release {

using Block = std::vector<char>;

// A block, or null, that stays as it is for as long as this is kept.
using SharedBlock = std::shared_ptr<const Block>;

// Whether the bytes lie in that block.
bool LieIn(std::span<const char> bytes, const SharedBlock& block);

// Gives out blocks of one size. Those that nobody keeps any longer are given
// out again: fresh memory costs more than what is done with it. Any thread may
// let go of one, also when the pool is gone.
class BlockPool {
 public:
  explicit BlockPool(std::size_t size);
  // Holds whatever it held before.
  std::shared_ptr<Block> Take();

 private:
  struct Free {
    std::mutex mutex;
    std::vector<std::unique_ptr<Block>> blocks;
    std::size_t made = 0;
  };
  const std::size_t size_;
  std::shared_ptr<Free> free_;
};

}  // namespace release

#endif  // RELEASE_ARCHIVE_BLOCKS_H_
