#include "service/hook_context.h"

#include <doctest/doctest.h>

namespace release {

TEST_CASE("a hook context puts its facts into the environment") {
  HookContext hook_context;
  hook_context.app = "shop";
  hook_context.version = "1.4.2";
  hook_context.previous = "1.4.1";
  hook_context.root = "/srv/shop";
  hook_context.transaction = 42;
  hook_context.socket = "/run/shop/1.4.2/http.sock";
  hook_context.step = "health";
  hook_context.result = Result::kUndone;
  hook_context.reason = "health-deadline";
  hook_context.facts = {{"signed_by", "ci"}, {"serial", "7"}};
  CHECK(hook_context.Environment() ==
        std::map<std::string, std::string>{
            {"RELEASE_APP", "shop"},
            {"RELEASE_VERSION", "1.4.2"},
            {"RELEASE_PREVIOUS", "1.4.1"},
            {"RELEASE_DIR", "/srv/shop/releases/1.4.2"},
            {"RELEASE_ROOT", "/srv/shop"},
            {"RELEASE_TRANSACTION", "42"},
            {"RELEASE_SOCKET", "/run/shop/1.4.2/http.sock"},
            {"RELEASE_STEP", "health"},
            {"RELEASE_RESULT", "undone"},
            {"RELEASE_REASON", "health-deadline"},
            {"RELEASE_SHA256", ""},
            {"RELEASE_SIGNED_BY", "ci"},
            {"RELEASE_TESTS", ""}});
}

}  // namespace release
