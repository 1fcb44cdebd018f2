#include "os/socket_http.h"

#include <doctest/doctest.h>

#include "os/cancellation.h"
#include "support/http_server.h"
#include "support/temp_dir.h"

namespace release {
namespace {

// A server on a socket that gives the same answer to each request.
struct Answering {
  explicit Answering(const std::string& answer)
      : server(socket, Always(answer)) {}

  std::optional<HttpResponse> Get(const std::string& path = "/up") {
    HttpRequest request;
    request.url = "http://localhost" + path;
    request.unix_socket = socket;
    request.timeout = timeout;
    request.max_body = 100;
    return GetOverSocket(request);
  }

  std::chrono::nanoseconds timeout = std::chrono::milliseconds(200);
  TempDir directory;
  std::string socket = directory.path() + "/s";
  HttpServer server;
};

}  // namespace

TEST_CASE("a GET over a socket gets status and body") {
  Answering app("HTTP/1.1 204 Fine\r\nX: y\r\ncontent-LENGTH: 4\r\n\r\n1.4.2");
  const auto response = app.Get("/up?x=1");
  REQUIRE(response);
  CHECK(response->status == 204);
  CHECK(response->body == "1.4.");
  REQUIRE(app.server.Requests().size() == 1);
  CHECK(app.server.Requests()[0].starts_with("GET /up?x=1 HTTP/1.0\r\n"));
}

TEST_CASE("the longest time limit is no limit") {
  Answering app(HttpAnswer(200, "good"));
  app.timeout = std::chrono::nanoseconds::max();
  const auto response = app.Get();
  REQUIRE(response);
  CHECK(response->body == "good");
}

TEST_CASE("an answer without a length ends with its connection") {
  Answering app("HTTP/1.0 200 OK\r\n\r\nrelease 1");
  REQUIRE(app.Get());
  CHECK(app.Get()->body == "release 1");
}

TEST_CASE("only the beginning of a long body from a socket is kept") {
  Answering app(HttpAnswer(200, std::string(50'000, 'x')));
  REQUIRE(app.Get());
  CHECK(app.Get()->body == std::string(100, 'x'));
}

TEST_CASE("an answer that is not simple is left to curl") {
  for (const std::string answer :
       {"HTTP/1.1 503 Down\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf",
        "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\nhalf",
        "HTTP/1.1 200 OK\r\n", "HTTP/2 200\r\n\r\n", "200 OK\r\n\r\n", "x"}) {
    CAPTURE(answer);
    Answering app(answer);
    CHECK_FALSE(app.Get());
  }
  Answering app(HttpAnswer(200, "good"));
  CHECK_FALSE(app.Get("/a b"));
  CHECK_FALSE(app.Get("/a#b"));
  for (const std::string path : {"/a/../b", "/a/./b", "/..", "/a/.", "/..?x"}) {
    CAPTURE(path);
    CHECK_FALSE(app.Get(path));
  }
  CHECK(app.Get("/.well-known/a..b/..c?x=/../y"));
  app.socket += ".absent";
  CHECK_FALSE(app.Get());
}

TEST_CASE("a silent socket ends at the time limit, or at a request to stop") {
  Answering app("");
  auto response = app.Get();
  REQUIRE(response);
  CHECK(response->status == 0);
  CHECK(response->error == "timed out");
  SetInterruptSignal(15);
  response = app.Get();
  SetInterruptSignal(0);
  REQUIRE(response);
  CHECK(response->error == "interrupted");
}

}  // namespace release
