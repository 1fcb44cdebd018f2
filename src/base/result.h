// How a transaction or a command ended, in one word.
#ifndef RELEASE_BASE_RESULT_H_
#define RELEASE_BASE_RESULT_H_

#include <string_view>

#include "base/error.h"

namespace release {

// Scripts match on the names in the table of result.cc, so they must never
// change.
enum class Result {
  kNone,       // it has not ended; the name is empty
  kCommitted,  // done
  kUnchanged,  // done: the wanted state existed already
  kRefused,    // the archive or its evidence is not acceptable
  kFailed,     // before the switch; nothing changed
  kUndone,     // after the switch; the release before is live again
  kInDoubt,    // a person is needed
  kOpen,       // of a record without an end
  kDied,       // of a notice: the process died, and a later command undid it
  kNothing,    // of `recover`: there was nothing to undo
  kTold,       // of `confirm` and `abort`
  kUnknown,    // written by a version that has more results
};

// Returns the stable name, e.g. "in-doubt".
std::string_view ResultName(Result result);

// Returns kUnknown for a name that this version does not know.
Result ParseResultName(std::string_view name);

// Returns the result of a failure before the switch that has this exit.
Result ResultBeforeSwitch(Exit exit);

}  // namespace release

#endif  // RELEASE_BASE_RESULT_H_
