// A small HTTP server in a thread, for tests of the real Http.
#ifndef RELEASE_TESTS_SUPPORT_HTTP_SERVER_H_
#define RELEASE_TESTS_SUPPORT_HTTP_SERVER_H_

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace release {

class HttpServer {
 public:
  // From the whole request to the whole answer, header lines included; an empty
  // answer keeps the connection open and silent until the server ends.
  using Handler = std::function<std::string(const std::string& request)>;

  // On 127.0.0.1, at a free port.
  explicit HttpServer(Handler handler);
  // On a unix socket at that path, which it makes and removes.
  HttpServer(const std::string& socket_path, Handler handler);
  ~HttpServer();

  int port() const { return port_; }
  std::string Url(const std::string& path) const;
  std::vector<std::string> Requests();

 private:
  void Serve();
  void Answer(int connection);

  Handler handler_;
  std::string socket_path_;
  int port_ = 0;
  int listener_ = -1;
  std::atomic<bool> stop_ = false;
  std::mutex mutex_;
  std::vector<std::string> requests_;
  std::vector<int> silent_;
  std::thread thread_;
};

// An answer with that status and body.
std::string HttpAnswer(int status, const std::string& body,
                       const std::string& more_headers = "");

// Answers so whatever is asked.
HttpServer::Handler Always(const std::string& answer);

}  // namespace release

#endif  // RELEASE_TESTS_SUPPORT_HTTP_SERVER_H_
