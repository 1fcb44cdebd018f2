// The status as Prometheus reads it.
#ifndef RELEASE_CLI_METRICS_H_
#define RELEASE_CLI_METRICS_H_

#include <string>

#include "inspect/status.h"

namespace release {

// Prometheus' text format 0.0.4, for the textfile collector of node_exporter.
// What there is none of, e.g. a live release, has no line.
std::string MetricsText(const std::string& app, const StatusReport& report);

}  // namespace release

#endif  // RELEASE_CLI_METRICS_H_
