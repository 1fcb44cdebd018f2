// The interfaces to the machine that service/ uses.
#ifndef RELEASE_SERVICE_SYSTEM_H_
#define RELEASE_SERVICE_SYSTEM_H_

#include <string>

#include "os/clock.h"
#include "os/http.h"
#include "os/runner.h"

namespace release {

// The pointers are borrowed; the caller must keep the objects alive.
struct System {
  Runner* runner = nullptr;
  Http* http = nullptr;
  Clock* clock = nullptr;
  std::string journal_socket;  // path of the system journal's; empty: none
};

}  // namespace release

#endif  // RELEASE_SERVICE_SYSTEM_H_
