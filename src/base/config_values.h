// The values a config key may have: each reader turns text into a setting.
//
// Every reader returns why the value is not allowed, or nothing where it is;
// then, and only then, it has stored it.
#ifndef RELEASE_BASE_CONFIG_VALUES_H_
#define RELEASE_BASE_CONFIG_VALUES_H_

#include <string>
#include <string_view>

#include "base/config.h"

namespace release {

// The whole number of `text`, within the bounds.
std::string ReadNumber(std::string_view text, std::uint64_t least,
                       std::uint64_t most, std::uint64_t* out);

// See base/units.h. A duration of zero only where `zero` is allowed.
enum class Zero { kAllowed, kRefused };
std::string ReadDuration(std::string_view text, Zero zero, Duration* out);
std::string ReadSize(std::string_view text, std::uint64_t* out);

// An absolute path without "..", stored without a trailing slash; not "/".
std::string ReadAbsolutePath(std::string_view text, std::string* out);

// A path below a release: relative, no empty, "." or ".." component; stored
// without a trailing slash.
std::string ReadRelativePath(std::string_view text, std::string* out);

// A word to compare with: a version's letters.
std::string ReadName(std::string_view text, std::string* out);

// "user:group".
std::string ReadOwner(std::string_view text, std::string* out);

// The name of a systemd unit.
std::string ReadUnit(std::string_view text, std::string* out);

// "HUP" or "SIGHUP"; stored without "SIG".
std::string ReadSignal(std::string_view text, std::string* out);

// http://HOST..., https://HOST..., or unix:/SOCKET:/PATH where that is asked.
enum class UrlForms { kHttp, kHttpAndUnix };
std::string ReadUrl(std::string_view text, UrlForms forms, std::string* out);

// "host:port", "[::1]:port".
std::string ReadTcp(std::string_view text, std::string* out);

// "200" or "200-299".
std::string ReadStatusRange(std::string_view text, HealthConfig* out);

// How many single-letter changes make one text of the other.
std::size_t EditDistance(std::string_view a, std::string_view b);

// Whether one path is the other or lies below it.
bool Overlap(std::string_view a, std::string_view b);

}  // namespace release

#endif  // RELEASE_BASE_CONFIG_VALUES_H_
