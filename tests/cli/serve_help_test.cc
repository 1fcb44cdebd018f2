#include "cli/serve_help.h"

#include <doctest/doctest.h>

#include "cli/serve_words.h"

namespace release {

TEST_CASE("the help of a key has what the key may do, and nothing else") {
  CHECK(ServedHelp({"deploy", "rollback", "status"}) ==
        "This key may run:\n"
        "  deploy - [--version V] [--sha256 HEX] [--attestation BASE64] "
        "[--signature BASE64] [--rollout ID] [--expect-live V] "
        "[--confirm-within DURATION] [--irreversible] [--dry-run] [--wait "
        "DURATION]\n"
        "  rollback [version] [--reason TEXT] [--unchecked] [--yes] "
        "[--rollout ID] [--expect-live V] [--dry-run] [--wait DURATION]\n"
        "  status [--check]\n"
        "Each also takes [--json] [--quiet] [--verbose] [--utc].\n"
        "- is the archive, on standard input. See release(8).\n");
}

TEST_CASE("the help of a key names every command that can be served") {
  for (const std::string& name : ServedCommands()) {
    CAPTURE(name);
    CHECK(ServedHelp({name}).find("\n  " + name) != std::string::npos);
  }
}

}  // namespace release
