// The status of an app for people: one screen, whose first line says whether
// all is well and whose last line says what to do next.
#ifndef RELEASE_CLI_STATUS_TEXT_H_
#define RELEASE_CLI_STATUS_TEXT_H_

#include <string>
#include <string_view>

#include "cli/screen.h"
#include "inspect/status.h"

namespace release {

// The first word of a status, and how serious it is.
enum class Verdict { kOk, kEmpty, kBusy, kWaiting, kAttention };

// Returns kWaiting if the running transaction waits for `release confirm`,
// kEmpty if no release has been deployed yet.
Verdict VerdictOf(const StatusReport& report);
// "ok", "empty", "busy", "waiting", "attention".
std::string_view VerdictName(Verdict verdict);

// Returns "shop on web1: ok, 1.4.2 live since 3 h ago", without a newline.
std::string VerdictText(const StatusReport& report, const Screen& screen);

// Returns what to do next, without a newline: "`release rollback` goes back to
// 1.4.1".
std::string NextText(const StatusReport& report);

// Returns the whole screen but its first line, as complete lines. Control
// characters in names and other foreign text are escaped. `app` as in WithApp.
std::string StatusText(const StatusReport& report, const Screen& screen,
                       const std::string& app = "");

}  // namespace release

#endif  // RELEASE_CLI_STATUS_TEXT_H_
