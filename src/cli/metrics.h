// The status as metrics for Prometheus.
#ifndef RELEASE_CLI_METRICS_H_
#define RELEASE_CLI_METRICS_H_

#include <string>

#include "inspect/status.h"

namespace release {

// Returns the report in Prometheus' text format 0.0.4, for the textfile
// collector of node_exporter. Times are seconds since 1970, durations seconds.
// The metrics of a live release or a last transaction are left out if there is
// none.
std::string MetricsText(const std::string& app, const StatusReport& report);

}  // namespace release

#endif  // RELEASE_CLI_METRICS_H_
