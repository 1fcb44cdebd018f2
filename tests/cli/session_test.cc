#include "cli/session.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "support/archives.h"
#include "support/expect_error.h"
#include "support/temp_dir.h"

namespace release {
namespace {

Error LoadError(const GlobalOptions& options) {
  return ErrorOf([&] { LoadConfig(options); });
}

}  // namespace

TEST_CASE("a root alone needs no config file and may be relative") {
  setenv("RELEASE_APP", "no-such-app", 1);
  const Config config = LoadConfig({.root = "srv/../shop/"});
  unsetenv("RELEASE_APP");
  CHECK(config.app.empty());
  CHECK(config.root == boost::filesystem::current_path().string() + "/shop");
  CHECK(config.keep_releases == 5);
}

TEST_CASE("an app with a root needs no config file, but keeps its name") {
  const Config config = LoadConfig({.app = "no-such-app", .root = "/srv/x"});
  CHECK(config.app == "no-such-app");
  CHECK(config.root == "/srv/x");
}

TEST_CASE("a config file names the app, and --root and --app stand above it") {
  const TempDir dir;
  const std::string file = dir.path() + "/shop.toml";
  Spill(file, "root = \"/srv/shop\"\nkeep_releases = 2\n");
  const Config plain = LoadConfig({.config = file});
  CHECK(plain.app == "shop");
  CHECK(plain.root == "/srv/shop");
  CHECK(plain.keep_releases == 2);
  const Config other =
      LoadConfig({.app = "other", .root = "/srv/else", .config = file});
  CHECK(other.app == "other");
  CHECK(other.root == "/srv/else");
}

TEST_CASE("a config file that is not there is named") {
  const Error error = LoadError({.config = "/no/such.toml"});
  CHECK(error.code() == ErrorCode::kConfigUnreadable);
  CHECK(Says(error, "cannot read /no/such.toml"));
  setenv("RELEASE_APP", "no-such-app", 1);
  CHECK(Says(LoadError({}), "/etc/release/no-such-app.toml"));
  unsetenv("RELEASE_APP");
  CHECK(
      Says(LoadError({.app = "no-such-app"}), "/etc/release/no-such-app.toml"));
}

TEST_CASE("an app's name leads nowhere else") {
  for (const char* name : {"../shop", "a/b", ".", "-x"}) {
    CHECK(LoadError({.app = name}).code() == ErrorCode::kAppUnknown);
  }
}

TEST_CASE("a fifo in a config file's place is not waited for") {
  const TempDir dir;
  const std::string file = dir.path() + "/shop.toml";
  REQUIRE(mkfifo(file.c_str(), 0600) == 0);
  CHECK(Says(LoadError({.config = file}), "is not a regular file"));
}

TEST_CASE("root refuses a config file that somebody else can write") {
  const TempDir dir;
  const std::string file = dir.path() + "/shop.toml";
  Spill(file, "root = \"/srv/shop\"\n");
  CHECK_NOTHROW(LoadConfig({.config = file}));
  boost::filesystem::permissions(file, boost::filesystem::perms(0666));
  if (geteuid() == 0) {
    CHECK(LoadError({.config = file}).code() == ErrorCode::kConfigUnsafe);
  } else {
    CHECK_NOTHROW(LoadConfig({.config = file}));
  }
}

TEST_CASE("a root that is not there is told with the way to make it") {
  const Error error =
      ErrorOf([] { Session session({.root = "/no/such/root"}); });
  CHECK(error.code() == ErrorCode::kNotInitialized);
  CHECK(error.path() == "/no/such/root");
  CHECK(Says(error, "`release init` makes it"));
}

TEST_CASE("a root behind a link is known by its real path") {
  const TempDir dir;
  boost::filesystem::create_directory(dir.path() + "/shop");
  boost::filesystem::create_directory_symlink("shop", dir.path() + "/link");
  Session session({.root = dir.path() + "/link"});
  CHECK(session.config().root ==
        boost::filesystem::canonical(dir.path()).string() + "/shop");
}

TEST_CASE("a session opens the root and tells who calls and how long to wait") {
  const TempDir dir;
  GlobalOptions options;
  options.root = dir.path();
  options.wait = std::chrono::seconds(3);
  Session session(options);
  CHECK(session.fs()->List(Fs::kRoot, "").empty());
  CHECK(session.context()->wait == std::chrono::seconds(3));
  CHECK(session.context()->caller.pid == getpid());
  CHECK(session.context()->config->root == dir.path());
}

TEST_CASE("root changes nothing where somebody else can write") {
  const TempDir dir;
  const char* const parts[] = {"",
                               "/releases",
                               "/.release",
                               "/.release/transactions",
                               "/.release/manifests",
                               "/.release/outbox"};
  for (const char* part : parts) {
    boost::filesystem::create_directory(dir.path() + "/srv" + part);
    boost::filesystem::permissions(dir.path() + "/srv" + part,
                                   boost::filesystem::perms(0755));
  }
  const Session session({.root = dir.path() + "/srv"});
  CHECK_NOTHROW(session.RequireOnlyRootWrites());
  if (geteuid() != 0) return;
  for (const char* part : parts) {
    const std::string path = dir.path() + "/srv" + part;
    CAPTURE(path);
    REQUIRE(chown(path.c_str(), 12345, 0) == 0);
    CHECK(ErrorOf([&] { session.RequireOnlyRootWrites(); }).code() ==
          ErrorCode::kRootUnsafe);
    REQUIRE(chown(path.c_str(), 0, 0) == 0);
    REQUIRE(chmod(path.c_str(), 0775) == 0);
    CHECK(ErrorOf([&] { session.RequireOnlyRootWrites(); }).code() ==
          ErrorCode::kRootUnsafe);
    REQUIRE(chmod(path.c_str(), 0755) == 0);
  }
  CHECK_NOTHROW(session.RequireOnlyRootWrites());
  // A directory above it.
  REQUIRE(chmod(dir.path().c_str(), 0777) == 0);
  CHECK(ErrorOf([&] { session.RequireOnlyRootWrites(); }).code() ==
        ErrorCode::kRootUnsafe);
}

TEST_CASE("root runs no program that somebody else can write") {
  const TempDir dir;
  const std::string file = dir.path() + "/shop.toml";
  const std::string hook = dir.path() + "/hook";
  boost::filesystem::create_directory(dir.path() + "/srv");
  boost::filesystem::permissions(dir.path() + "/srv",
                                 boost::filesystem::perms(0755));
  Spill(hook, "#!/bin/sh\n");
  Spill(dir.path() + "/shop.toml", "root = \"" + dir.path() +
                                       "/srv\"\n[hooks]\npreflight = [\"" +
                                       hook + "\"]\n");
  const Session session({.config = file});
  CHECK_NOTHROW(session.RequireOnlyRootWrites());
  boost::filesystem::permissions(hook, boost::filesystem::perms(0777));
  Spill(file, "root = \"" + dir.path() +
                  "/srv\"\n[healthcheck]\ncommand = [\"sh\", \"" + hook +
                  "\"]\n");
  const Session other({.config = file});
  for (const Session* unsafe : {&session, &other}) {
    if (geteuid() == 0) {
      CHECK(ErrorOf([&] { unsafe->RequireOnlyRootWrites(); }).code() ==
            ErrorCode::kConfigUnsafe);
    } else {
      CHECK_NOTHROW(unsafe->RequireOnlyRootWrites());
    }
  }
}

TEST_CASE("each of the seven programs of a configuration is judged") {
  if (geteuid() != 0) return;
  const TempDir dir;
  const std::string file = dir.path() + "/shop.toml";
  const std::string program = dir.path() + "/program";
  boost::filesystem::create_directory(dir.path() + "/srv");
  boost::filesystem::permissions(dir.path() + "/srv",
                                 boost::filesystem::perms(0755));
  Spill(program, "#!/bin/sh\n");
  for (const char* key :
       {"[hooks]\npreflight", "[hooks]\npre_activate", "[hooks]\npost_activate",
        "[hooks]\npost_rollback", "[service]\ncommand",
        "[healthcheck]\ncommand", "[notify]\ncommand"}) {
    CAPTURE(key);
    Spill(file, "root = \"" + dir.path() + "/srv\"\n" + key + " = [\"" +
                    program + "\"]\n");
    const Session session({.config = file});
    boost::filesystem::permissions(program, boost::filesystem::perms(0755));
    CHECK_NOTHROW(session.RequireOnlyRootWrites());
    boost::filesystem::permissions(program, boost::filesystem::perms(0777));
    CHECK(ErrorOf([&] { session.RequireOnlyRootWrites(); }).code() ==
          ErrorCode::kConfigUnsafe);
  }
}

TEST_CASE("a user of hooks that does not exist is refused before a change") {
  const TempDir dir;
  const std::string file = dir.path() + "/shop.toml";
  Spill(file,
        "root = \"" + dir.path() + "\"\n[hooks]\nuser = \"nobody-here\"\n");
  const Session session({.config = file});
  CHECK(ErrorOf([&] { session.RequireOnlyRootWrites(); }).code() ==
        ErrorCode::kConfigInvalid);
}

TEST_CASE("RELEASE_THREADS says how many threads may work") {
  const TempDir dir;
  const auto threads = [&](const char* text) {
    setenv("RELEASE_THREADS", text, 1);
    Session session({.root = dir.path()});
    return session.context()->threads;
  };
  const unsigned usual = threads("");
  CHECK(usual > 1);
  CHECK(threads("1") == 1);
  CHECK(threads("4") == 4);
  CHECK(threads("1000000") == usual);
  for (const char* bad : {"0", "-1", "many", "4x"}) {
    CAPTURE(bad);
    CHECK(ErrorOf([&] { threads(bad); }).code() == ErrorCode::kUsage);
  }
  unsetenv("RELEASE_THREADS");
}

}  // namespace release
