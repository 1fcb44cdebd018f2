// Enumerates the disks that a power cut can leave.
//
// Any subset of the changes that no sync has covered can persist, except that
//   - the changes of one file's content persist in order: a prefix of them, of
//     whose last write perhaps only the first half is on disk;
//   - the changes of one group (a rename between two directories) persist
//     together until a sync covers one of them.
// A file or directory whose entry is lost is lost with it, whatever was kept
// inside. A new file or directory whose entry is kept has its type, mode, owner
// and link target; of its content it has what the changes above have kept.
//
// If there are at most kAllCombinations combinations (about 14 changes), each
// one is tried. Otherwise a sample is: everything lost and everything kept,
// each with every single deviation and (up to kPairs changes) every pair of
// deviations, and kRandom combinations drawn with a fixed seed.
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

// Calls `visit` once with each distinct image that can result.
void ForEachPowerCutImage(const MemImage& durable,
                          const std::vector<ChangePtr>& pending,
                          const std::function<void(MemImage)>& visit);

}  // namespace release

#endif  // RELEASE_TESTS_SUPPORT_POWER_CUT_H_
