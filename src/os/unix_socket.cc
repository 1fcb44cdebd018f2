#include "os/unix_socket.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <vector>

#include "os/descriptor.h"
#include "os/input.h"

namespace release {
namespace {

constexpr std::size_t kProcLimit = 64 * 1024;
constexpr unsigned kListens = 0x10000;  // __SO_ACCEPTCON

// Splits a line at runs of blanks into at most eight fields: the last one is a
// path, which may contain blanks.
std::vector<std::string_view> FieldsOf(std::string_view line) {
  constexpr std::size_t kFields = 8;
  std::vector<std::string_view> fields;
  while (true) {
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    if (line.empty()) return fields;
    const std::size_t end = fields.size() + 1 == kFields
                                ? line.size()
                                : std::min(line.find(' '), line.size());
    fields.push_back(line.substr(0, end));
    line.remove_prefix(end);
  }
}

unsigned HexOf(std::string_view text) {
  unsigned value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value, 16);
  return value;
}

}  // namespace

int ConnectToSocket(int fd, const std::string& socket) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket.size() >= sizeof address.sun_path) return ENAMETOOLONG;
  std::memcpy(address.sun_path, socket.data(), socket.size());
  const auto* where = reinterpret_cast<const sockaddr*>(&address);
  return connect(fd, where, sizeof address) == 0 ? 0 : errno;
}

SocketPeer FindSocketPeer(const std::string& socket) {
  SocketPeer peer;
  // Without waiting: a full queue would block, and is an answer too.
  const Descriptor fd(
      ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int error = fd.get() < 0 ? errno : ConnectToSocket(fd.get(), socket);
  if (error != 0) {
    peer.problem =
        error == EAGAIN ? "its queue of clients is full" : std::strerror(error);
    return peer;
  }
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (getsockopt(fd.get(), SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0) {
    peer.pid = credentials.pid;
  }
  if (peer.pid == 0) return peer;
  try {
    peer.control_groups =
        ReadSmallFile("/proc/" + std::to_string(peer.pid) + "/cgroup",
                      kProcLimit)
            .value_or("");
  } catch (const Error&) {
    // It ended while the file was read.
  }
  return peer;
}

std::optional<unsigned> CountSocketConnections(std::string_view table,
                                               std::string_view socket) {
  bool listens = false;
  unsigned count = 0;
  while (!table.empty()) {
    const std::size_t end = std::min(table.find('\n'), table.size());
    const auto fields = FieldsOf(table.substr(0, end));
    table.remove_prefix(std::min(end + 1, table.size()));
    if (fields.size() < 8 || fields[7] != socket) continue;
    if ((HexOf(fields[3]) & kListens) != 0) listens = true;
    if (fields[5] == "02" || fields[5] == "03") ++count;
  }
  if (!listens) return std::nullopt;
  return count;
}

}  // namespace release
