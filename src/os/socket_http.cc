#include "os/socket_http.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <string>
#include <string_view>

#include "base/ascii.h"
#include "base/units.h"
#include "os/cancellation.h"
#include "os/descriptor.h"
#include "os/unix_socket.h"

namespace release {
namespace {

using Steady = std::chrono::steady_clock;

constexpr std::string_view kHost = "http://localhost";
constexpr std::size_t kMaxHead = std::size_t{64} << 10;

// Returns "" if curl would have to change or to refuse the path.
std::string PathOf(const std::string& url) {
  if (!url.starts_with(kHost)) return "";
  const std::string path = url.substr(kHost.size());
  const bool plain = std::all_of(path.begin(), path.end(), [](char c) {
    return c > ' ' && c <= '~' && c != '#';
  });
  const std::string steps = path.substr(0, path.find('?')) + '/';
  const bool rewritten =
      steps.find("/./") != steps.npos || steps.find("/../") != steps.npos;
  return plain && !rewritten && path.starts_with('/') ? path : "";
}

// Holds one connection, until the time is over or the command must stop.
class Exchange {
 public:
  Exchange(int fd, Steady::time_point end) : fd_(fd), end_(end) {}

  // Why it ended early; empty: it did not.
  const std::string& error() const { return error_; }

  bool Send(std::string_view text) {
    while (!text.empty()) {
      const ssize_t count = send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
      if (count > 0) {
        text.remove_prefix(static_cast<std::size_t>(count));
      } else if (!MayGoOn() || !Wait(POLLOUT)) {
        return false;
      }
    }
    return true;
  }

  // Appends what comes next. Returns false at the end, or after an error.
  bool Receive(std::string* text) {
    char buffer[16 * 1024];
    for (;;) {
      const ssize_t count = recv(fd_, buffer, sizeof buffer, 0);
      if (count > 0) {
        text->append(buffer, static_cast<std::size_t>(count));
        return true;
      }
      if (count == 0 || !MayGoOn() || !Wait(POLLIN)) return false;
    }
  }

 private:
  static bool MayGoOn() { return errno == EAGAIN || errno == EINTR; }

  bool Wait(short events) {
    pollfd waited[] = {{fd_, events, 0}, {InterruptDescriptor(), POLLIN, 0}};
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(end_ - Steady::now());
    if (left.count() <= 0) {
      error_ = "timed out";
      return false;
    }
    poll(waited, 2, static_cast<int>(std::min<long>(left.count(), 60'000)));
    if (InterruptSignal() != 0) error_ = "interrupted";
    return error_.empty();
  }

  int fd_;
  Steady::time_point end_;
  std::string error_;
};

bool EqualInAnyCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return ToLower(x) == ToLower(y); });
}

// Returns the value of a header; nullopt if it is not there.
std::optional<std::string_view> HeaderOf(std::string_view head,
                                         std::string_view name) {
  for (std::size_t at = head.find('\n'); at != head.npos;
       at = head.find('\n', at + 1)) {
    std::string_view line = head.substr(at + 1);
    line = line.substr(0, std::min(line.find('\r'), line.size()));
    const std::size_t colon = line.find(':');
    if (colon == line.npos || !EqualInAnyCase(line.substr(0, colon), name)) {
      continue;
    }
    line.remove_prefix(colon + 1);
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    return line;
  }
  return std::nullopt;
}

template <typename T>
std::optional<T> NumberOf(std::string_view text) {
  T value = 0;
  const char* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, value);
  return error == std::errc() && at == end ? std::optional(value)
                                           : std::nullopt;
}

// "HTTP/1.1 200 OK". Returns nullopt unless it means success.
std::optional<int> StatusOf(std::string_view head) {
  if (!head.starts_with("HTTP/1.") || head.size() < 12) return std::nullopt;
  const auto status = NumberOf<int>(head.substr(9, 3));
  return status && *status / 100 == 2 ? status : std::nullopt;
}

std::optional<HttpResponse> ReadAnswer(Exchange* exchange,
                                       std::size_t max_body) {
  constexpr std::string_view kEnd = "\r\n\r\n";
  std::string text;
  while (text.find(kEnd) == text.npos) {
    if (text.size() > kMaxHead || !exchange->Receive(&text)) {
      return std::nullopt;
    }
  }
  const std::size_t end = text.find(kEnd);
  const std::string_view head = std::string_view(text).substr(0, end);
  const auto status = StatusOf(head);
  if (!status || HeaderOf(head, "transfer-encoding")) return std::nullopt;
  const auto told = HeaderOf(head, "content-length");
  const auto length = told ? NumberOf<std::size_t>(*told) : std::nullopt;
  if (told && !length) return std::nullopt;
  text.erase(0, end + kEnd.size());
  const std::size_t wanted = std::min(length.value_or(max_body), max_body);
  while (text.size() < wanted && exchange->Receive(&text)) {
  }
  const bool whole = length ? text.size() >= wanted : exchange->error().empty();
  if (!whole) return std::nullopt;
  text.resize(std::min(text.size(), wanted));
  return HttpResponse{.status = *status, .body = std::move(text), .error = ""};
}

}  // namespace

std::optional<HttpResponse> GetOverSocket(const HttpRequest& request) {
  const std::string path = PathOf(request.url);
  if (path.empty() || request.unix_socket.empty() || !request.body.empty() ||
      !request.headers.empty()) {
    return std::nullopt;
  }
  const Steady::time_point end(
      AddSaturated(Steady::now().time_since_epoch(), request.timeout));
  const Descriptor fd(
      ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (fd.get() < 0 || ConnectToSocket(fd.get(), request.unix_socket) != 0) {
    return std::nullopt;
  }
  Exchange exchange(fd.get(), end);
  std::optional<HttpResponse> response;
  if (exchange.Send("GET " + path +
                    " HTTP/1.0\r\nHost: localhost\r\nUser-Agent: "
                    "release/" RELEASE_PROGRAM_VERSION
                    "\r\nAccept: */*\r\nConnection: close\r\n\r\n")) {
    response = ReadAnswer(&exchange, request.max_body);
  }
  if (!response && !exchange.error().empty()) {
    return HttpResponse{.error = exchange.error()};
  }
  return response;
}

}  // namespace release
