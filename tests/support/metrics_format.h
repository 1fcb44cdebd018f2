// Validates the output of `status --metrics` against the grammar of Prometheus'
// text exposition format 0.0.4.
//
// It is stricter where node_exporter's textfile collector or a reader profits:
// each family must begin with its HELP and TYPE lines, must have a sample, and
// must not be continued after another family. Plain comments are not accepted,
// because the command prints none.
#ifndef RELEASE_TESTS_SUPPORT_METRICS_FORMAT_H_
#define RELEASE_TESTS_SUPPORT_METRICS_FORMAT_H_

#include <string>

namespace release {

// Returns what is wrong and the line that it is wrong with, or "".
std::string MetricsViolation(const std::string& text);

}  // namespace release

#endif  // RELEASE_TESTS_SUPPORT_METRICS_FORMAT_H_
