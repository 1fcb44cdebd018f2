#include "os/curl_http.h"

#include <doctest/doctest.h>
#include <stdlib.h>

#include <boost/filesystem.hpp>
#include <chrono>

#include "os/cancellation.h"
#include "support/archives.h"
#include "support/http_server.h"
#include "support/temp_dir.h"

namespace release {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

HttpResponse Get(const std::string& url, milliseconds timeout = seconds(5)) {
  HttpRequest request;
  request.url = url;
  request.timeout = timeout;
  return CurlHttp().Send(request);
}

class Stopwatch {
 public:
  milliseconds Spent() const {
    return std::chrono::duration_cast<milliseconds>(
        std::chrono::steady_clock::now() - start_);
  }

 private:
  std::chrono::steady_clock::time_point start_ =
      std::chrono::steady_clock::now();
};

}  // namespace

TEST_CASE("a request gets status and body") {
  HttpServer server(Always(HttpAnswer(418, "teapot")));
  const HttpResponse response = Get(server.Url("/up?x=1"));
  CHECK(response.status == 418);
  CHECK(response.body == "teapot");
  CHECK(response.error.empty());
  REQUIRE(server.Requests().size() == 1);
  CHECK(server.Requests()[0].starts_with("GET /up?x=1 HTTP/1.1\r\n"));
}

TEST_CASE("a request goes through a unix socket") {
  const std::string path = (boost::filesystem::temp_directory_path() /
                            boost::filesystem::unique_path())
                               .string();
  HttpServer server(path, Always(HttpAnswer(200, "by socket")));
  HttpRequest request;
  request.url = "http://localhost/up";
  request.unix_socket = path;
  CHECK(CurlHttp().Send(request).body == "by socket");
  request.unix_socket = path + ".absent";
  const HttpResponse absent = CurlHttp().Send(request);
  CHECK(absent.status == 0);
  CHECK(absent.error == "cannot connect to the socket " + path + ".absent");
}

TEST_CASE("a body is posted with the given headers") {
  HttpServer server(Always(HttpAnswer(200, "")));
  HttpRequest request;
  request.url = server.Url("/hook");
  request.body = "{\"a\":1}";
  request.headers = {{"Content-Type", "application/json"}};
  CHECK(CurlHttp().Send(request).status == 200);
  REQUIRE(server.Requests().size() == 1);
  const std::string got = server.Requests()[0];
  CHECK(got.starts_with("POST /hook HTTP/1.1\r\n"));
  CHECK(got.find("\r\nContent-Type: application/json\r\n") != got.npos);
  CHECK(got.ends_with("\r\n\r\n{\"a\":1}"));
}

TEST_CASE("redirects are returned, not followed") {
  HttpServer server(
      Always(HttpAnswer(302, "", "Location: http://127.0.0.1:1/\r\n")));
  CHECK(Get(server.Url("/")).status == 302);
  CHECK(server.Requests().size() == 1);
}

TEST_CASE("proxies in the environment are ignored") {
  HttpServer server(Always(HttpAnswer(200, "direct")));
  setenv("http_proxy", "http://127.0.0.1:1", 1);
  setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
  const HttpResponse response = Get(server.Url("/"));
  unsetenv("http_proxy");
  unsetenv("ALL_PROXY");
  CHECK(response.body == "direct");
}

TEST_CASE("each request opens a connection of its own") {
  HttpServer server(Always("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
  CurlHttp http;
  HttpRequest request;
  request.url = server.Url("/");
  CHECK(http.Send(request).status == 200);
  CHECK(http.Send(request).status == 200);
  CHECK(server.Requests().size() == 2);
}

TEST_CASE("only the beginning of a long body is kept") {
  HttpServer server(Always(HttpAnswer(200, std::string(100'000, 'x'))));
  HttpRequest request;
  request.url = server.Url("/");
  request.max_body = 1000;
  const HttpResponse response = CurlHttp().Send(request);
  CHECK(response.status == 200);
  CHECK(response.body == std::string(1000, 'x'));
}

TEST_CASE("a request to a silent server ends at the time limit") {
  HttpServer server(Always(""));
  const Stopwatch watch;
  const HttpResponse response = Get(server.Url("/"), milliseconds(200));
  CHECK(response.status == 0);
  CHECK_FALSE(response.error.empty());
  CHECK(watch.Spent() >= milliseconds(190));
  CHECK(watch.Spent() < seconds(3));
}

TEST_CASE("only http and https URLs are fetched") {
  CHECK(Get("file:///etc/hostname").status == 0);
  CHECK(Get("file:///etc/hostname").body.empty());
  CHECK(Get("http://127.0.0.1:1/").error.find("onnect") != std::string::npos);
}

TEST_CASE("a stop request ends a request that waits") {
  HttpServer server([](const std::string&) {
    SetInterruptSignal(15);
    return "";
  });
  const Stopwatch watch;
  const HttpResponse response = Get(server.Url("/"), seconds(30));
  SetInterruptSignal(0);
  CHECK(response.status == 0);
  CHECK(server.Requests().size() == 1);
  CHECK(watch.Spent() < seconds(5));
}

TEST_CASE("a missing curl is reported with the package to install") {
  HttpRequest request;
  request.url = "http://127.0.0.1:1/";
  const HttpResponse response = CurlHttp("no-such-program").Send(request);
  CHECK(response.status == 0);
  CHECK(response.error ==
        "cannot run no-such-program: No such file or directory; install the "
        "package curl");
}

TEST_CASE("curl gets status and body, without redirects or proxies") {
  HttpServer server(
      Always(HttpAnswer(302, "line\n", "Location: http://127.0.0.1:1/\r\n")));
  setenv("http_proxy", "http://127.0.0.1:1", 1);
  const HttpResponse response = Get(server.Url("/up?x=[1]"));
  unsetenv("http_proxy");
  CHECK(response.status == 302);
  CHECK(response.body == "line\n");
  CHECK(response.error.empty());
  REQUIRE(server.Requests().size() == 1);
  CHECK(server.Requests()[0].starts_with("GET /up?x=[1] HTTP/1.1\r\n"));
}

TEST_CASE("curl posts a body as it is, with headers, through a unix socket") {
  const TempDir dir;
  HttpServer server(dir.path() + "/socket", Always(HttpAnswer(200, "got it")));
  HttpRequest request;
  request.url = "http://localhost/hook";
  request.unix_socket = dir.path() + "/socket";
  request.body = "@not a file: \"\\\"\n{}";
  request.headers = {{"X-Token", "quoted \"secret\" \\ here"}};
  CHECK(CurlHttp().Send(request).body == "got it");
  REQUIRE(server.Requests().size() == 1);
  const std::string got = server.Requests()[0];
  CHECK(got.starts_with("POST /hook HTTP/1.1\r\n"));
  CHECK(got.find("\r\nX-Token: quoted \"secret\" \\ here\r\n") != got.npos);
  CHECK(got.ends_with("\r\n\r\n" + request.body));
}

TEST_CASE("a request does not appear on curl's command line") {
  const TempDir dir;
  const std::string program = dir.path() + "/curl";
  Spill(program, "#!/bin/sh\necho \"$@\" > " + dir.path() + "/words\n" +
                     "cat > " + dir.path() + "/input\nexit 7\n");
  boost::filesystem::permissions(program, boost::filesystem::perms(0755));
  HttpRequest request;
  request.url = "http://user:secret@127.0.0.1/";
  request.body = "secret";
  request.headers = {{"X-Token", "secret"}};
  CHECK(CurlHttp(program).Send(request).error == "curl: exit status 7");
  CHECK(Slurp(dir.path() + "/words").find("secret") == std::string::npos);
  CHECK(Slurp(dir.path() + "/input").find("X-Token: secret") !=
        std::string::npos);
}

TEST_CASE("curl keeps the beginning of a long body, to a limit") {
  HttpServer server(Always(HttpAnswer(200, std::string(3'000'000, 'x') + "y")));
  HttpRequest request;
  request.url = server.Url("/");
  request.max_body = 1000;
  const HttpResponse response = CurlHttp().Send(request);
  CHECK(response.status == 200);
  CHECK(response.body == std::string(1000, 'x'));
  HttpServer endless(Always(HttpAnswer(200, std::string(17 << 20, 'x'))));
  request.url = endless.Url("/");
  CHECK(CurlHttp().Send(request).error.find("16 MiB") != std::string::npos);
}

TEST_CASE("curl's failures are reported in its words, without its number") {
  CHECK(Get("http://127.0.0.1:1/").error.starts_with("Failed to connect"));
  CHECK(Get("file:///etc/hostname").status == 0);
  CHECK(Get("file:///etc/hostname").body.empty());
}

TEST_CASE("curl gives up on a silent server at the time limit") {
  HttpServer server(Always(""));
  HttpRequest request;
  request.url = server.Url("/");
  request.timeout = milliseconds(300);
  const auto start = std::chrono::steady_clock::now();
  const HttpResponse response = CurlHttp().Send(request);
  CHECK(response.status == 0);
  CHECK(response.error == "curl: timed out");
  CHECK(std::chrono::steady_clock::now() - start < seconds(5));
}

}  // namespace release
