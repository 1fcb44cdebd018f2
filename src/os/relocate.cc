#include "os/relocate.h"

#include <cerrno>

#include "os/fs.h"
#include "os/posix_fs.h"

namespace release {
namespace {

// The directory that holds a path's last component.
struct Holder {
  explicit Holder(const std::string& path)
      : name(path.substr(path.rfind('/') + 1)),
        fs(path.rfind('/') == 0 ? "/" : path.substr(0, path.rfind('/'))),
        directory(&fs, fs.OpenDirectory(Fs::kRoot, "")) {}

  const std::string name;
  PosixFs fs;
  ScopedHandle directory;
};

void MakeLinkToItself(Holder* to, const std::string& path) {
  const auto there = to->fs.Stat(Fs::kRoot, to->name);
  if (!there) {
    to->fs.MakeSymlink(path, Fs::kRoot, to->name);
    return;
  }
  if (there->type != FileType::kSymlink ||
      to->fs.ReadLink(Fs::kRoot, to->name) != path) {
    throw FsError("make symbolic link", path, EEXIST);
  }
}

}  // namespace

void MoveLeavingLink(const std::string& from, const std::string& to) {
  Holder source(from);
  Holder target(to);
  MakeLinkToItself(&target, to);
  try {
    // An open descriptor is as good for either of the two.
    target.fs.Rename(target.directory.get(), target.name,
                     source.directory.get(), source.name,
                     RenameMode::kExchange);
  } catch (const FsError&) {
    target.fs.RemoveFile(Fs::kRoot, target.name);
    throw;
  }
  // What the link leads to before the link.
  target.fs.Sync(Fs::kRoot);
  source.fs.Sync(Fs::kRoot);
}

}  // namespace release
