// Interface to HTTP and TCP, for health checks and webhooks.
#ifndef RELEASE_OS_HTTP_H_
#define RELEASE_OS_HTTP_H_

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "base/reason.h"

namespace release {

struct HttpRequest {
  std::string url;          // http:// or https://
  std::string unix_socket;  // absolute path; if empty, TCP is used
  std::string body;         // if not empty, the method is POST, else GET
  std::vector<std::pair<std::string, std::string>> headers;
  std::chrono::nanoseconds timeout{std::chrono::seconds(5)};
  std::size_t max_body = 64 * 1024;  // bytes of the answer; the rest is dropped
};

struct HttpResponse {
  int status = 0;     // HTTP status; 0 if there is no answer, see error
  std::string body;   // at most max_body bytes
  std::string error;  // why there is no answer
};

class Http {
 public:
  virtual ~Http() = default;

  // Sends one request on a new connection. Does not follow redirects. Reports
  // failures in HttpResponse::error and does not throw.
  virtual HttpResponse Send(const HttpRequest& request) = 0;

  // Returns why Send cannot work on this host, whatever it is asked, or
  // nullopt.
  virtual Reason WhyUnusable() { return std::nullopt; }

  // Opens and closes a TCP connection. Returns the reason if that fails,
  // nullopt on success.
  virtual Reason Connect(const std::string& host, int port,
                         std::chrono::nanoseconds timeout) = 0;
};

}  // namespace release

#endif  // RELEASE_OS_HTTP_H_
