#include "os/as_user.h"

#include <fmt/format.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "os/identity.h"

namespace release {
namespace {

UserRecord Allowed(const std::string& user) {
  UserRecord record = ResolveUser(user);
  if (geteuid() == 0 || geteuid() == record.ids.user) return record;
  throw Error(ErrorCode::kConfigInvalid,
              fmt::format("cannot run commands as {}: only root can; run this "
                          "as root or as that user",
                          Quoted(user)));
}

}  // namespace

void RequireUser(const std::string& user) { Allowed(user); }

Command AsUser(Command command, const std::string& user) {
  const UserRecord record = Allowed(user);
  if (geteuid() == record.ids.user) return command;
  const std::vector<std::string> words = {
      "setpriv", fmt::format("--reuid={}", record.ids.user),
      fmt::format("--regid={}", record.ids.group), "--init-groups", "--"};
  command.argv.insert(command.argv.begin(), words.begin(), words.end());
  command.env["HOME"] = record.home;
  command.env["SHELL"] = record.shell;
  command.env["USER"] = command.env["LOGNAME"] = record.name;
  return command;
}

}  // namespace release
