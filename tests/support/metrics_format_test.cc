#include "support/metrics_format.h"

#include <doctest/doctest.h>

namespace release {
namespace {

const std::string kHead = "# HELP a What it is.\n# TYPE a gauge\n";

}  // namespace

TEST_CASE("metrics of the format have no violation") {
  for (const std::string& good :
       {kHead + "a 1\n", kHead + "a{b=\"c\"} -1.5e+09\na{b=\"d\"} NaN\n",
        kHead + "a{b=\"\"} +Inf\na{b=\"x\\\"\\\\\\n,}\",c=\"{\"} .5\n",
        kHead + "a{} 1 1795000000000\n",
        kHead + "a 1\n# HELP b A \\\\ and a \\n.\n# TYPE b counter\nb 2\n"}) {
    CHECK_MESSAGE(MetricsViolation(good) == "", good);
  }
}

TEST_CASE("an order that the format does not have is found") {
  const std::string other = "# HELP b x\n# TYPE b gauge\n";
  for (const std::string& bad :
       {std::string("a 1\n"), std::string("# TYPE a gauge\na 1\n"),
        std::string("# HELP a x\na 1\n"), kHead, kHead + other + "b 1\n",
        kHead + "b 1\n", kHead + "a 1\n" + kHead + "a{b=\"c\"} 1\n",
        kHead + "# TYPE a gauge\na 1\n", kHead + "a 1\n# TYPE a gauge\n",
        kHead + "a 1\n" + other + "b 1\na{b=\"c\"} 1\n",
        kHead + "a 1\n# HELP a_b x\na_b 1\n"}) {
    CHECK_MESSAGE(MetricsViolation(bad) != "", bad);
  }
}

TEST_CASE("a series that is there twice is found, whatever its labels' order") {
  CHECK(MetricsViolation(kHead + "a 1\na 2\n") == "a series twice: a 2");
  CHECK(MetricsViolation(kHead + "a{b=\"1\",c=\"2\"} 1\na{c=\"2\",b=\"1\"} 1\n")
            .starts_with("a series twice"));
}

TEST_CASE("a line that is malformed is found") {
  for (const std::string line : {"",
                                 "a",
                                 "a one",
                                 "a  1",
                                 " a 1",
                                 "a 1 ",
                                 "a 1 soon",
                                 "a 0x10",
                                 "a nan",
                                 "a 1,5",
                                 "a {b=\"c\"} 1",
                                 "a{b=c} 1",
                                 "a{b=\"c} 1",
                                 "a{b=\"c\"d\"} 1",
                                 "a{b=\"\\x\"} 1",
                                 "a{b=\"c\" 1",
                                 "a{1b=\"c\"} 1",
                                 "a{b:c=\"d\"} 1",
                                 "a{b=\"c\",b=\"d\"} 1",
                                 "a{,b=\"c\"} 1",
                                 "# TYPE a number",
                                 "# HELP 1a x",
                                 "# EOF"}) {
    CHECK_MESSAGE(
        MetricsViolation(kHead + "a{z=\"1\"} 1\n" + line + "\n") != "", line);
  }
  CHECK(MetricsViolation(kHead + "# HELP a-b x\n") != "");
  CHECK(MetricsViolation(kHead + "a 1") == "the last line has no end");
  CHECK(MetricsViolation("") == "the last line has no end");
}

}  // namespace release
