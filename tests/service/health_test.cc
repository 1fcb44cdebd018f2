#include "service/health.h"

#include <doctest/doctest.h>

#include "os/cancellation.h"
#include "support/expect_error.h"
#include "support/fake_clock.h"
#include "support/fake_http.h"
#include "support/fake_runner.h"

namespace release {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct Rig {
  Rig() {
    config.url = "http://127.0.0.1:8080/up";
    hook_context.version = "1.4.2";
    start = clock.SinceBoot();
  }
  void Await() { AwaitHealthy(config, system, hook_context, watch, &waiter); }
  Reason ProbeOnce() { return Probe(config, system, hook_context, seconds(5)); }
  // From `from` after the start on, every probe gets this response.
  void AnswerFrom(Nanoseconds from, HttpResponse response) {
    clock.At(start + from, [this, response] {
      http.answer = [response](const HttpRequest&) { return response; };
    });
  }
  void Answer(HttpResponse response) {
    http.answer = [response](const HttpRequest&) { return response; };
  }
  Nanoseconds Spent() { return clock.SinceBoot() - start; }

  FakeRunner runner;
  FakeHttp http;
  FakeClock clock;
  Waiter waiter{&clock};
  System system{&runner, &http, &clock};
  HealthConfig config;
  HookContext hook_context;
  HealthWatch watch;
  Nanoseconds start{};
};

}  // namespace

TEST_CASE("a probe's address is a URL or a socket and a path") {
  CHECK(ParseProbeUrl("http://[::1]:8080/up").url == "http://[::1]:8080/up");
  const auto unix_address = ParseProbeUrl("unix:/run/shop.sock:/up?a=b:/c");
  CHECK(unix_address.unix_socket == "/run/shop.sock");
  CHECK(unix_address.url == "http://localhost/up?a=b:/c");
  const auto bare = ParseProbeUrl("unix:/run/shop.sock");
  CHECK(bare.unix_socket == "/run/shop.sock");
  CHECK(bare.url == "http://localhost/");
}

TEST_CASE("a version is found in a body only as a whole") {
  const std::string mark = "{version}";
  CHECK(BodyMatches("anything", "", "1.4.2"));
  CHECK(BodyMatches(R"({"version":"1.4.2"})", mark, "1.4.2"));
  CHECK(BodyMatches("shop-1.4.2", mark, "1.4.2"));
  CHECK(BodyMatches("v1.4.2", mark, "1.4.2"));
  CHECK(BodyMatches("This is 1.4.2.", mark, "1.4.2"));
  CHECK(BodyMatches("1.4.21, no, 1.4.2", mark, "1.4.2"));
  CHECK(BodyMatches("rev abc123\n", "rev {version}", "abc123"));
  for (const char* other : {"1.4.21", "11.4.2", "3.1.4.2", "1.4.2-rc1",
                            "1.4.2.1", "1.4.2+b", "1.4.2_x", "1.4.1", ""}) {
    CAPTURE(other);
    CHECK_FALSE(BodyMatches(other, mark, "1.4.2"));
  }
  CHECK_FALSE(BodyMatches("xabc123", mark, "abc123"));
}

TEST_CASE("an HTTP probe is good by its status and its body") {
  Rig rig;
  rig.config.expect_body = "{version}";
  rig.Answer({204, "1.4.2", ""});
  CHECK_FALSE(rig.ProbeOnce());
  rig.Answer({503, "down for \"repair\"\n", ""});
  CHECK(rig.ProbeOnce() == "status 503, body \"down for \\\"repair\\\"\\n\"");
  rig.Answer({200, "1.4.1", ""});
  CHECK(rig.ProbeOnce() == "status 200, body \"1.4.1\", without \"1.4.2\"");
  rig.Answer({0, "", "Connection refused"});
  CHECK(rig.ProbeOnce() == "no answer: Connection refused");
  rig.config.status_low = rig.config.status_high = 503;
  rig.config.expect_body = "";
  rig.Answer({503, "", ""});
  CHECK_FALSE(rig.ProbeOnce());
}

TEST_CASE("a restart may report the release that it is of") {
  Rig rig;
  rig.config.expect_body = "{version}";
  rig.hook_context.version = "1.4.2+r1";
  rig.http.answer = [](const HttpRequest&) {
    return HttpResponse{200, "shop 1.4.2", ""};
  };
  // A name alone makes no restart: this may be a release of its own.
  rig.hook_context.socket = "/run/shop/1.4.2+r1/http.sock";
  CHECK(rig.ProbeOnce());
  rig.hook_context.restart_of = "1.4.2";
  CHECK_FALSE(rig.ProbeOnce());
  rig.hook_context.restart_of = "1.4.1";
  CHECK(rig.ProbeOnce());
}

TEST_CASE("no more than 200 bytes of a body are shown") {
  Rig rig;
  rig.Answer({500, std::string(1000, 'x'), ""});
  CHECK(rig.ProbeOnce() ==
        "status 500, body \"" + std::string(200, 'x') + "\"");
}

TEST_CASE("a TCP probe connects to host and port") {
  Rig rig;
  rig.config.url = "";
  rig.config.tcp = "[::1]:8080";
  CHECK_FALSE(rig.ProbeOnce());
  CHECK(rig.http.connects == std::vector<std::string>{"::1 8080"});
  rig.http.connect_error = "Connection refused";
  CHECK(rig.ProbeOnce() == "no connection: Connection refused");
}

TEST_CASE("a command probe is good when it exits with 0") {
  Rig rig;
  rig.config.url = "";
  rig.config.command = {"/bin/probe"};
  CHECK_FALSE(rig.ProbeOnce());
  CHECK(rig.runner.commands[0].env.at("RELEASE_VERSION") == "1.4.2");
  CHECK(rig.runner.commands[0].timeout == seconds(5));
  rig.runner.On("/bin/probe", Exited(1, "no queue\n"));
  CHECK(rig.ProbeOnce() == "/bin/probe: exit status 1\n  no queue");
}

TEST_CASE("a healthy service is watched for min_healthy_time") {
  Rig rig;
  rig.Await();
  CHECK(rig.Spent() == seconds(5));
  CHECK(rig.http.requests.size() == 6);
}

TEST_CASE("the first good answer may take until the deadline") {
  Rig rig;
  rig.Answer({503, "", ""});
  rig.AnswerFrom(milliseconds(29'900), {200, "", ""});
  rig.Await();
  CHECK(rig.Spent() == seconds(35));
}

TEST_CASE("no good answer before the deadline fails, with the last answer") {
  Rig rig;
  rig.watch.journal = [] { return std::string("\n  Boom"); };
  rig.Answer({503, "starting", ""});
  const Error error = ErrorOf([&] { rig.Await(); });
  CHECK(error.code() == ErrorCode::kHealthDeadline);
  CHECK(rig.Spent() == seconds(30));
  CHECK(Says(error, "status 503, body \"starting\"\n  Boom"));
  CHECK(Says(error, "http://127.0.0.1:8080/up"));
}

TEST_CASE("a probe that hangs cannot stretch the deadline") {
  Rig rig;
  rig.http.answer = [&](const HttpRequest& request) {
    rig.clock.Advance(request.timeout);
    return HttpResponse{0, "", "timed out"};
  };
  CHECK(ErrorOf([&] { rig.Await(); }).code() == ErrorCode::kHealthDeadline);
  CHECK(rig.Spent() <= milliseconds(30'500));
}

TEST_CASE("one bad answer after a good one is enough to fail") {
  Rig rig;
  rig.AnswerFrom(milliseconds(1'500), {500, "", ""});
  rig.AnswerFrom(milliseconds(2'500), {200, "", ""});
  const Error error = ErrorOf([&] { rig.Await(); });
  CHECK(error.code() == ErrorCode::kHealthLost);
  CHECK(rig.Spent() == seconds(2));
}

TEST_CASE("an exception of the watch ends the wait, even when healthy") {
  Rig rig;
  rig.watch.alive = [&] {
    if (rig.Spent() >= seconds(2)) {
      throw Error(ErrorCode::kServiceDied, "gone");
    }
  };
  CHECK(ErrorOf([&] { rig.Await(); }).code() == ErrorCode::kServiceDied);
}

TEST_CASE("a service that ended during the probe is reported as ended") {
  Rig rig;
  bool ended = false;
  rig.watch.alive = [&] {
    if (ended) throw Error(ErrorCode::kServiceDied, "it ended");
  };
  rig.http.answer = [&](const HttpRequest&) {
    ended = rig.Spent() >= seconds(2);
    return HttpResponse{ended ? 0 : 200, "", ended ? "refused" : ""};
  };
  CHECK(ErrorOf([&] { rig.Await(); }).code() == ErrorCode::kServiceDied);
}

TEST_CASE("a probe that a stop request ended is not judged") {
  Rig rig;
  rig.http.answer = [](const HttpRequest&) {
    SetInterruptSignal(15);
    return HttpResponse{0, "", "interrupted"};
  };
  rig.config.deadline = Duration(0);
  const Error error = ErrorOf([&] { rig.Await(); });
  SetInterruptSignal(0);
  CHECK(error.code() == ErrorCode::kInterrupted);
}

}  // namespace release
