#include "os/identity.h"

#include <doctest/doctest.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"

namespace release {
namespace {

// Sets an environment variable and restores it on destruction.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) {
    const char* old = getenv(name);
    if (old != nullptr) old_ = old;
    had_ = old != nullptr;
    value == nullptr ? unsetenv(name) : setenv(name, value, 1);
  }
  ~Variable() { had_ ? setenv(name_, old_.c_str(), 1) : unsetenv(name_); }

 private:
  const char* name_;
  std::string old_;
  bool had_ = false;
};

std::string Failure(const std::string& owner) {
  try {
    ResolveOwner(owner);
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::kConfigInvalid);
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("the caller is named with host, process and command line") {
  const Variable sudo("SUDO_USER", nullptr);
  const Variable ssh("SSH_CONNECTION", nullptr);
  const Identity caller = Caller();
  CHECK_FALSE(caller.user.empty());
  char host[256] = {};
  gethostname(host, 255);
  CHECK(caller.host == host);
  CHECK(caller.ssh_client.empty());
  CHECK(caller.pid == getpid());
  CHECK(caller.command.find("release_tests") != std::string::npos);
}

TEST_CASE("SUDO_USER is reported, but only if we are root") {
  const Variable none("SUDO_USER", nullptr);
  const std::string plain = Caller().user;
  const Variable sudo("SUDO_USER", "alice");
  if (getuid() == 0) {
    CHECK(Caller().user == "alice (as root)");
    const Variable same("SUDO_USER", "root");
    CHECK(Caller().user == "root");
  } else {
    CHECK(Caller().user == plain);
  }
}

TEST_CASE("SUDO_USER of somebody who is not root is not believed") {
  if (getuid() != 0) return;
  const Variable sudo("SUDO_USER", "alice");
  const pid_t child = fork();
  if (child == 0) {
    const bool other = setuid(12345) == 0;
    const bool named = Caller().user.find("alice") != std::string::npos;
    _exit(other && !named ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  CHECK(status == 0);
}

TEST_CASE("the address of an SSH client is taken from the connection") {
  const Variable ssh("SSH_CONNECTION", "2001:db8::7 50022 2001:db8::1 22");
  CHECK(Caller().ssh_client == "2001:db8::7");
}

TEST_CASE("an owner is resolved by names, by numbers or by the user alone") {
  CHECK(ResolveOwner("root:root") == OwnerIds{0, 0});
  CHECK(ResolveOwner("root") == OwnerIds{0, 0});
  CHECK(ResolveOwner("daemon:root").user == ResolveOwner("daemon").user);
  CHECK(ResolveOwner("54321:54322") == OwnerIds{54321, 54322});
  CHECK(ResolveOwner("root:54322") == OwnerIds{0, 54322});
}

TEST_CASE("an owner that does not exist is named") {
  CHECK(Failure("nobody-here:root") ==
        "cannot use \"nobody-here:root\" as an owner: no user \"nobody-here\"");
  CHECK(Failure("root:none-here").find("no group \"none-here\"") !=
        std::string::npos);
  for (const char* bad : {"", ":", ":root", "root:", "54321", "4294967295:0",
                          "-1:0", "0x0:0", "root:root:root"}) {
    CAPTURE(bad);
    CHECK_FALSE(Failure(bad).empty());
  }
}

TEST_CASE("a long name or command line is cut at its end") {
  const std::string endless(100'000, 'x');
  const Variable sudo("SUDO_USER", endless.c_str());
  const Variable ssh("SSH_CONNECTION", endless.c_str());
  const Identity caller = Caller();
  CHECK(caller.user.size() < 200);
  CHECK(caller.ssh_client.size() < 200);
  CHECK(caller.ssh_client.ends_with("..."));
  CHECK(caller.command.size() <= 1024);
}

}  // namespace release
