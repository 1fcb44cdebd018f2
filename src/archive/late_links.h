// The links of a release. A part of archive/tree_writer.h.
#ifndef RELEASE_ARCHIVE_LATE_LINKS_H_
#define RELEASE_ARCHIVE_LATE_LINKS_H_

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "archive/open_directories.h"
#include "os/fs.h"
#include "os/identity.h"

namespace release {

// Links are collected and made when all files are. A hard link needs its file,
// which a thread may still be writing; and as long as no symbolic link exists,
// no path can lead elsewhere. A file that releases share has names in all of
// them, and file systems allow a file only so many: then a copy gets the name,
// and further names are links to the copy.
class LateLinks {
 public:
  // `directories` outlives this. Symbolic links and copies get the owner.
  LateLinks(Fs* fs, OpenDirectories* directories,
            const std::optional<OwnerIds>& owner)
      : fs_(fs), directories_(directories), owner_(owner) {}

  void AddHardLink(const std::string& path, const std::string& existing) {
    hard_links_.push_back({path, existing});
  }
  void AddSymlink(const std::string& path, const std::string& target) {
    symlinks_.push_back({path, target});
  }
  // Makes all links: hard links first, then symbolic ones. Throws FsError.
  void Make();

 private:
  struct Link {
    std::string path;
    std::string target;
  };

  OpenDirectories::Shared Parent(const std::string& path);
  void MakeHardLink(const Link& link);
  void Copy(Fs::Handle directory, const std::string& name,
            Fs::Handle new_directory, const std::string& new_name);
  void MakeSymlink(const Link& link);
  void Own(Fs::Handle parent, const std::string& name);

  Fs* fs_;
  OpenDirectories* directories_;
  const std::optional<OwnerIds> owner_;
  std::vector<Link> hard_links_;
  std::vector<Link> symlinks_;
  // The first name of a file with all names it may have -> its newest copy.
  std::map<std::string, std::string> copies_;
};

}  // namespace release

#endif  // RELEASE_ARCHIVE_LATE_LINKS_H_
