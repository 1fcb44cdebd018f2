// The rules of a configuration that involve more than one key.
#ifndef RELEASE_BASE_CONFIG_COMBINATIONS_H_
#define RELEASE_BASE_CONFIG_COMBINATIONS_H_

#include <initializer_list>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/config.h"
#include "base/toml_library.h"

namespace release {

// Collects everything that is wrong with a file, so that one run reports it
// all.
class ConfigProblems {
 public:
  void Add(const TomlPosition& position, std::string what);

  // Throws Error kConfigInvalid with all problems, in the order of the file;
  // returns if there is none.
  void ThrowIfAny(const std::string& file);

 private:
  // Line, column and text.
  std::vector<std::tuple<unsigned, unsigned, std::string>> found_;
};

// Checks the rules that involve more than one key of a file.
class KeyCombinations {
 public:
  // Borrows all three.
  KeyCombinations(const TomlTable& table, const Config& config,
                  ConfigProblems* problems)
      : table_(table), config_(config), problems_(problems) {}

  void Check() const;

 private:
  void CheckKeyFiles() const;
  void CheckOnlyOne(std::string_view section,
                    std::initializer_list<std::string_view> names) const;
  void CheckShared() const;
  void CheckInstances() const;
  void CheckInstanceProbe() const;
  void CheckTrial() const;
  void CheckWatch() const;
  // Reports a problem of the key [section] name, or of the section if the file
  // does not have the key.
  void AddAt(std::string_view section, std::string_view name,
             std::string what) const;

  const TomlTable& table_;
  const Config& config_;
  ConfigProblems* problems_;
};

}  // namespace release

#endif  // RELEASE_BASE_CONFIG_COMBINATIONS_H_
