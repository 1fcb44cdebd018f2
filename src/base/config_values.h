// Parses and validates the values of config keys.
//
// A reader that accepts the value stores it and returns an empty string.
// Otherwise it returns why the value is not allowed, such as "must be ...", and
// changes nothing.
#ifndef RELEASE_BASE_CONFIG_VALUES_H_
#define RELEASE_BASE_CONFIG_VALUES_H_

#include <string>
#include <string_view>

#include "base/config.h"
#include "base/host_path.h"

namespace release {

// A whole number from `least` to `most`.
std::string ReadNumber(std::string_view text, std::uint64_t least,
                       std::uint64_t most, std::uint64_t* out);

// See base/units.h for the forms. A duration of zero is accepted only with
// Zero::kAllowed, a size of zero never.
enum class Zero { kAllowed, kRefused };
std::string ReadDuration(std::string_view text, Zero zero, Duration* out);
std::string ReadSize(std::string_view text, std::uint64_t* out);

// An absolute path without "..", stored without a trailing slash; not "/".
std::string ReadAbsolutePath(std::string_view text, HostPath* out);

// An absolute path as above, or a directory followed by "/*".
std::string ReadLinkPattern(std::string_view text, std::string* out);

// A path below a release: relative, without empty, "." or ".." components.
// Stored without trailing slashes.
std::string ReadRelativePath(std::string_view text, std::string* out);

// A name in the characters of a version (base/version.h).
std::string ReadName(std::string_view text, std::string* out);

// "user:group".
std::string ReadOwner(std::string_view text, std::string* out);

// The name of a user.
std::string ReadUser(std::string_view text, std::string* out);

// Permission bits as three or four octal digits, "0022".
std::string ReadMask(std::string_view text, unsigned* out);

// The name of a systemd unit.
std::string ReadUnit(std::string_view text, std::string* out);

// "HUP" or "SIGHUP"; stored without "SIG".
std::string ReadSignal(std::string_view text, std::string* out);

// The directory of an instance: an absolute path with "{version}" in it.
std::string ReadInstanceDirectory(std::string_view text, std::string* out);

// The name of a link in a release: one path component.
std::string ReadLinkName(std::string_view text, std::string* out);

// http://HOST... or https://HOST..., and with kHttpAndUnix unix:/SOCKET:/PATH
// or unix:{socket}:/PATH.
enum class UrlForms { kHttp, kHttpAndUnix };
std::string ReadUrl(std::string_view text, UrlForms forms, std::string* out);

// "host:port", "[::1]:port".
std::string ReadTcp(std::string_view text, std::string* out);

// "200" or "200-299"; sets status_low and status_high.
std::string ReadStatusRange(std::string_view text, HealthConfig* out);

// Returns how many single-character edits turn one text into the other.
std::size_t EditDistance(std::string_view a, std::string_view b);

// Returns whether the paths are equal or one is below the other.
bool Overlap(std::string_view a, std::string_view b);

}  // namespace release

#endif  // RELEASE_BASE_CONFIG_VALUES_H_
