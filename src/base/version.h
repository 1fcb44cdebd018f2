// The name of a release: `[A-Za-z0-9][A-Za-z0-9._+~-]{0,127}`.
#ifndef RELEASE_BASE_VERSION_H_
#define RELEASE_BASE_VERSION_H_

#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace release {

// A version name; every object holds a valid one. It is a single path component
// that begins with a letter or digit, so it is safe as a directory name.
class Version {
 public:
  // Returns nullopt if the name is not allowed.
  static std::optional<Version> Parse(std::string_view name);

  // Throws Error kVersionInvalid, quoting the name and the rule.
  static Version ParseOrThrow(std::string_view name);

  const std::string& name() const { return name_; }

  // Compares bytes. The order is only for listings: it does not say which
  // release is newer, so never choose a rollback target by it.
  auto operator<=>(const Version&) const = default;

 private:
  explicit Version(std::string_view name) : name_(name) {}
  std::string name_;
};

// Extracts the version from an archive's file name: `shop-1.4.2.tar.zst` gives
// 1.4.2 for the app `shop`. Returns nullopt if the name does not begin with
// "APP-" or if the rest is not a version. If `app` is empty, the version begins
// after the first '-' that is followed by a digit.
std::optional<Version> VersionFromFileName(std::string_view file_name,
                                           std::string_view app);

}  // namespace release

#endif  // RELEASE_BASE_VERSION_H_
