#include "os/unix_socket.h"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

#include "os/descriptor.h"
#include "os/posix_runner.h"
#include "support/temp_dir.h"

namespace release {
namespace {

sockaddr_un AddressOf(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

int Listen(const std::string& path, int backlog) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_un address = AddressOf(path);
  REQUIRE(bind(fd, reinterpret_cast<const sockaddr*>(&address),
               sizeof address) == 0);
  REQUIRE(listen(fd, backlog) == 0);
  return fd;
}

int ConnectTo(const std::string& path) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_un address = AddressOf(path);
  REQUIRE(connect(fd, reinterpret_cast<const sockaddr*>(&address),
                  sizeof address) == 0);
  return fd;
}

}  // namespace

TEST_CASE("the peer of a socket is the process that listens") {
  const TempDir directory;
  const std::string path = directory.path() + "/s";
  const Descriptor listener(Listen(path, 8));
  const SocketPeer peer = FindSocketPeer(path);
  CHECK_FALSE(peer.problem);
  CHECK(peer.pid == getpid());
  CHECK(peer.control_groups.find(":/") != std::string::npos);
}

TEST_CASE("a socket that nobody listens on has a problem instead") {
  const TempDir directory;
  const std::string path = directory.path() + "/s";
  CHECK(FindSocketPeer(path).problem == "No such file or directory");
  close(Listen(path, 1));
  CHECK(FindSocketPeer(path).problem == "Connection refused");
  CHECK(FindSocketPeer("/" + std::string(120, 'x')).problem ==
        "File name too long");
}

TEST_CASE("a full queue is a problem, and does not block") {
  const TempDir directory;
  const std::string path = directory.path() + "/s";
  const Descriptor listener(Listen(path, 0));
  const Descriptor first(ConnectTo(path));
  CHECK(FindSocketPeer(path).problem == "its queue of clients is full");
}

TEST_CASE("accepted and waiting clients are counted") {
  const TempDir directory;
  const std::string path = directory.path() + "/s";
  PosixRunner runner;
  CHECK_FALSE(runner.CountConnections(getpid(), path));
  const Descriptor listener(Listen(path, 8));
  CHECK(runner.CountConnections(getpid(), path) == 0U);
  const Descriptor first(ConnectTo(path));
  const Descriptor second(ConnectTo(path));
  CHECK(runner.CountConnections(getpid(), path) == 2U);
  {
    const Descriptor accepted(accept(listener.get(), nullptr, nullptr));
    CHECK(runner.CountConnections(getpid(), path) == 2U);
  }
  CHECK(runner.CountConnections(getpid(), path) == 1U);
}

TEST_CASE("a socket that was renamed after bind cannot be counted") {
  const TempDir directory;
  const std::string path = directory.path() + "/s";
  const Descriptor listener(Listen(directory.path() + "/temporary", 8));
  REQUIRE(rename((directory.path() + "/temporary").c_str(), path.c_str()) == 0);
  CHECK_FALSE(PosixRunner().CountConnections(getpid(), path));
}

TEST_CASE("lines of other sockets are not counted") {
  constexpr char kTable[] =
      "Num       RefCount Protocol Flags    Type St Inode Path\n"
      "0000000000000000: 00000002 00000000 00010000 0001 01 1 /run/a b\n"
      "0000000000000000: 00000003 00000000 00000000 0001 03 2 /run/a b\n"
      "0000000000000000: 00000003 00000000 00000000 0001 02 3 /run/a b\n"
      "0000000000000000: 00000003 00000000 00000000 0001 03 4 /run/a\n"
      "0000000000000000: 00000003 00000000 00000000 0001 03 5\n";
  CHECK(CountSocketConnections(kTable, "/run/a b") == 2U);
  CHECK_FALSE(CountSocketConnections(kTable, "/run/a"));
  CHECK_FALSE(CountSocketConnections("", "/run/a"));
}

}  // namespace release
