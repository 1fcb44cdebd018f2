#include "service/occasion.h"

#include <doctest/doctest.h>

namespace release {

TEST_CASE("an occasion tells its facts in the environment") {
  Occasion occasion;
  occasion.app = "shop";
  occasion.version = "1.4.2";
  occasion.previous = "1.4.1";
  occasion.root = "/srv/shop";
  occasion.transaction = 42;
  occasion.step = "health";
  occasion.result = "undone";
  occasion.reason = "health-deadline";
  occasion.facts = {{"signed_by", "ci"}, {"serial", "7"}};
  CHECK(occasion.Environment() ==
        std::map<std::string, std::string>{
            {"RELEASE_APP", "shop"},
            {"RELEASE_VERSION", "1.4.2"},
            {"RELEASE_PREVIOUS", "1.4.1"},
            {"RELEASE_DIR", "/srv/shop/releases/1.4.2"},
            {"RELEASE_ROOT", "/srv/shop"},
            {"RELEASE_TRANSACTION", "42"},
            {"RELEASE_STEP", "health"},
            {"RELEASE_RESULT", "undone"},
            {"RELEASE_REASON", "health-deadline"},
            {"RELEASE_SHA256", ""},
            {"RELEASE_SIGNED_BY", "ci"},
            {"RELEASE_TESTS", ""}});
}

}  // namespace release
