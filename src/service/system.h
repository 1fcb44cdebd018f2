// The doors the service room goes through.
#ifndef RELEASE_SERVICE_SYSTEM_H_
#define RELEASE_SERVICE_SYSTEM_H_

#include <string>

#include "os/clock.h"
#include "os/http.h"
#include "os/runner.h"

namespace release {

// Borrowed; whoever fills this in keeps them alive.
struct System {
  Runner* runner = nullptr;
  Http* http = nullptr;
  Clock* clock = nullptr;
  std::string journal_socket;  // of the system's journal; empty: none
};

}  // namespace release

#endif  // RELEASE_SERVICE_SYSTEM_H_
