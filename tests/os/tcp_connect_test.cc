#include "os/tcp_connect.h"

#include <doctest/doctest.h>

#include "support/http_server.h"

namespace release {

TEST_CASE("a TCP connection succeeds, is refused or times out") {
  using std::chrono::seconds;
  HttpServer server(Always(""));
  CHECK_FALSE(ConnectTcp("127.0.0.1", server.port(), seconds(5)));
  CHECK_FALSE(ConnectTcp("localhost", server.port(), seconds(5)));
  CHECK(ConnectTcp("127.0.0.1", 1, seconds(5)) == "Connection refused");
  CHECK(ConnectTcp("no-such-host.invalid", 80, seconds(5)));
}

}  // namespace release
