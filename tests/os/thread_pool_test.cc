#include "os/thread_pool.h"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

namespace release {
namespace {

constexpr std::size_t kAnyRoom = 1'000;

TEST_CASE("Wait returns after every task, and more can be submitted") {
  for (const unsigned threads : {0U, 1U, 4U}) {
    CAPTURE(threads);
    std::atomic<int> done{0};
    ThreadPool pool(threads, 3);
    for (int round = 1; round <= 2; ++round) {
      for (int i = 0; i < 100; ++i) pool.Submit([&] { ++done; });
      pool.Wait();
      CHECK(done == 100 * round);
      CHECK(pool.pending() == 0);
    }
  }
}

TEST_CASE("without threads a task runs at once in the caller's thread") {
  ThreadPool pool(0, kAnyRoom);
  std::thread::id ran;
  pool.Submit([&] { ran = std::this_thread::get_id(); });
  CHECK(ran == std::this_thread::get_id());
  CHECK_THROWS_AS(pool.Submit([] { throw std::runtime_error("no"); }),
                  std::runtime_error);
}

TEST_CASE("one thread keeps the order") {
  std::string order;
  ThreadPool pool(1, 2);
  for (char c = 'a'; c <= 'z'; ++c) pool.Submit([&order, c] { order += c; });
  pool.Wait();
  CHECK(order == "abcdefghijklmnopqrstuvwxyz");
}

TEST_CASE("a task may submit more without waiting for room") {
  for (const unsigned threads : {0U, 1U, 3U}) {
    std::atomic<int> leaves{0};
    ThreadPool pool(threads, 1);
    std::function<void(int)> split = [&](int depth) {
      if (depth == 0) {
        ++leaves;
        return;
      }
      for (int i = 0; i < 2; ++i) {
        pool.SubmitFromTask([&split, depth] { split(depth - 1); });
      }
    };
    pool.Submit([&] { split(8); });
    pool.Wait();
    CHECK(leaves == 256);
  }
}

struct NoStandardException {};

TEST_CASE("Submit and Wait rethrow the first exception of a task") {
  ThreadPool pool(2, kAnyRoom);
  pool.Submit([] { throw NoStandardException(); });
  CHECK_THROWS_AS(pool.Wait(), NoStandardException);
  std::atomic<bool> ran{false};
  CHECK_THROWS_AS(pool.Submit([&] { ran = true; }), NoStandardException);
  CHECK_THROWS_AS(pool.Wait(), NoStandardException);
  CHECK_FALSE(ran);
}

TEST_CASE("an exception wakes a Submit that waits for room") {
  ThreadPool pool(1, 1);
  std::atomic<bool> go{false};
  pool.Submit([&] {
    while (!go) std::this_thread::yield();
    throw std::runtime_error("full");
  });
  std::thread later([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    go = true;
  });
  CHECK_THROWS_AS(
      [&] {
        for (int i = 0; i < 10; ++i) pool.Submit([] {});
      }(),
      std::runtime_error);
  later.join();
}

TEST_CASE("destruction drops tasks that have not started") {
  std::atomic<int> ran{0};
  auto pool = std::make_unique<ThreadPool<>>(1, kAnyRoom);
  std::atomic<bool> go{false};
  pool->Submit([&] {
    ++ran;
    while (!go) std::this_thread::yield();
  });
  while (ran == 0) std::this_thread::yield();
  for (int i = 0; i < 10; ++i) pool->Submit([&] { ++ran; });
  // Until `go`, the destructor waits for the running task.
  const ThreadPool<>& ending = *pool;
  std::thread end([&] { pool.reset(); });
  const auto patience =
      std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (ending.pending() > 1 && std::chrono::steady_clock::now() < patience) {
    std::this_thread::yield();
  }
  CHECK(ending.pending() == 1);
  go = true;
  end.join();
  CHECK(ran == 1);
}

}  // namespace
}  // namespace release
