#include "os/as_user.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include "base/error.h"
#include "os/posix_runner.h"
#include "support/expect_error.h"

namespace release {

TEST_CASE("root runs a command as a user, with the user's own groups") {
  if (geteuid() != 0) return;
  Command command;
  command.argv = {"sh", "-c", "id -un; id -Gn; echo $HOME $USER $A"};
  command.env = {{"A", "kept"}, {"HOME", "/root"}};
  CHECK(PosixRunner().Run(AsUser(command, "daemon")).output ==
        "daemon\ndaemon\n/usr/sbin daemon kept\n");
}

TEST_CASE("a command that runs as its user already is left as it is") {
  const Command plain{.argv = {"true"}};
  if (geteuid() == 0) CHECK(AsUser(plain, "root").argv == plain.argv);
}

TEST_CASE("a user that does not exist is named") {
  const Error error = ErrorOf([] { RequireUser("nobody-here"); });
  CHECK(error.code() == ErrorCode::kConfigInvalid);
  CHECK(Says(error, "cannot run commands as \"nobody-here\""));
  // A number is no name.
  CHECK_THROWS_AS(RequireUser("0"), Error);
}

TEST_CASE("only root runs commands as another user") {
  if (geteuid() == 0) return;
  CHECK(Says(ErrorOf([] { RequireUser("daemon"); }), "only root can"));
}

}  // namespace release
