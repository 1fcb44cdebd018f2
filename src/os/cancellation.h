// How a command learns that it must stop: by a signal or by an abort request.
//
// SIGINT and SIGTERM ask the command to undo and exit. SIGHUP and SIGPIPE are
// ignored, because an SSH session may drop during a deploy. The handler sets a
// flag, which ends every wait: Clock::Sleep, Runner::Run and Input::Read. Later
// signals do not stop the undo; one that comes kInsistence after the first ends
// its wait for the earlier release's health (InsistentSignals). `release abort`
// leaves a file instead, for which an AbortWatch looks.
//
// The state is global, as signals are: the code that waits is too deep to
// receive it as an argument. All functions may be called from any thread.
#ifndef RELEASE_OS_CANCELLATION_H_
#define RELEASE_OS_CANCELLATION_H_

#include <string>

#include "base/reason.h"
#include "os/clock.h"
#include "os/fs.h"

namespace release {

// Installs the handlers. main calls it once, before anything else can fail. If
// it returns a reason, the command must not run.
[[nodiscard]] Reason CatchInterrupts();

// Returns the signal that asked for a stop, or 0 if there was none or if a
// CancellationShield hides it.
int InterruptSignal();

// For its lifetime, a file at `path` in the root of `fs` asks this process to
// stop. There may be one object at a time.
class AbortWatch {
 public:
  // `fs` must outlive the object, and the object every thread that calls a
  // function of this header.
  AbortWatch(Fs* fs, std::string path, std::string message);
  ~AbortWatch();
  AbortWatch(const AbortWatch&) = delete;
  AbortWatch& operator=(const AbortWatch&) = delete;

  // Throws Error kAborted if the file exists, with the message and " by " and
  // the file's text, if it has one; FsError.
  void Check() const;

 private:
  Fs* fs_;
  std::string path_;
  std::string message_;
};

// Throws Error kInterrupted, naming the signal, if InterruptSignal() is not 0,
// and Error kAborted if there is an abort request. Does nothing while a
// CancellationShield exists. Takes a microsecond. The engine and every long
// loop must call it regularly.
void ThrowIfCancelled();

// Returns the time in milliseconds after which a wait must call
// ThrowIfCancelled, because nothing wakes it for an abort request; -1 (no
// limit) without an AbortWatch or under a CancellationShield.
int CancellationPollTime();

// Does what the handler does, at this time since boot; signal 0 clears the
// flags. For tests.
void SetInterruptSignal(int signal, Nanoseconds at = std::chrono::seconds(1));

// Hides every request for the lifetime of the object: InterruptSignal returns
// 0, ThrowIfCancelled does nothing and no wait ends early. Undo and recovery
// run under one, because they must reload and check the service with waits of
// full length. Afterwards the request is visible again. Objects may be nested.
class CancellationShield {
 public:
  CancellationShield();
  ~CancellationShield();
  CancellationShield(const CancellationShield&) = delete;
  CancellationShield& operator=(const CancellationShield&) = delete;
};

// A signal counts as a second request only so long after the first: timeout(1)
// and a terminal send one request to a process twice at nearly the same time.
inline constexpr Nanoseconds kInsistence = std::chrono::seconds(1);

// For its lifetime, a second request passes every CancellationShield. For the
// waits of an undo that may take as long as the service likes.
class InsistentSignals {
 public:
  InsistentSignals();
  ~InsistentSignals();
  InsistentSignals(const InsistentSignals&) = delete;
  InsistentSignals& operator=(const InsistentSignals&) = delete;
};

// Returns a descriptor for the waits in this directory. It is readable from the
// request until the flag is cleared, so poll also notices a signal that arrives
// after the flag was checked. Returns -1, which poll ignores, while a
// CancellationShield hides the request. Callers must not read or close it.
int InterruptDescriptor();

}  // namespace release

#endif  // RELEASE_OS_CANCELLATION_H_
