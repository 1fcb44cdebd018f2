// An HTTP server in a thread, for tests of the real Http. It answers one
// request per connection, one connection after the other.
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
  // Maps a whole request to a whole answer, header lines included. If the
  // answer is empty, the connection stays open and silent until the server is
  // destroyed. Runs in the server's thread.
  using Handler = std::function<std::string(const std::string& request)>;

  // Listens on 127.0.0.1 at a free port. Throws std::runtime_error on failure.
  explicit HttpServer(Handler handler);
  // Listens on a unix socket that it makes at that path; the destructor removes
  // it.
  HttpServer(const std::string& socket_path, Handler handler);
  ~HttpServer();

  int port() const { return port_; }
  std::string Url(const std::string& path) const;
  // Returns every request so far.
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

// Formats an answer with that status and body. Each of `more_headers` must end
// with "\r\n".
std::string HttpAnswer(int status, const std::string& body,
                       const std::string& more_headers = "");

// Returns a handler that gives the same answer to every request.
HttpServer::Handler Always(const std::string& answer);

}  // namespace release

#endif  // RELEASE_TESTS_SUPPORT_HTTP_SERVER_H_
