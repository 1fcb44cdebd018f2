// The door to HTTP, through libcurl, which is loaded at the first request: who
// sends none (a rollback without a probe) does not need it to be installed.
// Where it cannot be loaded, as into a static program, the program curl sends.
#ifndef RELEASE_OS_CURL_HTTP_H_
#define RELEASE_OS_CURL_HTTP_H_

#include <memory>
#include <string>

#include "os/http.h"

namespace release {

// Asks no proxy, follows no redirect, keeps no connection. Not for use by two
// threads at once.
class CurlHttp : public Http {
 public:
  // `library`: what to load; a name that the dynamic linker finds. `program`: a
  // path, or a name in PATH.
  explicit CurlHttp(std::string library = "libcurl.so.4",
                    std::string program = "curl");
  ~CurlHttp() override;

  HttpResponse Send(const HttpRequest& request) override;
  std::string Connect(const std::string& host, int port,
                      std::chrono::nanoseconds timeout) override;

 private:
  struct Library;
  HttpResponse SendByLibrary(const HttpRequest& request);

  std::string library_name_;
  std::string program_;
  std::unique_ptr<Library> library_;
};

}  // namespace release

#endif  // RELEASE_OS_CURL_HTTP_H_
