// A transaction's record in words, for `status`, `history` and `show`.
#ifndef RELEASE_CLI_RECORD_WORDS_H_
#define RELEASE_CLI_RECORD_WORDS_H_

#include <string>
#include <vector>

#include "cli/screen.h"
#include "os/clock.h"
#include "store/journal.h"

namespace release {

// Each function returns text without control characters and line breaks, unless
// it says so. A damaged record may lack its beginning or its end; the words for
// the missing part are "" or say that it is missing.

// "deploy of 1.4.2", "recover".
std::string TransactionWords(const TransactionRecord& record);

// The release that was live before: "1.4.1", or the target of `current` if that
// was no release; "" if there was none.
std::string FromWords(const BeginRecord& begin);

// "committed", "undone: health-deadline", "committed, recovered".
std::string ResultWords(const TransactionRecord& record);

// The caller: "alice@10.0.0.7".
std::string ByWords(const TransactionRecord& record);

// How long the steps took together.
Nanoseconds TimeOf(const std::vector<StepRecord>& steps);

// How long its steps took, those of an undo too.
Nanoseconds TimeTaken(const TransactionRecord& record);

// Everything about one transaction, as complete lines: who, when, from where to
// where, each step with its time, what was found, and the end of the service's
// log.
std::string TransactionText(const TransactionRecord& record,
                            const Screen& screen);

}  // namespace release

#endif  // RELEASE_CLI_RECORD_WORDS_H_
