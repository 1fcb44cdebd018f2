// Signals that ask the command to stop.
//
// SIGINT and SIGTERM ask for an undo and an exit; SIGHUP and SIGPIPE are
// ignored once the command runs, since the caller may vanish. The request is
// a flag that the engine looks at between steps and that ends every wait:
// Clock::Sleep, Runner::Run and Input::Read. The first signal counts; later
// ones change nothing, so an impatient second Ctrl-C does not stop the undo.
#ifndef RELEASE_OS_INTERRUPT_H_
#define RELEASE_OS_INTERRUPT_H_

#include "base/reason.h"

namespace release {

// Installs the handlers; main calls it once, before anything else can fail.
// Returns the reason if it cannot; the command must not run then.
[[nodiscard]] Reason CatchInterrupts();

// The signal that asked for a stop, or 0. 0 while a HoldInterrupts lives.
int InterruptSignal();

// Throws Error kInterrupted, naming the signal, where InterruptSignal() is not
// 0: what the engine and every long loop call between two pieces of work.
void ThrowIfInterrupted();

// Sets the flag as a signal would; 0 clears it. For tests.
void SetInterruptSignal(int signal);

// While one lives, a request is remembered but not shown: InterruptSignal is
// 0 and no wait ends early. Whatever settles a transaction (undo, recovery)
// runs under one, for it must reload and check with its waits at full length.
// Afterwards the request shows again. May be nested.
class HoldInterrupts {
 public:
  HoldInterrupts();
  ~HoldInterrupts();
  HoldInterrupts(const HoldInterrupts&) = delete;
  HoldInterrupts& operator=(const HoldInterrupts&) = delete;
};

// For the waits of this folder: a descriptor that polls as readable from the
// request until it is cleared, so that no signal slips in between a look at
// the flag and the wait. -1, which poll passes over, while held. Not to be
// read or closed.
int InterruptDescriptor();

}  // namespace release

#endif  // RELEASE_OS_INTERRUPT_H_
