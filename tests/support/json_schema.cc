#include "support/json_schema.h"

#include <algorithm>
#include <map>
#include <regex>
#include <set>
#include <stdexcept>
#include <utility>

#include "support/archives.h"

namespace release {
namespace {

using nlohmann::json;

const json& SchemaFile(const std::string& name) {
  static std::map<std::string, json> files;
  const auto [it, fresh] = files.try_emplace(name);
  if (fresh) {
    it->second =
        json::parse(Slurp(RELEASE_SOURCE_DIR "/docs/schema/" + name + ".json"));
  }
  return it->second;
}

bool HasType(const json& value, const std::string& type) {
  if (type == "null") return value.is_null();
  if (type == "boolean") return value.is_boolean();
  if (type == "integer") return value.is_number_integer();
  if (type == "number") return value.is_number();
  if (type == "string") return value.is_string();
  if (type == "array") return value.is_array();
  if (type == "object") return value.is_object();
  throw std::runtime_error("unknown type " + type);
}

// Walks a value and its schema together.
class SchemaCheck {
 public:
  explicit SchemaCheck(std::string file) : file_(std::move(file)) {}

  std::string Check(const json& value, const json& schema,
                    const std::string& place) {
    for (const auto& [keyword, rule] : schema.items()) {
      std::string wrong = Apply(keyword, rule, value, schema, place);
      if (!wrong.empty()) return wrong;
    }
    return "";
  }

 private:
  std::string Apply(const std::string& keyword, const json& rule,
                    const json& value, const json& schema,
                    const std::string& place) {
    static const std::set<std::string> kWords = {"$schema", "title",
                                                 "description", "definitions",
                                                 "additionalProperties"};
    if (kWords.contains(keyword)) return "";
    if (keyword == "$ref") return Follow(rule, value, place);
    if (keyword == "type") return CheckType(rule, value, place);
    if (keyword == "anyOf") return CheckAnyOf(rule, value, place);
    if (keyword == "items") return CheckItems(rule, value, place);
    if (keyword == "properties") return CheckKeys(rule, value, schema, place);
    if (keyword == "required") return CheckRequired(rule, value, place);
    bool ok = true;
    if (keyword == "const") {
      ok = value == rule;
    } else if (keyword == "enum") {
      ok = std::find(rule.begin(), rule.end(), value) != rule.end();
    } else if (keyword == "minimum") {
      ok = !value.is_number() || value >= rule;
    } else if (keyword == "maximum") {
      ok = !value.is_number() || value <= rule;
    } else if (keyword == "pattern") {
      ok = !value.is_string() ||
           std::regex_search(value.get<std::string>(),
                             std::regex(rule.get<std::string>()));
    } else {
      throw std::runtime_error("unknown keyword " + keyword);
    }
    return ok ? ""
              : place + ": " + value.dump() + " breaks " + keyword + " " +
                    rule.dump();
  }

  // "FILE.json#/definitions/NAME", or without the file.
  std::string Follow(const std::string& reference, const json& value,
                     const std::string& place) {
    const std::size_t hash = reference.find('#');
    std::string file = reference.substr(0, hash);
    if (file.empty()) {
      file = file_;
    } else {
      file.erase(file.find(".json"));
    }
    const json& target =
        SchemaFile(file).at(json::json_pointer(reference.substr(hash + 1)));
    return SchemaCheck(file).Check(value, target, place);
  }

  static std::string CheckType(const json& rule, const json& value,
                               const std::string& place) {
    const json types = rule.is_array() ? rule : json::array({rule});
    for (const json& type : types) {
      if (HasType(value, type.get<std::string>())) return "";
    }
    return place + ": " + value.dump() + " is no " + rule.dump();
  }

  std::string CheckAnyOf(const json& rule, const json& value,
                         const std::string& place) {
    std::string first;
    for (const json& each : rule) {
      std::string wrong = Check(value, each, place);
      if (wrong.empty()) return "";
      if (first.empty()) first = std::move(wrong);
    }
    return first;
  }

  std::string CheckItems(const json& rule, const json& value,
                         const std::string& place) {
    if (!value.is_array()) return "";
    for (std::size_t i = 0; i < value.size(); ++i) {
      std::string wrong =
          Check(value[i], rule, place + "/" + std::to_string(i));
      if (!wrong.empty()) return wrong;
    }
    return "";
  }

  std::string CheckKeys(const json& rule, const json& value, const json& schema,
                        const std::string& place) {
    if (!value.is_object()) return "";
    for (const auto& [key, part] : value.items()) {
      if (rule.contains(key)) {
        std::string wrong = Check(part, rule.at(key), place + "/" + key);
        if (!wrong.empty()) return wrong;
      } else if (schema.value("additionalProperties", json(true)) == false) {
        return place + ": the schema has no key " + key;
      }
    }
    return "";
  }

  static std::string CheckRequired(const json& rule, const json& value,
                                   const std::string& place) {
    if (!value.is_object()) return "";
    for (const json& key : rule) {
      if (!value.contains(key.get<std::string>())) {
        return place + ": the key " + key.dump() + " is missing";
      }
    }
    return "";
  }

  std::string file_;
};

// The first of these keys that an object has says which output it is.
std::string SchemaOf(const json& object) {
  constexpr std::pair<const char*, const char*> kMarks[] = {
      {"plan", "plan"},
      {"uploads", "intake"},
      {"verdict", "status"},
      {"stopped", "drain"},
      {"notices", "notify"},
      {"findings", "check"},
      {"drop_ins", "drop-ins"},
      {"sha256", "pack"},
      {"signals", "watch"},
      {"digest", "manifest"},
      {"entries", "show"},
      {"differences", "diff"},
      {"transactions", "history"},
      {"sbom", "version"}};
  for (const auto& [key, schema] : kMarks) {
    if (object.contains(key)) return schema;
  }
  // `list` and `verify` both have releases.
  if (object.contains("releases")) return object.value("command", "");
  return "outcome";
}

}  // namespace

std::string SchemaViolation(const json& value, const std::string& name) {
  return SchemaCheck(name).Check(value, SchemaFile(name), name);
}

std::string OutputViolation(const json& object) {
  return SchemaViolation(object, SchemaOf(object));
}

}  // namespace release
