#include "service/hooks.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>

#include "base/error.h"
#include "os/cancellation.h"
#include "os/posix_runner.h"
#include "support/archives.h"
#include "support/expect_error.h"
#include "support/fake_runner.h"
#include "support/temp_dir.h"

namespace release {
namespace {

const Argv kArgv = {"/usr/local/bin/migrate", "--all"};

HookContext Shop() {
  HookContext hook_context;
  hook_context.app = "shop";
  hook_context.version = "1.4.2";
  hook_context.root = "/srv/shop";
  return hook_context;
}

HooksConfig WithTime(bool in_unit = false) {
  HooksConfig hooks;
  hooks.timeout = std::chrono::seconds(90);
  hooks.in_unit = in_unit;
  return hooks;
}

Error HookError(FakeRunner* runner) {
  return ErrorOf(
      [&] { RunHook(runner, "pre_activate", kArgv, WithTime(), Shop()); });
}

}  // namespace

TEST_CASE("a hook runs in the release's directory with the context's facts") {
  FakeRunner runner;
  runner.On("migrate", Exited(0, "42 rows\n"));
  CHECK(RunHook(&runner, "pre_activate", kArgv, WithTime(), Shop()) ==
        "42 rows\n");
  REQUIRE(runner.commands.size() == 1);
  CHECK(runner.commands[0].argv == kArgv);
  CHECK(runner.commands[0].directory == "/srv/shop/releases/1.4.2");
  CHECK(runner.commands[0].env.at("RELEASE_VERSION") == "1.4.2");
  CHECK(runner.commands[0].timeout == std::chrono::seconds(90));
}

TEST_CASE("an empty hook runs nothing") {
  FakeRunner runner;
  CHECK(RunHook(&runner, "preflight", {}, {}, Shop()).empty());
  CHECK(runner.commands.empty());
}

TEST_CASE("a hook's output is kept, whether it failed or not") {
  for (const int status : {0, 1}) {
    FakeRunner runner;
    runner.On("migrate", Exited(status, "connecting\n42 rows\n"));
    std::string kept;
    const auto keep = [&](const std::string& output) { kept = output; };
    const auto run = [&] {
      RunHook(&runner, "pre_activate", kArgv, {}, Shop(), keep);
    };
    if (status == 0) run();
    if (status == 1) CHECK_THROWS_AS(run(), Error);
    CHECK(kept == "connecting\n42 rows\n");
  }
  FakeRunner silent;
  RunHook(&silent, "pre_activate", kArgv, {}, Shop(),
          [](const std::string&) { FAIL("there was nothing to keep"); });
}

TEST_CASE("a failed hook is named, with its status and last lines") {
  FakeRunner runner;
  runner.On("migrate", Exited(3, "connecting\nno such table\n"));
  const Error error = HookError(&runner);
  CHECK(error.code() == ErrorCode::kHookFailed);
  CHECK(error.path() == kArgv[0]);
  CHECK(Says(error, "pre_activate hook \"/usr/local/bin/migrate\""));
  CHECK(Says(error, "exit status 3\n  connecting\n  no such table"));
}

TEST_CASE("a hook that does not end in time has a code of its own") {
  FakeRunner runner;
  runner.On("migrate",
            CommandResult{CommandResult::End::kTimedOut, 0, "waiting\n"});
  const Error error = HookError(&runner);
  CHECK(error.code() == ErrorCode::kHookTimeout);
  CHECK(Says(error, "\n  waiting"));
}

TEST_CASE("a hook that a stop request ended is reported as interrupted") {
  FakeRunner runner;
  runner.On("migrate", CommandResult{CommandResult::End::kSignalled, 15, ""});
  SetInterruptSignal(2);
  const Error error = HookError(&runner);
  SetInterruptSignal(0);
  CHECK(error.code() == ErrorCode::kInterrupted);
  CHECK(HookError(&runner).code() == ErrorCode::kHookFailed);
}

TEST_CASE("root does not run a hook that another user can write") {
  const TempDir dir;
  const std::string program = dir.path() + "/releases/1/bin/hook";
  for (const char* part : {"/releases", "/releases/1", "/releases/1/bin"}) {
    boost::filesystem::create_directory(dir.path() + part);
    boost::filesystem::permissions(dir.path() + part,
                                   boost::filesystem::perms(0755));
  }
  Spill(program, "#!/bin/sh\necho ran\n");
  boost::filesystem::permissions(program, boost::filesystem::perms(0755));
  PosixRunner runner;
  HookContext hook_context;
  hook_context.root = dir.path();
  hook_context.version = "1";
  const auto run = [&] {
    return RunHook(&runner, "preflight", {"bin/hook"}, WithTime(),
                   hook_context);
  };
  CHECK(run() == "ran\n");
  if (geteuid() != 0) return;
  REQUIRE(chown(program.c_str(), 12345, 12345) == 0);
  CHECK(ErrorOf([&] { run(); }).code() == ErrorCode::kConfigUnsafe);
}

TEST_CASE("root does not run a script of the release, through links either") {
  if (geteuid() != 0) return;
  const TempDir dir;
  boost::filesystem::permissions(dir.path(), boost::filesystem::perms(0755));
  boost::filesystem::create_directories(dir.path() + "/releases/1");
  boost::filesystem::create_directory_symlink("releases/1",
                                              dir.path() + "/current");
  Spill(dir.path() + "/releases/1/hook", "#!/bin/sh\n");
  REQUIRE(chown((dir.path() + "/releases/1").c_str(), 12345, 12345) == 0);
  FakeRunner runner;
  HookContext hook_context;
  hook_context.root = dir.path();
  hook_context.version = "1";
  for (const Argv& argv :
       {Argv{dir.path() + "/current/hook"}, Argv{"sh", "hook"},
        Argv{"sh", "-c", "cd /; " + dir.path() + "/current/hook"}}) {
    for (const bool in_unit : {false, true}) {
      const Error error = ErrorOf([&] {
        RunHook(&runner, "post_activate", argv, WithTime(in_unit),
                hook_context);
      });
      CHECK(error.code() == ErrorCode::kConfigUnsafe);
      CHECK(Says(error, "set [hooks] user"));
    }
  }
  CHECK(runner.commands.empty());
}

TEST_CASE("a hook runs as the user that is configured") {
  if (geteuid() != 0) return;
  FakeRunner runner;
  HooksConfig hooks = WithTime();
  hooks.user = "daemon";
  RunHook(&runner, "pre_activate", {"bin/migrate"}, hooks, Shop());
  hooks.in_unit = true;
  RunHook(&runner, "pre_activate", {"bin/migrate"}, hooks, Shop());
  REQUIRE(runner.commands.size() == 2);
  CHECK(runner.commands[0].argv[0] == "setpriv");
  CHECK(runner.commands[0].argv.back() == "bin/migrate");
  CHECK(runner.commands[0].directory == "/srv/shop/releases/1.4.2");
  const Argv& argv = runner.commands[1].argv;
  CHECK(Argv(argv.end() - 3, argv.end()) ==
        Argv{"--uid=daemon", "--", "bin/migrate"});
  hooks.user = "nobody-here";
  CHECK(ErrorOf([&] {
          RunHook(&runner, "pre_activate", {"true"}, hooks, Shop());
        }).code() == ErrorCode::kConfigInvalid);
  CHECK(runner.commands.size() == 2);
}

TEST_CASE("a hook in a unit of its own is started there with its facts") {
  FakeRunner runner;
  runner.On("systemd-run", Exited(0, "42 rows\n"));
  CHECK(RunHook(&runner, "pre_activate", kArgv, WithTime(true), Shop()) ==
        "42 rows\n");
  REQUIRE(runner.commands.size() == 1);
  const Argv& argv = runner.commands[0].argv;
  const auto has = [&](const std::string& word) {
    return std::find(argv.begin(), argv.end(), word) != argv.end();
  };
  CHECK(has("--unit=release-hook-shop-000000-pre_activate.service"));
  CHECK(has("--working-directory=/srv/shop/releases/1.4.2"));
  CHECK(has("--setenv=RELEASE_VERSION=1.4.2"));
  CHECK(Argv(argv.end() - 3, argv.end()) ==
        Argv{"--", "/usr/local/bin/migrate", "--all"});
  CHECK(runner.commands[0].timeout == std::chrono::seconds(90));
}

TEST_CASE("systemd replaces no variables in a hook's arguments") {
  FakeRunner runner;
  RunHook(&runner, "pre_activate", {"/bin/$sh", "-c", "echo $HOME ${A} $$"},
          WithTime(true), Shop());
  REQUIRE(runner.commands.size() == 1);
  const Argv& argv = runner.commands[0].argv;
  // systemd takes the program's path as it is.
  CHECK(Argv(argv.end() - 3, argv.end()) ==
        Argv{"/bin/$sh", "-c", "echo $$HOME $${A} $$$$"});
}

TEST_CASE("a hook in a unit of its own is stopped when it fails") {
  FakeRunner runner;
  runner.On("systemd-run", Exited(1, "no table\n"));
  runner.On("systemctl", Exited(0));
  const Error error = ErrorOf(
      [&] { RunHook(&runner, "pre_activate", kArgv, WithTime(true), Shop()); });
  CHECK(error.code() == ErrorCode::kHookFailed);
  REQUIRE(runner.commands.size() == 2);
  CHECK(runner.commands[1].argv ==
        Argv{"systemctl", "stop",
             "release-hook-shop-000000-pre_activate.service"});
  CHECK_FALSE(Says(error, "may still run"));
}

TEST_CASE("a hook whose unit cannot be stopped may still run") {
  for (const int status : {1, 5}) {
    CAPTURE(status);
    FakeRunner runner;
    runner.On("systemd-run", Exited(1, "no table\n"));
    runner.On("systemctl", Exited(status));
    const Error error = ErrorOf([&] {
      RunHook(&runner, "pre_activate", kArgv, WithTime(true), Shop());
    });
    // 5: there is no such unit any more.
    CHECK(Says(error,
               "cannot stop release-hook-shop-000000-pre_activate"
               ".service, it may still run: exit status 1") == (status == 1));
  }
}

}  // namespace release
