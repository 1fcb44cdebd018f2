#include "base/result.h"

#include "base/name_table.h"

namespace release {
namespace {

struct Row {
  Result value;
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

static_assert(FollowsEnum(kTable, Result::kUnknown));

}  // namespace

std::string_view ResultName(Result result) {
  return RowAt(kTable, result).name;
}

Result ParseResultName(std::string_view name) {
  return FindByName(kTable, name).value_or(Result::kUnknown);
}

Result ResultBeforeSwitch(Exit exit) {
  return exit == Exit::kRefused ? Result::kRefused : Result::kFailed;
}

}  // namespace release
