// Work that goes on after the command has ended.
#ifndef RELEASE_OS_BACKGROUND_H_
#define RELEASE_OS_BACKGROUND_H_

#include <functional>

namespace release {

// Runs `work` in a process of its own and returns at once; false where the
// system gives none, or where whoever started this command would end that
// process too: then nothing was run. Only while this process has one thread.
//
// Nobody waits for that process and nobody hears of it: it is nobody's child,
// in a session of its own, its standard streams are /dev/null, and it has none
// of the descriptors that this process was started with. What this process
// opened itself it has; a lock must have been let go before. Signals end it.
bool RunInBackground(const std::function<void()>& work);

}  // namespace release

#endif  // RELEASE_OS_BACKGROUND_H_
