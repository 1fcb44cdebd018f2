#include "base/result.h"

#include <cstddef>
#include <iterator>

namespace release {
namespace {

struct Row {
  Result result;
  std::string_view name;
};

constexpr Row kTable[] = {
    {Result::kNone, ""},
    {Result::kCommitted, "committed"},
    {Result::kUnchanged, "unchanged"},
    {Result::kRefused, "refused"},
    {Result::kFailed, "failed"},
    {Result::kUndone, "undone"},
    {Result::kInDoubt, "in-doubt"},
    {Result::kOpen, "open"},
    {Result::kDied, "died"},
    {Result::kNothing, "nothing"},
    {Result::kTold, "told"},
    {Result::kUnknown, "unknown"},
};

// ResultName indexes the table, so its rows must be in the enum's order and
// complete.
constexpr bool TableFollowsTheEnum() {
  for (std::size_t i = 0; i < std::size(kTable); ++i) {
    if (static_cast<std::size_t>(kTable[i].result) != i) return false;
  }
  return std::size(kTable) == static_cast<std::size_t>(Result::kUnknown) + 1;
}
static_assert(TableFollowsTheEnum());

}  // namespace

std::string_view ResultName(Result result) {
  return kTable[static_cast<std::size_t>(result)].name;
}

Result ParseResultName(std::string_view name) {
  for (const Row& row : kTable) {
    if (row.name == name) return row.result;
  }
  return Result::kUnknown;
}

Result ResultBeforeSwitch(Exit exit) {
  return exit == Exit::kRefused ? Result::kRefused : Result::kFailed;
}

}  // namespace release
