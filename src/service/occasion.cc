#include "service/occasion.h"

namespace release {

std::map<std::string, std::string> Occasion::Environment() const {
  return {
      {"RELEASE_APP", app},
      {"RELEASE_VERSION", version},
      {"RELEASE_PREVIOUS", previous},
      {"RELEASE_DIR", Directory()},
      {"RELEASE_ROOT", root},
      {"RELEASE_TRANSACTION", std::to_string(transaction)},
      {"RELEASE_STEP", step},
      {"RELEASE_RESULT", result},
      {"RELEASE_REASON", reason},
  };
}

}  // namespace release
