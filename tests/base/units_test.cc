#include "base/units.h"

#include <doctest/doctest.h>

#include <limits>
#include <random>

namespace release {

using std::chrono::nanoseconds;
using namespace std::chrono_literals;

__extension__ typedef __int128 Wide;

TEST_CASE("a duration is read as people write it") {
  CHECK(ParseDuration("90s") == 90s);
  CHECK(ParseDuration("10m") == 10min);
  CHECK(ParseDuration("500ms") == 500ms);
  CHECK(ParseDuration("1h30m") == 90min);
  CHECK(ParseDuration("2d") == 48h);
  CHECK(ParseDuration("1d2h3m4s5ms") == 26h + 3min + 4s + 5ms);
  CHECK(ParseDuration("0") == 0ns);
  CHECK(ParseDuration("15") == 15s);
}

TEST_CASE("a malformed, negative or too large duration is refused") {
  for (const char* bad :
       {"", "s", "-5s", "+5s", "5 s", " 5s", "5s ", "1.5s", "5x", "1h30",
        "30m1h", "1m1m", "5S", "5sec", "9223372037s", "106752d",
        "99999999999999999999", "18446744073709551615d", "9223372036s855ms"}) {
    CAPTURE(bad);
    CHECK_FALSE(ParseDuration(bad).has_value());
  }
  CHECK(ParseDuration("9223372036s854ms") == 9223372036854ms);
}

TEST_CASE("a duration is written with two significant parts") {
  CHECK(FormatDuration(0ns) == "0 ms");
  CHECK(FormatDuration(1500us) == "1.5 ms");
  CHECK(FormatDuration(850ms) == "850 ms");
  CHECK(FormatDuration(4200ms) == "4.2 s");
  CHECK(FormatDuration(200s) == "3m20s");
  CHECK(FormatDuration(7500s) == "2h05m");
  CHECK(FormatDuration(99h) == "4d03h");
  CHECK(FormatDuration(-850ms) == "-850 ms");
}

TEST_CASE("rounding a duration never shows 60 seconds or 1000 ms") {
  CHECK(FormatDuration(9'960us) == "10 ms");
  CHECK(FormatDuration(999'600us) == "1.0 s");
  CHECK(FormatDuration(59'960ms) == "1m00s");
  CHECK(FormatDuration(3'599'600ms) == "1h00m");
  CHECK(FormatDuration(nanoseconds::max()) == "106751d23h");
  CHECK(FormatDuration(nanoseconds::min()) == "-106751d23h");
}

TEST_CASE("times saturate instead of wrapping") {
  const auto exact = [](Wide value) {
    const auto most = std::numeric_limits<std::int64_t>::max();
    const auto least = std::numeric_limits<std::int64_t>::min();
    return nanoseconds(value > most    ? most
                       : value < least ? least
                                       : static_cast<std::int64_t>(value));
  };
  std::mt19937_64 random(1);
  for (int i = 0; i < 10'000; ++i) {
    const auto shift = random() % 63;
    const auto a = static_cast<std::int64_t>(random()) >> shift;
    const auto b = static_cast<std::int64_t>(random()) >> (random() % 63);
    CHECK(AddSaturated(nanoseconds(a), nanoseconds(b)) ==
          exact(static_cast<Wide>(a) + b));
    const nanoseconds seconds = SecondsSaturated(a);
    const nanoseconds wanted = exact(static_cast<Wide>(a) * 1'000'000'000);
    CHECK(std::chrono::abs(wanted - seconds) < std::chrono::seconds(1));
  }
}

TEST_CASE("a size is read in powers of 1024 and of 1000") {
  CHECK(ParseSize("4096") == 4096u);
  CHECK(ParseSize("0") == 0u);
  CHECK(ParseSize("512B") == 512u);
  CHECK(ParseSize("16GiB") == std::uint64_t{16} << 30);
  CHECK(ParseSize("500MB") == 500'000'000u);
  CHECK(ParseSize("2TiB") == std::uint64_t{2} << 40);
  CHECK(ParseSize("18446744073709551615") ==
        std::numeric_limits<std::uint64_t>::max());
}

TEST_CASE("a malformed or too large size is refused") {
  for (const char* bad :
       {"", "GiB", "-1", "+1", "1.5GiB", "1 GiB", "1gib", "1K", "1GiB ",
        "18446744073709551616", "16777216TiB"}) {
    CAPTURE(bad);
    CHECK_FALSE(ParseSize(bad).has_value());
  }
  CHECK(ParseSize("16777215TiB").has_value());
}

TEST_CASE("a size is written in the largest unit it fills") {
  CHECK(FormatSize(0) == "0 B");
  CHECK(FormatSize(812) == "812 B");
  CHECK(FormatSize(1024) == "1.0 KiB");
  CHECK(FormatSize(3'565'158) == "3.4 MiB");
  CHECK(FormatSize((std::uint64_t{1} << 20) - 1) == "1.0 MiB");
  CHECK(FormatSize(std::numeric_limits<std::uint64_t>::max()) == "16.0 EiB");
}

TEST_CASE("dates are UTC, before 1970 and on leap days too") {
  CHECK(FormatTime(0) == "1970-01-01T00:00:00Z");
  CHECK(FormatTime(1'795'434'045) == "2026-11-23T11:40:45Z");
  CHECK(CompactTime(1'795'434'045) == "20261123114045");
  CHECK(FormatTime(951'782'400) == "2000-02-29T00:00:00Z");
  CHECK(FormatTime(-1) == "1969-12-31T23:59:59Z");
  CHECK(FormatTime(std::numeric_limits<std::int64_t>::max()) ==
        "9999-12-31T23:59:59Z");
  CHECK(FormatTime(std::numeric_limits<std::int64_t>::min()) ==
        "0000-01-01T00:00:00Z");
}

TEST_CASE("a date is read as it is written, and in no other form") {
  for (const std::int64_t at : {std::int64_t{0}, std::int64_t{1'795'434'045},
                                std::int64_t{951'782'400}, std::int64_t{-1}}) {
    CHECK(ParseTime(FormatTime(at)) == at);
  }
  for (const char* bad :
       {"", "2026-11-23", "2026-11-23T11:40:45", "2026-11-23T11:40:45z",
        "2026-11-23 11:40:45Z", "2026-11-23T11:40:45.5Z",
        "2026-11-23T11:40:45+00:00", "2026-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z", "2026-11-23T24:00:00Z", "2026-11-23T11:60:45Z",
        "2026-11-23T11:40:60Z", "+026-11-23T11:40:45Z",
        "2026-11-23T11:40:45ZZ"}) {
    CAPTURE(bad);
    CHECK_FALSE(ParseTime(bad).has_value());
  }
}

}  // namespace release
