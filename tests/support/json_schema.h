// Validates the output of --json against docs/schema.
//
// It knows the keywords that those files use and fails at any other. Debian has
// a library for this, whose package depends on Qt.
#ifndef RELEASE_TESTS_SUPPORT_JSON_SCHEMA_H_
#define RELEASE_TESTS_SUPPORT_JSON_SCHEMA_H_

#include <nlohmann/json.hpp>
#include <string>

namespace release {

// Returns where and why `value` does not satisfy the schema in the file
// `name`.json, or "" if it does. Throws std::runtime_error if the schema uses
// a keyword that is not known.
std::string SchemaViolation(const nlohmann::json& value,
                            const std::string& name);

// Returns the same for an object that a command has printed. The command and
// the keys of the object say which schema it must satisfy.
std::string OutputViolation(const nlohmann::json& object);

}  // namespace release

#endif  // RELEASE_TESTS_SUPPORT_JSON_SCHEMA_H_
