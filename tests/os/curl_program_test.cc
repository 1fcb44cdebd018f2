#include "os/curl_program.h"

#include <doctest/doctest.h>
#include <stdlib.h>

#include <chrono>

#include "support/archives.h"
#include "support/http_server.h"
#include "support/temp_dir.h"

namespace release {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

HttpResponse Get(const std::string& url) {
  HttpRequest request;
  request.url = url;
  return SendByProgram("curl", request);
}

}  // namespace

TEST_CASE("curl gets status and body, follows nothing, asks no proxy") {
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
  CHECK(SendByProgram("curl", request).body == "got it");
  REQUIRE(server.Requests().size() == 1);
  const std::string got = server.Requests()[0];
  CHECK(got.starts_with("POST /hook HTTP/1.1\r\n"));
  CHECK(got.find("\r\nX-Token: quoted \"secret\" \\ here\r\n") != got.npos);
  CHECK(got.ends_with("\r\n\r\n" + request.body));
}

TEST_CASE("nothing of a request is seen on curl's command line") {
  const TempDir dir;
  const std::string program = dir.path() + "/curl";
  Spill(program, "#!/bin/sh\necho \"$@\" > " + dir.path() + "/words\n" +
                     "cat > " + dir.path() + "/input\nexit 7\n");
  std::filesystem::permissions(program, std::filesystem::perms(0755));
  HttpRequest request;
  request.url = "http://user:secret@127.0.0.1/";
  request.body = "secret";
  request.headers = {{"X-Token", "secret"}};
  CHECK(SendByProgram(program, request).error == "curl: exit status 7");
  CHECK(Slurp(dir.path() + "/words").find("secret") == std::string::npos);
  CHECK(Slurp(dir.path() + "/input").find("X-Token: secret") !=
        std::string::npos);
}

TEST_CASE("curl keeps the beginning of a long body, to a limit") {
  HttpServer server(Always(HttpAnswer(200, std::string(3'000'000, 'x') + "y")));
  HttpRequest request;
  request.url = server.Url("/");
  request.max_body = 1000;
  const HttpResponse response = SendByProgram("curl", request);
  CHECK(response.status == 200);
  CHECK(response.body == std::string(1000, 'x'));
  HttpServer endless(Always(HttpAnswer(200, std::string(17 << 20, 'x'))));
  request.url = endless.Url("/");
  CHECK(SendByProgram("curl", request).error.find("16 MiB") !=
        std::string::npos);
}

TEST_CASE("curl's failures are told in its words, without its number") {
  CHECK(Get("http://127.0.0.1:1/").error.starts_with("Failed to connect"));
  CHECK(Get("file:///etc/hostname").status == 0);
  CHECK(Get("file:///etc/hostname").body.empty());
  CHECK(SendByProgram("/no/such/curl", {}).error ==
        "curl: cannot start: No such file or directory");
}

TEST_CASE("a server that does not answer costs curl the time limit") {
  HttpServer server(Always(""));
  HttpRequest request;
  request.url = server.Url("/");
  request.timeout = milliseconds(300);
  const auto start = std::chrono::steady_clock::now();
  const HttpResponse response = SendByProgram("curl", request);
  CHECK(response.status == 0);
  CHECK(response.error == "curl: timed out");
  CHECK(std::chrono::steady_clock::now() - start < seconds(5));
}

}  // namespace release
