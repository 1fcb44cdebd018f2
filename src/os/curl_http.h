// The door to HTTP, through the program curl.
#ifndef RELEASE_OS_CURL_HTTP_H_
#define RELEASE_OS_CURL_HTTP_H_

#include <string>

#include "os/http.h"

namespace release {

// Runs curl once for each request. URL, headers and body may hold secrets, so
// they reach it through its standard input and appear on no command line. No
// proxy is used and no configuration of curl is read. An answer of more than 16
// MiB is an error, and so is a missing curl: a host without it can do all that
// speaks no HTTP. An interrupt ends a request (os/interrupt.h).
class CurlHttp : public Http {
 public:
  // `program`: a path, or a name to look up in PATH.
  explicit CurlHttp(std::string program = "curl");

  HttpResponse Send(const HttpRequest& request) override;
  Reason Connect(const std::string& host, int port,
                 std::chrono::nanoseconds timeout) override;

 private:
  std::string program_;
};

}  // namespace release

#endif  // RELEASE_OS_CURL_HTTP_H_
