#include "support/http_server.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <stdexcept>

namespace release {
namespace {

int Listen(const sockaddr* address, socklen_t size) {
  const int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || bind(fd, address, size) != 0 || listen(fd, 16) != 0) {
    throw std::runtime_error("cannot listen");
  }
  return fd;
}

// Whether the request holds all headers and a body of the announced length.
bool Complete(const std::string& request) {
  const std::size_t end = request.find("\r\n\r\n");
  if (end == request.npos) return false;
  const std::size_t length = request.find("Content-Length: ");
  const std::size_t body =
      length == request.npos
          ? 0
          : std::strtoul(request.c_str() + length + 16, nullptr, 10);
  return request.size() >= end + 4 + body;
}

}  // namespace

HttpServer::HttpServer(Handler handler) : handler_(std::move(handler)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  listener_ = Listen(reinterpret_cast<sockaddr*>(&address), sizeof address);
  socklen_t size = sizeof address;
  getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { Serve(); });
}

HttpServer::HttpServer(const std::string& socket_path, Handler handler)
    : handler_(std::move(handler)), socket_path_(socket_path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, socket_path.c_str(),
               sizeof address.sun_path - 1);
  listener_ = Listen(reinterpret_cast<sockaddr*>(&address), sizeof address);
  thread_ = std::thread([this] { Serve(); });
}

HttpServer::~HttpServer() {
  stop_ = true;
  thread_.join();
  close(listener_);
  for (const int fd : silent_) close(fd);
  if (!socket_path_.empty()) unlink(socket_path_.c_str());
}

std::string HttpServer::Url(const std::string& path) const {
  return fmt::format("http://127.0.0.1:{}{}", port_, path);
}

std::vector<std::string> HttpServer::Requests() {
  const std::lock_guard lock(mutex_);
  return requests_;
}

void HttpServer::Serve() {
  while (!stop_) {
    // Waits 20 ms at most, so that the destructor is never delayed longer.
    pollfd waiting{listener_, POLLIN, 0};
    if (poll(&waiting, 1, 20) != 1) continue;
    const int connection = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection >= 0) Answer(connection);
  }
}

void HttpServer::Answer(int connection) {
  std::string request;
  char buffer[4096];
  while (!Complete(request)) {
    const ssize_t got = recv(connection, buffer, sizeof buffer, 0);
    if (got <= 0) break;
    request.append(buffer, static_cast<std::size_t>(got));
  }
  if (!Complete(request)) {
    close(connection);
    return;
  }
  // Held while the handler runs, so Requests() never misses a request that a
  // client has seen answered.
  const std::lock_guard lock(mutex_);
  requests_.push_back(request);
  const std::string answer = handler_(request);
  if (answer.empty()) {
    silent_.push_back(connection);
    return;
  }
  send(connection, answer.data(), answer.size(), MSG_NOSIGNAL);
  close(connection);
}

std::string HttpAnswer(int status, const std::string& body,
                       const std::string& more_headers) {
  return fmt::format(
      "HTTP/1.1 {} Status\r\nContent-Length: {}\r\nConnection: close\r\n"
      "{}\r\n{}",
      status, body.size(), more_headers, body);
}

HttpServer::Handler Always(const std::string& answer) {
  return [answer](const std::string&) { return answer; };
}

}  // namespace release
