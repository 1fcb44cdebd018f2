// HTTP through the program curl, where its library cannot be loaded.
#ifndef RELEASE_OS_CURL_PROGRAM_H_
#define RELEASE_OS_CURL_PROGRAM_H_

#include <string>

#include "os/http.h"

namespace release {

// One request, by the same rules as those of Http::Send, which `program` (a
// path, or a name in PATH) makes. URL, headers and body, which may hold
// secrets, stand on no command line. An answer of more than 16 MiB is an error.
HttpResponse SendByProgram(const std::string& program,
                           const HttpRequest& request);

}  // namespace release

#endif  // RELEASE_OS_CURL_PROGRAM_H_
