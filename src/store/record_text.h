// The text of transaction records: one JSON object with a checksum per line
// (docs/formats.md).
#ifndef RELEASE_STORE_RECORD_TEXT_H_
#define RELEASE_STORE_RECORD_TEXT_H_

#include <optional>
#include <string>
#include <string_view>

#include "store/journal.h"

namespace release {

// Each returns one complete line, including its line break.
std::string BeginLine(std::uint64_t number, const BeginRecord& begin);
std::string StepBegunLine(const std::string& name,
                          StepPhase phase = StepPhase::kForward,
                          std::int64_t until = 0);
std::string StepLine(const StepRecord& step,
                     StepPhase phase = StepPhase::kForward);
std::string NoteLine(const std::string& text);
std::string TreeLine(std::uint64_t inode);
std::string StartingLine(ServiceBefore before);
std::string SwitchingLine(ServiceBefore before = ServiceBefore::kRunning);
std::string EndLine(const EndRecord& end);

// Parses one line, without its line break, and adds its content to the record.
// Returns false if the checksum does not match or the object cannot be read. A
// line of a kind that this version does not know is ignored and returns true.
bool AddLine(std::string_view line, TransactionRecord* record);

// A whole record in one line, for the history of old transactions: how it began
// and how it ended, without its steps, its notes and the ledger.
// ParseFoldedLine returns nullopt where AddLine returns false.
std::string FoldedLine(const TransactionRecord& record);
std::optional<TransactionRecord> ParseFoldedLine(std::string_view line);

}  // namespace release

#endif  // RELEASE_STORE_RECORD_TEXT_H_
