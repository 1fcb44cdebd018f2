#include "deploy/attempt.h"

#include <doctest/doctest.h>

#include <new>
#include <stdexcept>

namespace release {

TEST_CASE("an attempt that succeeds has no failure") {
  bool ran = false;
  CHECK(!Attempt([&] { ran = true; }));
  CHECK(ran);
}

TEST_CASE("an error keeps its code, path and values as a failure") {
  const auto failure = Attempt(
      [] { throw Error(ErrorCode::kNoSpace, "cannot x", "p", "2", "1"); });
  REQUIRE(failure);
  CHECK(failure->code == ErrorCode::kNoSpace);
  CHECK(failure->message == "cannot x");
  CHECK(failure->path == "p");
  CHECK(failure->expected == "2");
  CHECK(failure->found == "1");
}

TEST_CASE("other exceptions become internal errors") {
  const auto memory = Attempt([] { throw std::bad_alloc(); });
  REQUIRE(memory);
  CHECK(memory->code == ErrorCode::kInternal);
  CHECK(memory->message == "cannot go on: out of memory");
  const auto logic = Attempt([] { throw std::logic_error("why"); });
  REQUIRE(logic);
  CHECK(logic->code == ErrorCode::kInternal);
  CHECK(logic->message == "cannot go on: why");
}

TEST_CASE("an exception that is not a std::exception passes through") {
  CHECK_THROWS_AS(Attempt([] { throw 7; }), int);
}

}  // namespace release
