// Implements Http with the program curl.
#ifndef RELEASE_OS_CURL_HTTP_H_
#define RELEASE_OS_CURL_HTTP_H_

#include <string>

#include "os/http.h"

namespace release {

// Runs curl once for each request. URL, headers and body may contain secrets,
// so curl receives them through standard input and a private file, never on its
// command line. Uses no proxy and ignores curl's own configuration files. An
// answer of 16 MiB or more is an error. If curl is not installed every request
// fails, but a host that needs no HTTP works without it. An interrupt ends a
// request (os/cancellation.h).
class CurlHttp : public Http {
 public:
  // `program` is a path, or a name that is looked up in PATH.
  explicit CurlHttp(std::string program = "curl");

  HttpResponse Send(const HttpRequest& request) override;
  Reason WhyUnusable() override;
  Reason Connect(const std::string& host, int port,
                 std::chrono::nanoseconds timeout) override;

 private:
  std::string program_;
};

}  // namespace release

#endif  // RELEASE_OS_CURL_HTTP_H_
