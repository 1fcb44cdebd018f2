// The text of transaction records: one checked JSON object per line.
#ifndef RELEASE_STORE_RECORD_TEXT_H_
#define RELEASE_STORE_RECORD_TEXT_H_

#include <string>
#include <string_view>

#include "store/journal.h"

namespace release {

// Each returns one whole line, newline included.
std::string BeginLine(std::uint64_t number, const BeginRecord& begin);
std::string StepBegunLine(const std::string& name);
std::string StepLine(const StepRecord& step);
std::string NoteLine(const std::string& text);
std::string TreeLine(std::uint64_t inode);
std::string SwitchingLine();
std::string EndLine(const EndRecord& end);

// What a line holds is added to the record. False where the line does not
// check out or is of no known kind.
bool AddLine(std::string_view line, TransactionRecord* record);

}  // namespace release

#endif  // RELEASE_STORE_RECORD_TEXT_H_
