#include "archive/blocks.h"

#include <array>
#include <functional>

namespace release {
namespace {

constexpr std::array<char, 65536> kZeros{};

bool IsWithin(std::span<const char> bytes, std::span<const char> all) {
  const std::less_equal<const char*> not_behind;
  return not_behind(all.data(), bytes.data()) &&
         not_behind(bytes.data() + bytes.size(), all.data() + all.size());
}

}  // namespace

bool Contains(const SharedBlock& block, std::span<const char> bytes) {
  return block && IsWithin(bytes, *block);
}

std::span<const char> HoleBytes() { return kZeros; }

bool IsHole(std::span<const char> bytes) {
  return !bytes.empty() && IsWithin(bytes, kZeros);
}

}  // namespace release
