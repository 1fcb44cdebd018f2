// Signals that ask the command to stop.
//
// SIGINT and SIGTERM ask for an undo and an exit; SIGHUP and SIGPIPE are
// ignored once the command runs, since the caller may vanish. The request is
// a flag that the engine looks at between steps and that ends every wait.
#ifndef RELEASE_OS_INTERRUPT_H_
#define RELEASE_OS_INTERRUPT_H_

namespace release {

// Installs the handlers; once, by main.
void CatchInterrupts();

// The signal that asked for a stop, or 0.
int InterruptSignal();

// Sets the flag as a signal would; 0 clears it. For tests.
void SetInterruptSignal(int signal);

}  // namespace release

#endif  // RELEASE_OS_INTERRUPT_H_
