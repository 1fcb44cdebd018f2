#include "os/wait_check.h"

#include <chrono>
#include <utility>

namespace release {
namespace {

using Steady = std::chrono::steady_clock;

constexpr auto kBetween = std::chrono::milliseconds(200);  // between two calls

thread_local std::function<void()> t_check;  // empty: no WaitCheck
thread_local Steady::time_point t_asked;     // the last call

}  // namespace

WaitCheck::WaitCheck(std::function<void()> check) {
  t_check = std::move(check);
  t_asked = {};
}

WaitCheck::~WaitCheck() { t_check = nullptr; }

void AskWhetherToGoOn() {
  if (!t_check) return;
  const auto now = Steady::now();
  if (now - t_asked < kBetween) return;
  t_asked = now;
  t_check();
}

int WaitBeforeAsking() {
  return t_check ? static_cast<int>(kBetween.count()) : -1;
}

}  // namespace release
