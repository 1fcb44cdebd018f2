#include "os/ticker.h"

#include <doctest/doctest.h>
#include <pthread.h>

#include <atomic>
#include <new>
#include <string>
#include <thread>

#include "support/command_run.h"

namespace release {

TEST_CASE("a ticker calls its function again and again, until it is gone") {
  std::atomic<int> calls{0};
  {
    const Ticker ticker(std::chrono::milliseconds(1),
                        std::chrono::milliseconds(1), [&] { ++calls; });
    CHECK(Becomes([&] { return calls >= 3; }));
  }
  const int at_end = calls;
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  CHECK(calls == at_end);
}

TEST_CASE("the thread of a ticker can be told from others") {
  char name[16] = "";
  std::atomic<bool> done{false};
  const Ticker ticker({}, std::chrono::hours(1), [&] {
    pthread_getname_np(pthread_self(), name, sizeof name);
    done = true;
  });
  REQUIRE(Becomes([&] { return done.load(); }));
  CHECK(std::string(name) == "ticker");
}

TEST_CASE("a ticker goes on after an exception of its function") {
  std::atomic<int> calls{0};
  const Ticker ticker(std::chrono::milliseconds(1),
                      std::chrono::milliseconds(1), [&] {
                        ++calls;
                        throw std::bad_alloc();
                      });
  CHECK(Becomes([&] { return calls >= 2; }));
}

TEST_CASE("a ticker that is gone before its delay never calls") {
  bool called = false;
  {
    const Ticker ticker(std::chrono::hours(1), {}, [&] { called = true; });
  }
  CHECK(!called);
}

}  // namespace release
