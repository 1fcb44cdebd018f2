#include "base/suggestion.h"

#include <doctest/doctest.h>

namespace release {

TEST_CASE("a mistyped word finds the one that was meant") {
  const std::vector<std::string> commands = {"rollback", "recover", "status",
                                             "start", "stage"};
  CHECK(Nearest("rolback", commands) == "rollback");
  CHECK(Nearest("rollbakc", commands) == "rollback");
  CHECK(Nearest("statsu", commands) == "status");
  CHECK(Nearest("sttaus", commands) == "status");
  CHECK(Nearest("recovery", commands) == "recover");
  CHECK(Nearest("status", commands) == "status");
}

TEST_CASE("two letters swapped are one mistake") {
  CHECK(Nearest("ab", {"ba"}) == "ba");
  CHECK(Nearest("ab", {"cd"}) == std::nullopt);
}

TEST_CASE("a word that is like none finds none") {
  CHECK(!Nearest("deploy", {"status", "rollback"}));
  CHECK(!Nearest("", {"a"}));
  CHECK(!Nearest("1.4.2", {}));
  CHECK(!Nearest(std::string(100'000, 'x'), {std::string(100'000, 'x')}));
}

TEST_CASE("the first of equally near words wins") {
  CHECK(Nearest("1.4.9", {"1.4.1", "1.4.2"}) == "1.4.1");
}

TEST_CASE("the words for a message") {
  CHECK(DidYouMean("shpo", {"blog", "shop"}) == "; did you mean shop?");
  CHECK(DidYouMean("xyz", {"blog", "shop"}).empty());
}

}  // namespace release
