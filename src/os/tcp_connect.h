// One TCP connection, to see whether somebody listens.
#ifndef RELEASE_OS_TCP_CONNECT_H_
#define RELEASE_OS_TCP_CONNECT_H_

#include <chrono>
#include <string>

#include "base/reason.h"

namespace release {

// Connects to each address of the host in turn, and closes the connection at
// once. Returns why the last address failed, nullopt on success.
// `timeout` bounds all addresses together, but not the look-up of the name. An
// interrupt (os/interrupt.h) ends the wait within a second.
[[nodiscard]] Reason ConnectTcp(const std::string& host, int port,
                                std::chrono::nanoseconds timeout);

}  // namespace release

#endif  // RELEASE_OS_TCP_CONNECT_H_
