// An Http that records requests and returns the answers that a test sets.
#ifndef RELEASE_TESTS_SUPPORT_FAKE_HTTP_H_
#define RELEASE_TESTS_SUPPORT_FAKE_HTTP_H_

#include <functional>
#include <string>
#include <vector>

#include "os/http.h"

namespace release {

class FakeHttp : public Http {
 public:
  HttpResponse Send(const HttpRequest& request) override {
    requests.push_back(request);
    return answer(request);
  }
  Reason WhyUnusable() override { return unusable; }
  Reason Connect(const std::string& context, int port,
                 std::chrono::nanoseconds) override {
    connects.push_back(context + " " + std::to_string(port));
    return connect_error;
  }

  std::function<HttpResponse(const HttpRequest&)> answer =
      [](const HttpRequest&) {
        return HttpResponse{200, "ok", ""};
      };
  Reason connect_error;
  Reason unusable;
  std::vector<HttpRequest> requests;
  std::vector<std::string> connects;
};

}  // namespace release

#endif  // RELEASE_TESTS_SUPPORT_FAKE_HTTP_H_
