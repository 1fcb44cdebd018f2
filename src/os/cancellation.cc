#include "os/cancellation.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <utility>

#include "base/error.h"

namespace release {
namespace {

std::atomic<int> g_signal{0};
std::atomic<int> g_shields{0};
std::atomic<const AbortWatch*> g_watch{nullptr};
std::atomic<int> g_descriptor{-1};
static_assert(std::atomic<int>::is_always_lock_free,
              "the handler may use nothing that locks");

// Returns the event descriptor, or -1 if the system has none left. The first
// call creates it; CatchInterrupts calls this before it installs the handlers,
// which use g_descriptor.
int Descriptor() {
  static const int descriptor = [] {
    g_descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return g_descriptor.load();
  }();
  return descriptor;
}

// Runs in the signal handler too, so it may only call functions that are safe
// there. Only the first signal is kept.
void Request(int signal) {
  int none = 0;
  if (!g_signal.compare_exchange_strong(none, signal)) return;
  const std::uint64_t one = 1;
  // The write cannot fail: the counter is far below its maximum.
  [[maybe_unused]] const auto written = write(g_descriptor, &one, sizeof one);
}

void OnSignal(int signal) {
  const int saved = errno;
  Request(signal);
  errno = saved;
}

void SetHandler(int signal, void (*handler)(int)) {
  struct sigaction action = {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  sigaction(signal, &action, nullptr);
}

}  // namespace

Reason CatchInterrupts() {
  if (Descriptor() < 0) {
    return fmt::format("cannot watch for signals: {}; nothing was changed",
                       strerror(errno));
  }
  SetHandler(SIGINT, OnSignal);
  SetHandler(SIGTERM, OnSignal);
  SetHandler(SIGHUP, SIG_IGN);
  SetHandler(SIGPIPE, SIG_IGN);
  // With SIGXFSZ ignored, a write beyond the file size limit fails with EFBIG
  // and is undone like any other failure. By default the signal kills the
  // process.
  SetHandler(SIGXFSZ, SIG_IGN);
  return std::nullopt;
}

AbortWatch::AbortWatch(Fs* fs, std::string path, std::string message)
    : fs_(fs), path_(std::move(path)), message_(std::move(message)) {
  g_watch = this;
}

AbortWatch::~AbortWatch() { g_watch = nullptr; }

void AbortWatch::Check() const {
  if (!fs_->Stat(Fs::kRoot, path_)) return;
  constexpr std::size_t kMaxName = 256;
  std::string by(kMaxName, '\0');
  const ScopedHandle file(fs_, fs_->Open(Fs::kRoot, path_, OpenMode::kRead));
  by.resize(fs_->ReadAt(file.get(), by, 0));
  throw Error(ErrorCode::kAborted,
              by.empty() ? message_ : message_ + " by " + by);
}

void ThrowIfCancelled() {
  if (g_shields > 0) return;
  if (const int signal = InterruptSignal(); signal != 0) {
    throw Error(
        ErrorCode::kInterrupted,
        fmt::format("cannot go on: stopped by SIG{}", sigabbrev_np(signal)));
  }
  if (const AbortWatch* watch = g_watch) watch->Check();
}

int CancellationPollTime() {
  constexpr int kBetween = 200;
  return g_watch != nullptr && g_shields == 0 ? kBetween : -1;
}

int InterruptSignal() { return g_shields > 0 ? 0 : g_signal.load(); }

void SetInterruptSignal(int signal) {
  Descriptor();
  if (signal != 0) {
    Request(signal);
    return;
  }
  std::uint64_t count = 0;
  [[maybe_unused]] const auto taken = read(g_descriptor, &count, sizeof count);
  g_signal = 0;
}

CancellationShield::CancellationShield() { ++g_shields; }
CancellationShield::~CancellationShield() { --g_shields; }

int InterruptDescriptor() { return g_shields > 0 ? -1 : Descriptor(); }

}  // namespace release
