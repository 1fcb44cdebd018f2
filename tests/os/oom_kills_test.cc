#include "os/oom_kills.h"

#include <doctest/doctest.h>

namespace release {

TEST_CASE("the count is the one of oom_kill, not of oom or oom_group_kill") {
  CHECK(ParseOomKills("low 0\nhigh 0\nmax 12\noom 9\noom_kill 3\n"
                      "oom_group_kill 1\n") == 3U);
  CHECK(ParseOomKills("oom_kill 7\n") == 7U);
  CHECK_FALSE(ParseOomKills("oom 9\noom_group_kill 1\n"));
  CHECK_FALSE(ParseOomKills("oom_kill many\n"));
  CHECK_FALSE(ParseOomKills(""));
}

TEST_CASE("a control group that does not exist has no count") {
  CHECK_FALSE(ReadOomKills("/no/such.slice"));
  CHECK_FALSE(ReadOomKills(""));
}

}  // namespace release
