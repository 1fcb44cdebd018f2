// Requests that take three seconds, while releases are deployed and rolled
// back.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <atomic>
#include <mutex>
#include <thread>

#include "host/container_suite.h"
#include "host/live_shop.h"
#include "support/archives.h"

namespace release {
namespace {

using std::chrono::milliseconds;

// Starts a slow request every 50 ms, so that about sixty are in progress at any
// time.
class SlowLoad {
 public:
  explicit SlowLoad(LiveShop* shop)
      : starter_([this, shop] {
          while (!stop_) {
            requests_.emplace_back([this, shop] { Request(shop); });
            std::this_thread::sleep_for(milliseconds(50));
          }
        }) {}
  ~SlowLoad() { End(); }

  // Waits for all requests that were started. Returns the failures.
  std::vector<std::string> End() {
    stop_ = true;
    if (starter_.joinable()) starter_.join();
    for (std::thread& request : requests_) request.join();
    requests_.clear();
    return failures_;
  }
  int answered() const { return answered_; }

 private:
  void Request(LiveShop* shop) {
    const HttpResponse response = shop->Ask("/slow");
    ++answered_;
    if (response.status == 200 && response.body.starts_with("release ") &&
        response.body.ends_with(" serves\n")) {
      return;
    }
    const std::lock_guard lock(mutex_);
    failures_.push_back(fmt::format("status {}, body \"{}\", error {}",
                                    response.status, response.body,
                                    response.error));
  }

  std::atomic<bool> stop_ = false;
  std::atomic<int> answered_ = 0;
  std::mutex mutex_;
  std::vector<std::string> failures_;
  std::vector<std::thread> requests_;
  std::thread starter_;
};

// Deploys releases 2, 3 and 4 and rolls back once, under the load.
void CheckUnderLoad(LiveShop* shop) {
  shop->Deploy("1");
  SlowLoad load(shop);
  std::this_thread::sleep_for(milliseconds(500));
  for (const char* version : {"2", "3", "4"}) {
    shop->Deploy(version);
    CHECK(shop->Ask().body == fmt::format("release {} serves\n", version));
  }
  CHECK(shop->Release({"rollback"}).status == 0);
  CHECK(shop->Ask().body == "release 3 serves\n");
  const auto failures = load.End();
  CAPTURE(fmt::format("{} of {}", failures.size(), load.answered()));
  CHECK(load.answered() > 20);
  CHECK(failures == std::vector<std::string>{});
  shop->CheckLive("3");
}

std::string Replaced(std::string text, const std::string& what,
                     const std::string& with) {
  return text.replace(text.find(what), what.size(), with);
}

void WriteSocket() {
  Spill("/etc/systemd/system/shop.socket",
        "[Socket]\nListenStream=127.0.0.1:8081\nBacklog=1024\nAccept=no\n");
}

}  // namespace

TEST_SUITE("inside a container: slow answers") {
  TEST_CASE("a reload cuts no answer and refuses no connection") {
    LiveShop shop;
    CheckUnderLoad(&shop);
  }

  TEST_CASE("a restart behind a socket unit cuts no answer") {
    LiveShop shop(LiveShop::Config(),
                  Replaced(LiveShop::Unit(), "ExecReload=", "#"));
    WriteSocket();
    REQUIRE(shop.Shell("systemctl daemon-reload && systemctl start shop.socket")
                .ok());
    CheckUnderLoad(&shop);
    const auto takeups = shop.TakeUps();
    CHECK(takeups == std::vector<std::string>{"start 1", "start 2", "start 3",
                                              "start 4", "start 3"});
  }

  TEST_CASE("control: the load notices a restart without a socket unit") {
    LiveShop shop(LiveShop::Config(),
                  Replaced(LiveShop::Unit(), "ExecReload=", "#"));
    shop.Deploy("1");
    SlowLoad load(&shop);
    std::this_thread::sleep_for(milliseconds(500));
    REQUIRE(shop.Shell("systemctl restart shop.service").ok());
    CHECK_FALSE(load.End().empty());
  }
}

TEST_CASE("slow answers are finished while releases come and go") {
  SystemdContainer container;
  CheckSuiteInside(&container, "inside a container: slow answers", 3);
}

}  // namespace release
