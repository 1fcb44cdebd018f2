#include "os/linkage.h"

#include <doctest/doctest.h>
#include <netdb.h>
#include <pwd.h>

namespace release {

TEST_CASE("a program that was linked dynamically can load libraries") {
  CHECK(CanLoadLibraries());
}

TEST_CASE("users and hosts are found without name service libraries") {
  AskNoNameServiceLibrary();
  REQUIRE(getpwnam("root") != nullptr);
  CHECK(getpwnam("root")->pw_uid == 0);
  CHECK(getpwnam("no-such-user") == nullptr);
  addrinfo* found = nullptr;
  CHECK(getaddrinfo("localhost", "80", nullptr, &found) == 0);
  freeaddrinfo(found);
}

}  // namespace release
