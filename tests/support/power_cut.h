// Which disks a power cut can leave.
//
// Any subset of the changes that no sync has covered persists, except that
//   - changes of one file's content persist in their order, so a prefix of
//     them, and of the last write of that prefix perhaps only the first half;
//   - changes of one group (a rename between two directories) persist together
//     as long as no sync has covered one of them.
// A file or directory whose entry is lost is lost with it, whatever was kept
// inside. One whose entry is kept has its type, mode, owner and link target;
// its content only as far as that was kept.
//
// Every combination is tried where there are at most kAllCombinations of them
// (about 14 changes). Above that, a sample: from everything lost and from
// everything kept, each one and (up to kPairs changes) each two different; and
// kRandom combinations drawn with a fixed seed.
#ifndef RELEASE_TESTS_SUPPORT_POWER_CUT_H_
#define RELEASE_TESTS_SUPPORT_POWER_CUT_H_

#include <cstddef>
#include <functional>
#include <vector>

#include "support/mem_image.h"

namespace release {

constexpr std::size_t kAllCombinations = std::size_t{1} << 14;
constexpr std::size_t kPairs = 48;
constexpr std::size_t kRandom = 400;

// Calls `visit` once with each distinct image.
void ForEachPowerCutImage(const MemImage& durable,
                          const std::vector<ChangePtr>& pending,
                          const std::function<void(MemImage)>& visit);

}  // namespace release

#endif  // RELEASE_TESTS_SUPPORT_POWER_CUT_H_
