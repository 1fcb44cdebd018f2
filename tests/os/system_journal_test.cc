#include "os/system_journal.h"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>

#include "os/descriptor.h"
#include "support/temp_dir.h"

namespace release {
namespace {

int Listen(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  REQUIRE(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  return fd;
}

}  // namespace

TEST_CASE("a field of one line is NAME=VALUE, others carry their length") {
  using namespace std::string_literals;
  CHECK(JournalDatagram({{"A", "one"}, {"B", ""}}) == "A=one\nB=\n");
  CHECK(JournalDatagram({{"M", "a\nb"}}) == "M\n\x03\0\0\0\0\0\0\0a\nb\n"s);
  const std::string long_value(300, 'x');
  CHECK(JournalDatagram({{"M", long_value + "\n"}}).substr(0, 10) ==
        "M\n\x2d\x01\0\0\0\0\0\0"s);
}

TEST_CASE("an entry reaches the listener as one datagram") {
  const TempDir dir;
  const std::string path = dir.path() + "/socket";
  const Descriptor listener(Listen(path));
  CHECK(SendToJournal(path, {{"MESSAGE", "hello"}, {"PRIORITY", "6"}}));
  char buffer[100];
  const ssize_t size = recv(listener.get(), buffer, sizeof buffer, 0);
  CHECK(std::string(buffer, static_cast<std::size_t>(size)) ==
        "MESSAGE=hello\nPRIORITY=6\n");
}

TEST_CASE("a missing or hanging journald costs at most a second") {
  const TempDir dir;
  const std::string path = dir.path() + "/socket";
  CHECK(!SendToJournal(path, {{"MESSAGE", "hello"}}));
  CHECK(!SendToJournal(std::string(200, 'x'), {{"MESSAGE", "hello"}}));
  const Descriptor listener(Listen(path));
  // The socket is never read, so at some point its queue is full.
  bool taken = true;
  for (int i = 0; i < 1000 && taken; ++i) {
    taken = SendToJournal(path, {{"MESSAGE", "hello"}});
  }
  CHECK(!taken);
}

}  // namespace release
