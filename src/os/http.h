// The door to HTTP and TCP, for probes and webhooks.
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
  std::string unix_socket;  // absolute path; empty: TCP
  std::string body;         // not empty: POST
  std::vector<std::pair<std::string, std::string>> headers;
  std::chrono::nanoseconds timeout{std::chrono::seconds(5)};
  std::size_t max_body = 64 * 1024;  // of the answer; what is over is dropped
};

struct HttpResponse {
  int status = 0;     // 0: no answer, see error
  std::string body;   // its beginning
  std::string error;  // why there is no answer
};

class Http {
 public:
  virtual ~Http() = default;

  // One request on a new connection; redirects are not followed. Failures are
  // values, never exceptions.
  virtual HttpResponse Send(const HttpRequest& request) = 0;

  // Opens and closes a TCP connection; returns why it could not.
  virtual Reason Connect(const std::string& host, int port,
                         std::chrono::nanoseconds timeout) = 0;
};

}  // namespace release

#endif  // RELEASE_OS_HTTP_H_
