#include "os/system_journal.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstdint>
#include <cstring>

#include "os/descriptor.h"

namespace release {
namespace {

constexpr int kWaitMilliseconds = 1000;

}  // namespace

std::string JournalDatagram(const JournalFields& fields) {
  std::string datagram;
  for (const auto& [name, value] : fields) {
    datagram += name;
    if (value.find('\n') == std::string::npos) {
      datagram += "=" + value + "\n";
      continue;
    }
    // A value with line breaks is preceded by its length: 64 bits,
    // little-endian.
    datagram += "\n";
    for (unsigned byte = 0; byte < 8; ++byte) {
      datagram +=
          static_cast<char>(std::uint64_t{value.size()} >> (8 * byte) & 0xff);
    }
    datagram += value + "\n";
  }
  return datagram;
}

bool SendToJournal(const std::string& socket_path,
                   const JournalFields& fields) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket_path.size() >= sizeof address.sun_path) return false;
  std::memcpy(address.sun_path, socket_path.data(), socket_path.size());
  const Descriptor fd(
      socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (connect(fd.get(), reinterpret_cast<sockaddr*>(&address),
              sizeof address) != 0) {
    return false;
  }
  const std::string datagram = JournalDatagram(fields);
  const auto sent = [&] {
    return send(fd.get(), datagram.data(), datagram.size(), MSG_NOSIGNAL) >= 0;
  };
  if (sent()) return true;
  // journald's queue is full, or journald hangs: wait once, then try again.
  pollfd waiting{fd.get(), POLLOUT, 0};
  return poll(&waiting, 1, kWaitMilliseconds) == 1 && sent();
}

}  // namespace release
