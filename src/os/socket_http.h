// Plain HTTP requests over a UNIX socket, without the program curl.
//
// An instance is probed often, and to start a program takes longer than the
// answer. Everything else is left to curl.
#ifndef RELEASE_OS_SOCKET_HTTP_H_
#define RELEASE_OS_SOCKET_HTTP_H_

#include <optional>

#include "os/http.h"

namespace release {

// Sends a GET by HTTP/1.0 to `unix_socket`. Returns nullopt if curl must send
// the request, because it has a body or headers, the socket cannot be connected
// to, or the answer is not a whole and simple one of success (2xx, without a
// transfer coding). An answer that does not come in time, or before a request
// to stop, is an error.
std::optional<HttpResponse> GetOverSocket(const HttpRequest& request);

}  // namespace release

#endif  // RELEASE_OS_SOCKET_HTTP_H_
