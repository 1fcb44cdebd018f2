// Puts a time limit on library functions that have none of their own.
#ifndef RELEASE_OS_BOUNDED_CALL_H_
#define RELEASE_OS_BOUNDED_CALL_H_

#include <chrono>
#include <functional>

namespace release {

// Runs `call` in a thread of its own and returns whether it has ended in time.
// If not, or if the command must stop, the thread goes on alone, so `call` must
// own what it uses. `call` must throw nothing. Without a thread, runs it in the
// caller's, without a limit.
[[nodiscard]] bool EndsInTime(std::function<void()> call,
                              std::chrono::nanoseconds limit);

}  // namespace release

#endif  // RELEASE_OS_BOUNDED_CALL_H_
