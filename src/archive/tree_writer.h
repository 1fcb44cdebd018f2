// Writes the entries of a release into a directory.
//
// Nobody else knows of open directories and files, so that writing may become
// parallel without the rest noticing.
#ifndef RELEASE_ARCHIVE_TREE_WRITER_H_
#define RELEASE_ARCHIVE_TREE_WRITER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "os/fs.h"
#include "os/identity.h"

namespace release {

// Paths are normalised, relative to the directory, accepted by EntryRules and
// new; the directory above each was added before. Calls may return before
// their change is made and may report an FsError of an earlier call; all is
// made when Finish returns. Nothing is durable then.
class TreeWriter {
 public:
  // Without `owner` everything belongs to the caller.
  TreeWriter(Fs* fs, Fs::Handle directory, std::optional<OwnerIds> owner);
  TreeWriter(const TreeWriter&) = delete;
  TreeWriter& operator=(const TreeWriter&) = delete;

  void AddDirectory(const std::string& path, unsigned mode);
  // Of a directory added before.
  void SetDirectoryMode(const std::string& path, unsigned mode);
  // A file with this content, or its beginning.
  void AddFile(const std::string& path, unsigned mode,
               std::string_view content);
  // More of a file added before.
  void Append(const std::string& path, std::string_view content);
  // Made by Finish: hard links, then symbolic ones.
  void AddHardLink(const std::string& path, const std::string& existing);
  void AddSymlink(const std::string& path, const std::string& target);
  void Finish();

 private:
  struct Level {
    std::string name;
    Opened handle;
  };
  struct Link {
    std::string path;
    std::string target;
  };

  // The open directory that holds the path.
  Fs::Handle Parent(std::string_view path);
  void CloseFile();
  void Own(Fs::Handle parent, const std::string& name);

  Fs* fs_;
  Fs::Handle directory_;
  std::optional<OwnerIds> owner_;
  std::vector<Level> levels_;  // from the top down to the last one used
  std::string open_path_;      // of open_file_
  Opened open_file_;
  std::vector<Link> hard_links_;
  std::vector<Link> symlinks_;
};

}  // namespace release

#endif  // RELEASE_ARCHIVE_TREE_WRITER_H_
