#include "service/hook_context.h"

#include "base/text.h"

namespace release {

std::map<std::string, std::string> HookContext::Environment() const {
  const auto fact = [this](const char* name) {
    const auto it = facts.find(name);
    return it == facts.end() ? "" : it->second;
  };
  return {
      {"RELEASE_SHA256", fact("sha256")},
      {"RELEASE_SIGNED_BY", fact("signed_by")},
      {"RELEASE_TESTS", fact("tests")},
      {"RELEASE_APP", app},
      {"RELEASE_VERSION", version},
      {"RELEASE_PREVIOUS", Printable(previous)},
      {"RELEASE_DIR", Directory().string()},
      {"RELEASE_ROOT", root.string()},
      {"RELEASE_TRANSACTION", std::to_string(transaction)},
      {"RELEASE_SOCKET", socket},
      {"RELEASE_STEP", step},
      {"RELEASE_RESULT", std::string(ResultName(result))},
      {"RELEASE_REASON", PrintableLines(reason)},
  };
}

}  // namespace release
