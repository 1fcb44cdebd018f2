#include "os/curl_http.h"

#include <doctest/doctest.h>
#include <stdlib.h>

#include <boost/filesystem.hpp>
#include <chrono>

#include "os/interrupt.h"
#include "support/http_server.h"

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
  CHECK(CurlHttp().Send(request).status == 0);
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

TEST_CASE("redirects are answers, not instructions") {
  HttpServer server(
      Always(HttpAnswer(302, "", "Location: http://127.0.0.1:1/\r\n")));
  CHECK(Get(server.Url("/")).status == 302);
  CHECK(server.Requests().size() == 1);
}

TEST_CASE("no proxy of the environment is asked") {
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

TEST_CASE("a server that does not answer costs the time limit, no more") {
  HttpServer server(Always(""));
  const Stopwatch watch;
  const HttpResponse response = Get(server.Url("/"), milliseconds(200));
  CHECK(response.status == 0);
  CHECK_FALSE(response.error.empty());
  CHECK(watch.Spent() >= milliseconds(190));
  CHECK(watch.Spent() < seconds(3));
}

TEST_CASE("nothing but http and https is fetched") {
  CHECK(Get("file:///etc/hostname").status == 0);
  CHECK(Get("file:///etc/hostname").body.empty());
  CHECK(Get("http://127.0.0.1:1/").error.find("onnect") != std::string::npos);
}

TEST_CASE("a stop request ends a request that waits") {
  HttpServer server(Always(""));
  const Stopwatch watch;
  SetInterruptSignal(15);
  const HttpResponse response = Get(server.Url("/"), seconds(30));
  SetInterruptSignal(0);
  CHECK(response.status == 0);
  CHECK(watch.Spent() < seconds(5));
}

TEST_CASE("a host without libcurl is told which package it lacks") {
  HttpRequest request;
  request.url = "http://127.0.0.1:1/";
  const HttpResponse response =
      CurlHttp("libcurl-that-is-not-there.so", "no-such-program").Send(request);
  CHECK(response.status == 0);
  CHECK(response.error.find("package libcurl4") != std::string::npos);
}

TEST_CASE("a host without libcurl has the program curl ask") {
  HttpServer server(Always(HttpAnswer(418, "teapot")));
  HttpRequest request;
  request.url = server.Url("/up");
  CurlHttp http("libcurl-that-is-not-there.so");
  CHECK(http.Send(request).status == 418);
  CHECK(http.Send(request).body == "teapot");
}

TEST_CASE("a TCP connection is made, refused or given up in time") {
  CurlHttp http("libcurl-that-is-not-there.so");  // not needed for TCP
  HttpServer server(Always(""));
  CHECK(http.Connect("127.0.0.1", server.port(), seconds(5)).empty());
  CHECK(http.Connect("localhost", server.port(), seconds(5)).empty());
  CHECK(http.Connect("127.0.0.1", 1, seconds(5)) == "Connection refused");
  CHECK_FALSE(http.Connect("no-such-host.invalid", 80, seconds(5)).empty());
}

}  // namespace release
