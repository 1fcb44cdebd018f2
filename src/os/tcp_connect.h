// Tests whether a TCP port accepts connections.
#ifndef RELEASE_OS_TCP_CONNECT_H_
#define RELEASE_OS_TCP_CONNECT_H_

#include <chrono>
#include <string>

#include "base/reason.h"

namespace release {

// Tries each address of the host in turn and closes the connection at once.
// Returns nullopt on success, or why the last address failed. `timeout` bounds
// all addresses together, but not the lookup of the name. An interrupt
// (os/cancellation.h) ends the wait within 1 s.
[[nodiscard]] Reason ConnectTcp(const std::string& host, int port,
                                std::chrono::nanoseconds timeout);

}  // namespace release

#endif  // RELEASE_OS_TCP_CONNECT_H_
