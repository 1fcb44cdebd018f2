// Includes toml++ as this program uses it.
#ifndef RELEASE_BASE_TOML_LIBRARY_H_
#define RELEASE_BASE_TOML_LIBRARY_H_

// Malformed files can violate toml++'s assertions. With NDEBUG toml++ hands
// these to clang as assumptions, and a false one is undefined behaviour.
// Without them the parser goes on and reports the error.
#undef NDEBUG
#define TOML_ASSERT(expr) static_assert(true)
#include <toml++/toml.h>

namespace release {

using TomlNode = toml::node;
using TomlTable = toml::table;
using TomlPosition = toml::source_position;

}  // namespace release

#endif  // RELEASE_BASE_TOML_LIBRARY_H_
