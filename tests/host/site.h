// One root with the built command at work on it, for tests.
#ifndef RELEASE_TESTS_HOST_SITE_H_
#define RELEASE_TESTS_HOST_SITE_H_

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "host/command.h"
#include "support/temp_dir.h"

namespace release {

class Site {
 public:
  // A root with its layout, in a directory of its own: below `directory` where
  // one is given, which must outlive it.
  explicit Site(const std::string& directory = "");

  const std::string& root() const { return root_; }
  // A directory beside the root, for archives and configs.
  const std::string& files() const { return files_; }

  // The command line that runs the built command on this root.
  std::vector<std::string> CommandLine(
      const std::vector<std::string>& words) const;
  Finished Release(const std::vector<std::string>& words) const;
  // The same where it must succeed; throws std::runtime_error otherwise.
  void Must(const std::vector<std::string>& words) const;
  // What it prints with --json.
  nlohmann::json Json(const std::vector<std::string>& words) const;
  nlohmann::json Status() const { return Json({"status"}); }

  // Makes files()/VERSION.tar of files "name" and "sub/more", whose content
  // tells the version and `variant`. Returns its path.
  std::string Archive(const std::string& version,
                      const std::string& variant = "") const;
  // Deploys Archive(version).
  void Deploy(const std::string& version) const;

  // Writes files()/NAME, a config for this root: `text` after its root line.
  std::string ConfigFile(const std::string& name,
                         const std::string& text) const;

  // "1.0" where `current` says "releases/1.0"; what it says otherwise; "" where
  // it is no link.
  std::string Live() const;
  // Names in releases/, garbage included that is not gone in a while.
  std::vector<std::string> Releases() const;

 private:
  TempDir own_;
  std::string root_;
  std::string files_;
};

// Deploys these one after the other.
void DeployAll(const Site& site, const std::vector<std::string>& versions);

// Every path below the directory with its type, mode, owner, size, time of
// change and link target, for comparing before and after.
// `left_out` are directories whose content does not count.
std::map<std::string, std::string> Listing(
    const std::string& directory,
    const std::vector<std::string>& left_out = {});

// Paths of garbage below the root: partial and set-aside trees, temporary links
// and files. What was set aside gets the time to be deleted first.
std::vector<std::string> Garbage(const std::string& root);

// The newest record has begun and not ended; read without the command's code.
bool RecordLeftOpen(const std::string& root);

// What this process mounts from now on only it and its children see, and it
// goes with them.
void ApartFromOtherMounts();

// A file system mounted where only this process and its children see it, gone
// with this object or with the process.
class PrivateMount {
 public:
  // As `mount ARGUMENTS DIRECTORY`.
  PrivateMount(const std::string& arguments, const std::string& directory);
  ~PrivateMount();
  PrivateMount(const PrivateMount&) = delete;
  PrivateMount& operator=(const PrivateMount&) = delete;

 private:
  std::string directory_;
};

}  // namespace release

#endif  // RELEASE_TESTS_HOST_SITE_H_
