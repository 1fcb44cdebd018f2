// Handles the signals that ask the command to stop.
//
// SIGINT and SIGTERM ask the command to undo and exit. SIGHUP and SIGPIPE are
// ignored, because an SSH session may drop during a deploy. The handler sets a
// flag, which the engine checks between steps and which ends every wait:
// Clock::Sleep, Runner::Run and Input::Read. Only the first signal counts, so
// an impatient second Ctrl-C does not stop the undo.
#ifndef RELEASE_OS_INTERRUPT_H_
#define RELEASE_OS_INTERRUPT_H_

#include "base/reason.h"

namespace release {

// Installs the handlers. main calls it once, before anything else can fail. If
// it returns a reason, the command must not run.
[[nodiscard]] Reason CatchInterrupts();

// Returns the signal that asked for a stop, or 0 if there was none or if a
// HoldInterrupts exists.
int InterruptSignal();

// Throws Error kInterrupted, naming the signal, if InterruptSignal() is not 0.
// The engine and every long loop must call it regularly.
void ThrowIfInterrupted();

// Sets the flag as the handler does; 0 clears it. For tests.
void SetInterruptSignal(int signal);

// Hides a request for the lifetime of the object: InterruptSignal returns 0 and
// no wait ends early. Undo and recovery run under one, because they must reload
// and check the service with waits of full length. Afterwards the request is
// visible again. Objects may be nested.
class HoldInterrupts {
 public:
  HoldInterrupts();
  ~HoldInterrupts();
  HoldInterrupts(const HoldInterrupts&) = delete;
  HoldInterrupts& operator=(const HoldInterrupts&) = delete;
};

// Returns a descriptor for the waits in this directory. It is readable from the
// request until the flag is cleared, so poll also notices a signal that arrives
// after the flag was checked. Returns -1, which poll ignores, while a
// HoldInterrupts exists. Callers must not read or close it.
int InterruptDescriptor();

}  // namespace release

#endif  // RELEASE_OS_INTERRUPT_H_
