#include "os/cancellation.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <utility>

#include "base/error.h"

namespace release {
namespace {

// A request to stop, and the event descriptor that makes it known.
struct Request {
  std::atomic<int> signal{0};
  std::atomic<int> descriptor{-1};
};

Request g_first;
Request g_second;
std::atomic<std::int64_t> g_first_at{0};  // ns since boot; 0: no request yet
std::atomic<int> g_shields{0};
std::atomic<int> g_insistent{0};  // objects of InsistentSignals
std::atomic<const AbortWatch*> g_watch{nullptr};
static_assert(std::atomic<int>::is_always_lock_free &&
                  std::atomic<std::int64_t>::is_always_lock_free,
              "the handler may use nothing that locks");

// Returns whether both event descriptors exist. The first call creates them;
// CatchInterrupts calls this before it installs the handlers, which use them.
bool MakeDescriptors() {
  static const bool made = [] {
    for (Request* request : {&g_first, &g_second}) {
      request->descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
      if (request->descriptor < 0) return false;
    }
    return true;
  }();
  return made;
}

// Runs in the signal handler too, so it may only call functions that are safe
// there.
void Announce(Request* request, int signal) {
  int none = 0;
  if (!request->signal.compare_exchange_strong(none, signal)) return;
  const std::uint64_t one = 1;
  // The write cannot fail: the counter is far below its maximum.
  [[maybe_unused]] const auto written =
      write(request->descriptor, &one, sizeof one);
}

void Receive(int signal, std::int64_t now) {
  std::int64_t first = 0;
  if (g_first_at.compare_exchange_strong(first, now)) {
    Announce(&g_first, signal);
  } else if (now - first >= kInsistence.count()) {
    Announce(&g_second, signal);
  }
}

void Clear(Request* request) {
  std::uint64_t count = 0;
  [[maybe_unused]] const auto taken =
      read(request->descriptor, &count, sizeof count);
  request->signal = 0;
}

// Returns the request that ends waits now; nullptr if a shield hides it.
Request* Visible() {
  if (g_shields == 0) return &g_first;
  return g_insistent > 0 ? &g_second : nullptr;
}

void OnSignal(int signal) {
  const int saved = errno;
  timespec now = {};
  clock_gettime(CLOCK_BOOTTIME, &now);
  Receive(signal, now.tv_sec * std::int64_t{1'000'000'000} + now.tv_nsec);
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
  if (!MakeDescriptors()) {
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
  if (const int signal = InterruptSignal(); signal != 0) {
    throw Error(ErrorCode::kInterrupted,
                fmt::format("cannot go on: interrupted ({})",
                            signal == SIGINT
                                ? std::string("Ctrl-C")
                                : fmt::format("SIG{}", sigabbrev_np(signal))));
  }
  if (g_shields > 0) return;
  if (const AbortWatch* watch = g_watch) watch->Check();
}

int CancellationPollTime() {
  constexpr int kBetween = 200;
  return g_watch != nullptr && g_shields == 0 ? kBetween : -1;
}

int InterruptSignal() {
  const Request* request = Visible();
  return request == nullptr ? 0 : request->signal.load();
}

void SetInterruptSignal(int signal, Nanoseconds at) {
  MakeDescriptors();
  if (signal != 0) {
    Receive(signal, at.count());
    return;
  }
  Clear(&g_first);
  Clear(&g_second);
  g_first_at = 0;
}

CancellationShield::CancellationShield() { ++g_shields; }
CancellationShield::~CancellationShield() { --g_shields; }

InsistentSignals::InsistentSignals() { ++g_insistent; }
InsistentSignals::~InsistentSignals() { --g_insistent; }

int InterruptDescriptor() {
  MakeDescriptors();
  const Request* request = Visible();
  return request == nullptr ? -1 : request->descriptor.load();
}

}  // namespace release
