// A root on which tests run the built command.
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
  // Makes a root with its layout, in a temporary directory or below
  // `directory`, which must outlive this object.
  explicit Site(const std::string& directory = "");

  const std::string& root() const { return root_; }
  // A directory beside the root, for archives and configs.
  const std::string& files() const { return files_; }

  // Returns the command line of the built command on this root.
  std::vector<std::string> CommandLine(
      const std::vector<std::string>& words) const;
  // Runs the built command on this root.
  Finished Release(const std::vector<std::string>& words) const;
  // As Release, but throws std::runtime_error if the command fails.
  void Must(const std::vector<std::string>& words) const;
  // Runs the command with --json and returns its output. Throws
  // std::runtime_error if that is not JSON.
  nlohmann::json Json(const std::vector<std::string>& words) const;
  nlohmann::json Status() const { return Json({"status"}); }

  // Makes an archive of the files "name" and "sub/more", whose content is made
  // of version and variant. Returns its path, files()/VERSIONVARIANT.tar.
  std::string Archive(const std::string& version,
                      const std::string& variant = "") const;
  // Deploys Archive(version). Throws std::runtime_error if that fails.
  void Deploy(const std::string& version) const;

  // Writes a configuration for this root: a line with the root, followed by
  // `text`. Returns its path, files()/NAME.
  std::string ConfigFile(const std::string& name,
                         const std::string& text) const;

  // Returns "1.0" if `current` points at "releases/1.0", its target if it
  // points elsewhere, and "" if it is not a link.
  std::string Live() const;
  // Returns the sorted names in releases/. It first waits for the deletion of
  // trees that were set aside; leftovers that remain are included.
  std::vector<std::string> Releases() const;

 private:
  TempDir own_;
  std::string root_;
  std::string files_;
};

// Deploys these one after the other. Throws std::runtime_error if one fails.
void DeployAll(const Site& site, const std::vector<std::string>& versions);

// Describes every path below the directory: type, mode, owner, inode, size,
// modification time and link target. Two equal listings mean that nothing has
// changed. `left_out` names directories that are skipped with their content.
std::map<std::string, std::string> Listing(
    const std::string& directory,
    const std::vector<std::string>& left_out = {});

// Returns the paths of leftovers below the root: partial and set-aside trees,
// temporary links and files. It first waits until trees that were set aside
// have been deleted, which the command does in the background.
std::vector<std::string> Garbage(const std::string& root);

// Whether the newest record has a begin and no end. Parses the file on its own,
// so that a defect in the command's parser does not hide here.
bool RecordLeftOpen(const std::string& root);

// Gives this process its own mount namespace, once: later mounts are visible
// only to it and its children, and end with them. Needs root.
void ApartFromOtherMounts();

// A mount that only this process and its children see. The destructor unmounts
// it, and so does the end of the process.
class PrivateMount {
 public:
  // Runs `mount ARGUMENTS DIRECTORY`. Throws std::runtime_error if it fails.
  PrivateMount(const std::string& arguments, const std::string& directory);
  ~PrivateMount();
  PrivateMount(const PrivateMount&) = delete;
  PrivateMount& operator=(const PrivateMount&) = delete;

 private:
  std::string directory_;
};

}  // namespace release

#endif  // RELEASE_TESTS_HOST_SITE_H_
