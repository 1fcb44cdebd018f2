#include "os/tcp_connect.h"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include "os/bounded_call.h"
#include "os/cancellation.h"
#include "os/descriptor.h"

namespace release {
namespace {

using Steady = std::chrono::steady_clock;

// Waits until the connection is made or has failed; returns 0 or errno. Polls
// for at most 1 s at a time, to notice an interrupt.
int AwaitConnected(int fd, Steady::time_point deadline) {
  for (;;) {
    if (InterruptSignal() != 0) return EINTR;
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - Steady::now());
    if (left.count() <= 0) return ETIMEDOUT;
    pollfd waiting{fd, POLLOUT, 0};
    const int ready =
        poll(&waiting, 1, static_cast<int>(std::min<long>(left.count(), 1000)));
    if (ready < 0 && errno != EINTR) return errno;
    if (ready <= 0) continue;
    // The socket is writable after success and failure; SO_ERROR tells which.
    int error = 0;
    socklen_t size = sizeof error;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) return errno;
    return error;
  }
}

int ConnectTo(const addrinfo& address, Steady::time_point deadline) {
  const Descriptor fd(
      socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (fd.get() < 0) return errno;
  if (connect(fd.get(), address.ai_addr, address.ai_addrlen) == 0) return 0;
  if (errno != EINPROGRESS) return errno;
  return AwaitConnected(fd.get(), deadline);
}

// The answer of getaddrinfo.
struct Answer {
  Answer() = default;
  ~Answer() {
    if (found != nullptr) freeaddrinfo(found);
  }
  Answer(const Answer&) = delete;
  Answer& operator=(const Answer&) = delete;

  int code = 0;
  addrinfo* found = nullptr;
};

}  // namespace

Reason ConnectTcp(const std::string& host, int port,
                  std::chrono::nanoseconds timeout) {
  const auto deadline =
      Steady::now() + std::chrono::duration_cast<Steady::duration>(timeout);
  const auto answer = std::make_shared<Answer>();
  // getaddrinfo waits as long as the name servers let it.
  const bool answered = EndsInTime(
      [answer, host, service = std::to_string(port)] {
        addrinfo hints{};
        hints.ai_socktype = SOCK_STREAM;
        hints.ai_flags = AI_NUMERICSERV;
        answer->code =
            getaddrinfo(host.c_str(), service.c_str(), &hints, &answer->found);
      },
      timeout);
  if (!answered) return host + ": no answer to the look-up of its name";
  if (answer->code != 0) return host + ": " + gai_strerror(answer->code);
  int error = 0;
  for (const addrinfo* at = answer->found; at != nullptr; at = at->ai_next) {
    error = ConnectTo(*at, deadline);
    if (error == 0) return std::nullopt;
  }
  return std::strerror(error);
}

}  // namespace release
