// Connects to UNIX sockets, and looks which process listens and how many
// clients there are.
#ifndef RELEASE_OS_UNIX_SOCKET_H_
#define RELEASE_OS_UNIX_SOCKET_H_

#include <optional>
#include <string>
#include <string_view>

#include "os/runner.h"

namespace release {

// Connects `fd`, a socket of the family AF_UNIX, to the socket of that path.
// Returns 0 or errno; ENAMETOOLONG if the path does not fit into an address.
[[nodiscard]] int ConnectToSocket(int fd, const std::string& socket);

// As Runner::PeerOf.
SocketPeer FindSocketPeer(const std::string& socket);

// As Runner::CountConnections, from the text of /proc/PID/net/unix.
//
// Each line of that file has eight fields (unix_seq_show() in the kernel's
// net/unix/af_unix.c): number, reference count, protocol, flags, type, state,
// inode, path. A listening socket has the flag 0x10000. An accepted connection
// shows the path of the listening socket and is in state 03; one that waits to
// be accepted is in state 02.
std::optional<unsigned> CountSocketConnections(std::string_view table,
                                               std::string_view socket);

}  // namespace release

#endif  // RELEASE_OS_UNIX_SOCKET_H_
