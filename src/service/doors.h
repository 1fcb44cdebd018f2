// The doors the service room goes through.
#ifndef RELEASE_SERVICE_DOORS_H_
#define RELEASE_SERVICE_DOORS_H_

#include "os/clock.h"
#include "os/http.h"
#include "os/runner.h"

namespace release {

// Borrowed; whoever fills this in keeps them alive.
struct Doors {
  Runner* runner = nullptr;
  Http* http = nullptr;
  Clock* clock = nullptr;
};

}  // namespace release

#endif  // RELEASE_SERVICE_DOORS_H_
