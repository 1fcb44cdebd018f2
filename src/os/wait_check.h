// Cooperative cancellation for reads and waits, polled every 200 ms. Like an
// interrupt it is global, because the code that waits is too deep to receive it
// as an argument.
#ifndef RELEASE_OS_WAIT_CHECK_H_
#define RELEASE_OS_WAIT_CHECK_H_

#include <functional>

namespace release {

// For the lifetime of the object, AskWhetherToGoOn calls `check`, at most five
// times a second. `check` throws to stop the wait. Each thread may have one
// object at a time; it applies only to the thread that created it.
class WaitCheck {
 public:
  explicit WaitCheck(std::function<void()> check);
  ~WaitCheck();
  WaitCheck(const WaitCheck&) = delete;
  WaitCheck& operator=(const WaitCheck&) = delete;
};

// Does nothing if the thread has no WaitCheck or called its check less than 200
// ms ago.
void AskWhetherToGoOn();

// Returns the timeout in milliseconds after which a wait must call
// AskWhetherToGoOn, or -1 (no timeout) if the thread has no WaitCheck.
int WaitBeforeAsking();

}  // namespace release

#endif  // RELEASE_OS_WAIT_CHECK_H_
