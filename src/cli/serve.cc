#include "cli/serve.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <set>

#include "base/error.h"
#include "cli/serve_help.h"
#include "cli/serve_words.h"
#include "cli/session.h"
#include "os/startup.h"

namespace release {
namespace {

constexpr char kOriginalCommand[] = "SSH_ORIGINAL_COMMAND";

// Returns "" if the key names only a root.
std::string AppOfKey(const GlobalOptions& global) {
  return global.app.empty() && !global.config.empty() ? LoadConfig(global).app
                                                      : global.app;
}

}  // namespace

bool TakeServedCommand(GlobalOptions* global, CommandWords* words) {
  const std::set<std::string> allowed =
      ParseAllowed(words->Value(Option::kAllow));
  // RELEASE_APP does not count, since sshd may accept it from the caller. Nor
  // does "the only app": that changes when another one is configured.
  if (global->app.empty() && global->config.empty() && global->root.empty()) {
    throw Error(ErrorCode::kUsage,
                "cannot serve: --app is required; set it in the forced command "
                "in authorized_keys");
  }
  const std::string line = Environment(kOriginalCommand);
  // The caller must not influence the programs that run on its behalf. Only its
  // address and the user before sudo are kept, for the records.
  KeepInEnvironment({"SSH_CONNECTION", "SUDO_USER"});
  if (AsksForHelp(line)) {
    WriteOut(ServedHelp(allowed));
    return false;
  }
  *words = ParseServeWords(line, AppOfKey(*global));
  // Before the check, so that --json applies to its error, too.
  TakeGlobals(*words, global);
  const std::string command(CommandName(words->command));
  if (!allowed.contains(command)) {
    throw Error(ErrorCode::kNotAllowed,
                fmt::format("cannot {}: this key may only {}", command,
                            fmt::join(allowed, ", ")));
  }
  return true;
}

}  // namespace release
