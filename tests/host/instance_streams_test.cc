// Streams through nginx while releases come and go: server-sent events and a
// WebSocket that are open at a switch.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "host/container_suite.h"
#include "host/front.h"
#include "host/instance_shop.h"
#include "host/user_load.h"

namespace release {
namespace {

using Lines = std::vector<std::string>;

constexpr int kFrontPort = 8080;

// The notes in the record of a transaction.
nlohmann::json NotesOf(InstanceShop* shop, int transaction) {
  return shop->Release({"show", "--transaction", std::to_string(transaction)})
      .json["transactions"][0]["notes"];
}

// nginx, set up to pass WebSockets on, and each event at once.
FrontKind StreamingNginx() {
  FrontKind kind = FrontKinds().front();
  kind.replaced = "proxy_http_version 1.1;\n";
  kind.replacement =
      "proxy_http_version 1.1;\n        proxy_buffering off;\n"
      "        proxy_set_header Upgrade $http_upgrade;\n"
      "        proxy_set_header Connection $http_connection;\n";
  return kind;
}

// Server-sent events and a WebSocket, both begun.
struct OpenStreams {
  UserRequest events{kFrontPort, "GET", "/events"};
  UserRequest messages{kFrontPort, "GET", "/socket",
                       "Connection: Upgrade\r\nUpgrade: websocket\r\n"
                       "Sec-WebSocket-Version: 13\r\n"
                       "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"};

  OpenStreams() {
    for (UserRequest* each : {&events, &messages}) {
      while (each->answer().find("tick") == std::string::npos) {
        REQUIRE(each->ReadSome());
      }
    }
  }
};

}  // namespace

TEST_SUITE("inside a container: streams of instances") {
  TEST_CASE("events and a WebSocket go on over the switch to their end") {
    InstanceShop shop(InstanceShop::Config("drain = \"60s\"\n"));
    Front front(StreamingNginx());
    shop.Deploy("1");
    OpenStreams open;
    // The key and the answer to it are the example of RFC 6455.
    CHECK(open.messages.answer().find("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=") !=
          std::string::npos);
    shop.Deploy("2");
    CHECK(shop.AskCurrent() == "release 2 serves\n");
    CHECK(shop.Instances() == Lines{"1", "2"});
    shop.MakeFile("finish");
    CHECK(open.events.ReadToEnd().find("event: end\ndata: 1\n") !=
          std::string::npos);
    CHECK(open.messages.ReadToEnd().find("end 1") != std::string::npos);
    shop.CheckOnly("2");
    CHECK(NotesOf(&shop, 2) == nlohmann::json::array());
  }

  TEST_CASE("events and a WebSocket that outlive the drain are recorded") {
    InstanceShop shop(InstanceShop::Config("drain = \"500ms\"\n"));
    Front front(StreamingNginx());
    shop.Deploy("1");
    OpenStreams open;
    shop.Deploy("2");
    CHECK(open.events.ReadToEnd().find("event: end") == std::string::npos);
    CHECK(open.messages.ReadToEnd().find("end 1") == std::string::npos);
    shop.CheckOnly("2");
    CHECK(NotesOf(&shop, 2) ==
          nlohmann::json::array(
              {"stopped the instance of 1 with 2 open connections"}));
  }
}

TEST_CASE("streams that are open at a switch finish, or are cut and recorded") {
  SystemdContainer container;
  CheckSuiteInside(&container, "inside a container: streams of instances", 2);
}

}  // namespace release
