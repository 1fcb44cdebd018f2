#include "archive/blocks.h"

#include <doctest/doctest.h>

#include <string>

namespace release {
namespace {

TEST_CASE("blocks: a kept block is not given out again, a free one is") {
  Pool<Block> pool;
  std::shared_ptr<Block> first = pool.Take(100);
  CHECK(first->size() == 100);
  const SharedBlock kept = first;
  const Block* const where = first.get();
  first.reset();
  std::shared_ptr<Block> second = pool.Take(100);
  CHECK(second.get() != where);
  const Block* const free = second.get();
  second.reset();
  CHECK(pool.Take(100).get() == free);
}

TEST_CASE("blocks: a block outlives its pool") {
  SharedBlock kept;
  {
    Pool<Block> pool;
    const auto block = pool.Take(10);
    block->assign(10, 'x');
    kept = block;
  }
  CHECK(*kept == Block(10, 'x'));
}

TEST_CASE("blocks: an object that can be cleared is returned clear") {
  struct Text {
    std::string value;
    void Clear() { value.clear(); }
  };
  Pool<Text> pool;
  pool.Take()->value = "used";
  CHECK(pool.Take()->value.empty());
  pool.Take()->value = "again";
  CHECK(pool.Take()->value.empty());
}

TEST_CASE("blocks: bytes are known to be part of a block") {
  const auto block = Pool<Block>().Take(10);
  const std::span<const char> all(*block);
  CHECK(Contains(block, all));
  CHECK(Contains(block, all.subspan(3, 2)));
  CHECK(Contains(block, all.last(0)));
  CHECK_FALSE(Contains(block, {all.data() + 1, 10}));
  CHECK_FALSE(Contains(block, std::span<const char>("other")));
  CHECK_FALSE(Contains(nullptr, all));
}

TEST_CASE("blocks: only the zeros of holes are a hole") {
  CHECK(IsHole(HoleBytes()));
  CHECK(IsHole(HoleBytes().subspan(10, 5)));
  CHECK_FALSE(IsHole(HoleBytes().first(0)));
  CHECK_FALSE(IsHole(std::string(10, '\0')));
}

}  // namespace
}  // namespace release
