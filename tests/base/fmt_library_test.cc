#include <doctest/doctest.h>
#include <fmt/format.h>

namespace release {
namespace {

TEST_CASE("text and numbers of every kind are formatted") {
  CHECK(fmt::format("{} {:>4} {:x} {:.2f} {} {}", "a", 12, 255, 1.5, 2.5f,
                    true) == "a   12 ff 1.50 2.5 true");
}

}  // namespace
}  // namespace release
