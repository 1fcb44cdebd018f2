// A root as another deploy tool, or a person, left it.
#ifndef RELEASE_ADOPT_FOREIGN_ROOT_H_
#define RELEASE_ADOPT_FOREIGN_ROOT_H_

#include <optional>
#include <set>
#include <string>

#include "adopt/foreign_history.h"
#include "base/host_path.h"
#include "base/version.h"
#include "os/fs.h"

namespace release {

class ForeignRoot {
 public:
  // `fs` is the Fs of the root, and `path` the root's absolute path. Both are
  // borrowed.
  ForeignRoot(Fs* fs, const HostPath& path) : fs_(fs), path_(path) {}

  const HostPath& path() const { return path_; }

  // Throws Error kNotAdoptable if releases/ is a mount, if a directory of the
  // layout is a link, or if Deployer may be running.
  void RequireAdoptable() const;
  // Throws Error kNotAdoptable if the entry `name`, with this info, is mounted.
  void RequireSameMount(const std::string& name, const FileInfo& info) const;
  // Returns the facts about these releases, which must include `live`.
  ForeignFacts FactsAbout(const std::set<Version>& releases,
                          const Version& live) const;
  // Throws Error kNotAdoptable about the entry `name`.
  [[noreturn]] void Refuse(const std::string& name,
                           const std::string& why) const;

 private:
  bool IsFile(const std::string& name) const;
  std::string TextOf(const std::string& name) const;
  std::optional<Version> UnfinishedByDeployer() const;

  Fs* fs_;
  const HostPath& path_;
};

}  // namespace release

#endif  // RELEASE_ADOPT_FOREIGN_ROOT_H_
