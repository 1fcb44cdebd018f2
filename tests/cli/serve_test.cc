#include "cli/serve.h"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "support/archives.h"
#include "support/command_run.h"
#include "support/expect_error.h"
#include "support/temp_dir.h"

namespace release {
namespace {

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// Runs `release serve --allow ALLOWED` as sshd does, in a process of its own,
// because it clears its environment.
Printed Serve(const CommandRig& rig, const std::string& line,
              const std::string& allowed = "deploy,status,rollback,history") {
  const TempDir dir;
  const pid_t child = fork();
  if (child == 0) {
    setenv("SSH_ORIGINAL_COMMAND", line.c_str(), 1);
    const Printed printed = rig.Run({"serve", "--allow", allowed});
    Spill(dir.path() + "/out", printed.out);
    Spill(dir.path() + "/err", printed.err);
    _exit(printed.exit);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return {WEXITSTATUS(status), Slurp(dir.path() + "/out"),
          Slurp(dir.path() + "/err")};
}

}  // namespace

TEST_CASE("serve runs an allowed command with its options") {
  const CommandRig rig;
  rig.Deploy("1");
  rig.Deploy("2");
  const Printed status = Serve(rig, "status --json");
  CHECK(status.exit == 0);
  CHECK(nlohmann::json::parse(status.out).at("live") == "2");
  CHECK(Serve(rig, "rollback --reason slow").exit == 0);
  CHECK(Has(rig.Run({"-v", "history", "-n", "1"}).out, "reason       slow"));
  CHECK(Serve(rig, "rollback 9").exit == 7);
  CHECK(Has(Serve(rig, "history -v --count 2").out, "reason       slow"));
}

TEST_CASE(
    "serve takes the line that is typed on the host, and lists commands") {
  CommandRig rig;
  rig.Configure("");
  rig.Deploy("1");
  rig.Deploy("2");
  const Printed status = Serve(rig, "release --app shop --json status");
  CHECK(nlohmann::json::parse(status.out).at("live") == "2");
  CHECK(Serve(rig, "release --app other status").exit == 2);
  CHECK(Serve(rig, "release rollback -n --reason \"too slow\"").exit == 0);
  CHECK(Serve(rig, "release rollback --reason \"too slow\"").exit == 0);
  CHECK(
      Has(rig.Run({"-v", "history", "-n", "1"}).out, "reason       too slow"));
  const Printed help = Serve(rig, "help", "status,verify");
  CHECK(help.exit == 0);
  CHECK(Has(help.out, "  verify [version...] [--all]\n"));
  CHECK_FALSE(Has(help.out, "deploy"));
}

TEST_CASE("serve refuses other commands and lists the allowed ones") {
  const CommandRig rig;
  rig.Deploy("1");
  const Printed refused = Serve(rig, "rollback --json", "status,deploy");
  CHECK(refused.exit == 3);
  const auto object = nlohmann::json::parse(refused.out);
  CHECK(object.at("error").at("code") == "not-allowed");
  CHECK(object.at("command") == "rollback");
  CHECK(Has(refused.err, "this key may only deploy, status"));
}

TEST_CASE("serve needs an app, a list, and a command of the grammar") {
  const CommandRig rig;
  CHECK(Serve(rig, "sh -c id").exit == 2);
  CHECK(Serve(rig, "").exit == 2);
  CHECK(Serve(rig, "status", "status,sh").exit == 2);
  CHECK(RunRelease({"serve"}).exit == 2);
  // Neither the caller nor the environment chooses the app.
  setenv("RELEASE_APP", "shop", 1);
  const Error error = ErrorOf([] {
    GlobalOptions global;
    CommandWords words{.command = CommandId::kServe,
                       .options = {{Option::kAllow, {"status"}}}};
    TakeServedCommand(&global, &words);
  });
  unsetenv("RELEASE_APP");
  CHECK(Says(error, "--app is required"));
}

TEST_CASE("programs run by serve see nothing of the caller's environment") {
  CommandRig rig;
  rig.Deploy("1");
  rig.Deploy("2");
  rig.Configure("[hooks]\npost_rollback = [\"sh\", \"-c\", \"env > " +
                rig.path() + "/env\"]\n");
  setenv("LD_LIBRARY_PATH", "/tmp/evil", 1);
  setenv("BASH_ENV", "/tmp/evil", 1);
  CHECK(Serve(rig, "rollback").exit == 0);
  unsetenv("LD_LIBRARY_PATH");
  unsetenv("BASH_ENV");
  const std::string env = Slurp(rig.path() + "/env");
  CHECK_FALSE(Has(env, "evil"));
  CHECK_FALSE(Has(env, "SSH_ORIGINAL_COMMAND"));
  CHECK(Has(env, "PATH=/usr/local/sbin:"));
  CHECK(Has(env, "RELEASE_VERSION=1"));
}

}  // namespace release
