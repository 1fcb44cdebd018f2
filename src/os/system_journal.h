// The system's journal, by journald's own protocol.
#ifndef RELEASE_OS_SYSTEM_JOURNAL_H_
#define RELEASE_OS_SYSTEM_JOURNAL_H_

#include <string>
#include <utility>
#include <vector>

namespace release {

// Where journald listens.
inline constexpr char kJournalSocket[] = "/run/systemd/journal/socket";

// Names of capital letters, digits and underscores, with any bytes as values.
using JournalFields = std::vector<std::pair<std::string, std::string>>;

// The one datagram that carries all fields.
std::string JournalDatagram(const JournalFields& fields);

// Hands one entry over, waiting a second at most; false where nobody takes it.
bool SendToJournal(const std::string& socket_path, const JournalFields& fields);

}  // namespace release

#endif  // RELEASE_OS_SYSTEM_JOURNAL_H_
