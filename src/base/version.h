// The name of a release: `[A-Za-z0-9][A-Za-z0-9._+~-]{0,127}`.
#ifndef RELEASE_BASE_VERSION_H_
#define RELEASE_BASE_VERSION_H_

#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace release {

// A valid version name; there is no other kind. Being a single path component
// that starts with a letter or digit, it is safe to use as a directory name.
class Version {
 public:
  // The version of that name, or nothing where the name is not allowed.
  static std::optional<Version> Parse(std::string_view name);

  // The same; throws Error kVersionInvalid, naming what is wrong.
  static Version ParseOrThrow(std::string_view name);

  const std::string& name() const { return name_; }

  // By bytes: an order for listings, never for choosing what to roll back to.
  auto operator<=>(const Version&) const = default;

 private:
  explicit Version(std::string_view name) : name_(name) {}
  std::string name_;
};

// The version that an archive's file name carries for this app:
// `shop-1.4.2.tar.zst` is 1.4.2 for `shop`. Nothing where the name does not
// begin with "APP-" or what remains is not a version. An empty app takes what
// follows the first '-' that stands before a digit.
std::optional<Version> VersionFromFileName(std::string_view file_name,
                                           std::string_view app);

}  // namespace release

#endif  // RELEASE_BASE_VERSION_H_
