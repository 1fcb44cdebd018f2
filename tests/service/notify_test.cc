#include "service/notify.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/archives.h"
#include "support/fake_clock.h"
#include "support/fake_http.h"
#include "support/fake_runner.h"
#include "support/temp_dir.h"

namespace release {
namespace {

struct Rig {
  Rig() {
    config.command = {"page-me", "--loud"};
    config.webhook = "https://chat.example/secret-token";
    notice.app = "shop";
    notice.result = Result::kFailed;
    notice.transaction = 7;
  }
  Reason Send(Channel channel) {
    return SendNotice(channel, config, notice, {&runner, &http, &clock, ""},
                      std::chrono::seconds(3));
  }
  FakeRunner runner;
  FakeHttp http;
  FakeClock clock;
  NotifyConfig config;
  Notice notice;
};

}  // namespace

TEST_CASE("only configured channels are listed") {
  Rig rig;
  CHECK(Channels(rig.config) ==
        std::vector<Channel>{Channel::kWebhook, Channel::kCommand});
  rig.config.webhook = "";
  CHECK(Channels(rig.config) == std::vector<Channel>{Channel::kCommand});
  CHECK(Channels(NotifyConfig{}).empty());
  CHECK(ChannelName(Channel::kWebhook) == "webhook");
}

TEST_CASE("a webhook gets the JSON by POST, with an idempotency key") {
  Rig rig;
  CHECK_FALSE(rig.Send(Channel::kWebhook));
  REQUIRE(rig.http.requests.size() == 1);
  const HttpRequest& request = rig.http.requests[0];
  CHECK(request.url == rig.config.webhook);
  CHECK(request.body == NoticeJson(rig.notice));
  CHECK(request.timeout == std::chrono::seconds(3));
  CHECK(request.headers[0].second == "application/json");
  CHECK(request.headers[1].second == "\"" + rig.notice.Id() + "\"");
}

TEST_CASE("a webhook's failure is reported without its URL") {
  Rig rig;
  rig.http.answer = [](const HttpRequest&) {
    return HttpResponse{500, "no", ""};
  };
  CHECK(rig.Send(Channel::kWebhook) == "status 500");
  rig.http.answer = [](const HttpRequest&) {
    return HttpResponse{302, "", ""};
  };
  CHECK(rig.Send(Channel::kWebhook) == "status 302");
  rig.http.answer = [](const HttpRequest&) {
    return HttpResponse{0, "", "Could not connect"};
  };
  CHECK(rig.Send(Channel::kWebhook) == "Could not connect");
  rig.http.answer = [](const HttpRequest&) {
    return HttpResponse{204, "", ""};
  };
  CHECK_FALSE(rig.Send(Channel::kWebhook));
}

TEST_CASE("a command gets the environment and the JSON on its stdin") {
  Rig rig;
  CHECK_FALSE(rig.Send(Channel::kCommand));
  REQUIRE(rig.runner.commands.size() == 1);
  const Command& command = rig.runner.commands[0];
  CHECK(Joined(command) == "page-me --loud");
  CHECK(command.input == NoticeJson(rig.notice) + "\n");
  CHECK(command.env.at("RELEASE_TRANSACTION") == "7");
  CHECK(command.timeout == std::chrono::seconds(3));
  rig.runner.On("page-me", Exited(3, "no modem\n"));
  CHECK(rig.Send(Channel::kCommand) == "page-me: exit status 3\n  no modem");
}

TEST_CASE("root does not run a notifier that another user can write") {
  if (geteuid() != 0) return;
  Rig rig;
  const TempDir dir;
  Spill(dir.path() + "/page", "#!/bin/sh\n");
  REQUIRE(chmod((dir.path() + "/page").c_str(), 0777) == 0);
  rig.config.command = {"sh", dir.path() + "/page"};
  CHECK(rig.Send(Channel::kCommand)
            .value_or("")
            .find("root does not run it, because of ") == 0);
  CHECK(rig.runner.commands.empty());
}

}  // namespace release
