// A question that whoever reads or waits for input asks now and then: whether
// to go on. As an interrupt does, it reaches what is too deep to be handed it.
#ifndef RELEASE_OS_WAIT_CHECK_H_
#define RELEASE_OS_WAIT_CHECK_H_

#include <functional>

namespace release {

// While one lives, AskWhetherToGoOn calls `check`, which throws to stop, at
// most five times a second. One at a time, for the thread that made it.
class WaitCheck {
 public:
  explicit WaitCheck(std::function<void()> check);
  ~WaitCheck();
  WaitCheck(const WaitCheck&) = delete;
  WaitCheck& operator=(const WaitCheck&) = delete;
};

// Does nothing where there is no WaitCheck, or one was asked just now.
void AskWhetherToGoOn();

// How long a wait may last before it asks: milliseconds; -1 where there is
// nobody to ask.
int WaitBeforeAsking();

}  // namespace release

#endif  // RELEASE_OS_WAIT_CHECK_H_
