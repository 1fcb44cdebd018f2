#include "archive/blocks.h"

#include <doctest/doctest.h>

namespace release {
namespace {

TEST_CASE("blocks: one that is kept is not given out again, another is") {
  BlockPool pool(100);
  std::shared_ptr<Block> first = pool.Take();
  CHECK(first->size() == 100);
  const SharedBlock kept = first;
  const Block* const where = first.get();
  first.reset();
  std::shared_ptr<Block> second = pool.Take();
  CHECK(second.get() != where);
  const Block* const free = second.get();
  second.reset();
  CHECK(pool.Take().get() == free);
}

TEST_CASE("blocks: one outlives its pool") {
  SharedBlock kept;
  {
    BlockPool pool(10);
    const auto block = pool.Take();
    block->assign(10, 'x');
    kept = block;
  }
  CHECK(*kept == Block(10, 'x'));
}

TEST_CASE("blocks: what lies in one") {
  const auto block = BlockPool(10).Take();
  const std::span<const char> all(*block);
  CHECK(LieIn(all, block));
  CHECK(LieIn(all.subspan(3, 2), block));
  CHECK(LieIn(all.last(0), block));
  CHECK_FALSE(LieIn({all.data() + 1, 10}, block));
  CHECK_FALSE(LieIn(std::span<const char>("other"), block));
  CHECK_FALSE(LieIn(all, nullptr));
}

}  // namespace
}  // namespace release
