// Continues work in the background after the command has ended.
#ifndef RELEASE_OS_BACKGROUND_H_
#define RELEASE_OS_BACKGROUND_H_

#include <functional>

namespace release {

// Runs `work` in a new process and returns at once. Returns false, without
// running it, if the process cannot be made or if this command runs in a
// systemd unit, which would kill the process when the command ends. Must be
// called while this process has only one thread, because it forks.
//
// The new process is detached: it has its own session, init adopts it, its
// standard streams are /dev/null, and descriptors inherited by this command are
// closed. Descriptors that this command opened stay open, so the caller must
// release its lock first. SIGINT and SIGTERM kill it. Exceptions are discarded.
bool RunInBackground(const std::function<void()>& work);

}  // namespace release

#endif  // RELEASE_OS_BACKGROUND_H_
