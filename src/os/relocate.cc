#include "os/relocate.h"

#include <cerrno>

#include "os/path_rules.h"

namespace release {
namespace {

// The parent directory of a path. It is opened before anything changes, so that
// a later sync reports every write error since then.
struct Holder {
  Holder(Fs* fs, const std::string& path)
      : name(SplitPath(path).leaf),
        directory(fs, fs->OpenDirectory(Fs::kRoot, ParentOf(path.substr(1)))) {}

  const std::string name;
  const ScopedHandle directory;
};

// Creates the link, or accepts one that an interrupted call left behind.
void MakeLinkToItself(Fs* fs, const Holder& to, const std::string& path) {
  const auto there = fs->Stat(to.directory.get(), to.name);
  if (!there) {
    fs->MakeSymlink(path, to.directory.get(), to.name);
    return;
  }
  if (there->type != FileType::kSymlink ||
      fs->ReadLink(to.directory.get(), to.name) != path) {
    throw FsError("make symbolic link", path, EEXIST);
  }
}

}  // namespace

// No system call renames a directory and leaves a link in its place. Instead,
// first create at `to` a link to `to` itself, then exchange the two names: the
// link is now at `from` and leads to the directory at `to`.
void MoveLeavingLink(Fs* machine, const std::string& from,
                     const std::string& to) {
  const Holder source(machine, from);
  const Holder target(machine, to);
  MakeLinkToItself(machine, target, to);
  try {
    machine->Rename(target.directory.get(), target.name, source.directory.get(),
                    source.name, RenameMode::kExchange);
  } catch (const FsError&) {
    machine->RemoveFile(target.directory.get(), target.name);
    throw;
  }
  // The directory must be durable in its new place before the link to it is.
  machine->Sync(target.directory.get());
  machine->Sync(source.directory.get());
}

}  // namespace release
