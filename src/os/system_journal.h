// Writes to the system's journal with journald's native protocol.
#ifndef RELEASE_OS_SYSTEM_JOURNAL_H_
#define RELEASE_OS_SYSTEM_JOURNAL_H_

#include <string>
#include <utility>
#include <vector>

namespace release {

// The socket on which journald listens.
inline constexpr char kJournalSocket[] = "/run/systemd/journal/socket";

// Pairs of name and value. A name consists of capital letters, digits and
// underscores; a value may contain any bytes.
using JournalFields = std::vector<std::pair<std::string, std::string>>;

// Returns the datagram that carries all fields as one journal entry.
std::string JournalDatagram(const JournalFields& fields);

// Sends one entry, waiting at most 1 s. Returns false if journald does not
// accept it.
bool SendToJournal(const std::string& socket_path, const JournalFields& fields);

}  // namespace release

#endif  // RELEASE_OS_SYSTEM_JOURNAL_H_
