#include "os/tcp_connect.h"

#include <doctest/doctest.h>

#include "support/http_server.h"

namespace release {

TEST_CASE("a TCP connection is made, refused or given up in time") {
  using std::chrono::seconds;
  HttpServer server(Always(""));
  CHECK(ConnectTcp("127.0.0.1", server.port(), seconds(5)).empty());
  CHECK(ConnectTcp("localhost", server.port(), seconds(5)).empty());
  CHECK(ConnectTcp("127.0.0.1", 1, seconds(5)) == "Connection refused");
  CHECK_FALSE(ConnectTcp("no-such-host.invalid", 80, seconds(5)).empty());
}

}  // namespace release
