// Whether the system's journal takes what this process prints.
#ifndef RELEASE_OS_JOURNAL_STREAM_H_
#define RELEASE_OS_JOURNAL_STREAM_H_

namespace release {

// Returns whether standard error is a stream to the journal, as it is in a
// systemd unit by default. systemd names that stream in JOURNAL_STREAM.
[[nodiscard]] bool ErrIsJournal();

}  // namespace release

#endif  // RELEASE_OS_JOURNAL_STREAM_H_
