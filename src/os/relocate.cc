#include "os/relocate.h"

#include <cerrno>

#include "os/path_rules.h"

namespace release {
namespace {

// The directory that holds a path's last component, open before anything
// changes: a sync afterwards then reports every error since.
struct Holder {
  Holder(Fs* fs, const std::string& path)
      : name(SplitPath(path).leaf),
        directory(fs, fs->OpenDirectory(Fs::kRoot, ParentOf(path.substr(1)))) {}

  const std::string name;
  const ScopedHandle directory;
};

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

// No call both renames a directory and leaves a link behind. An exchange with a
// link that already says where the directory will be has the same effect.
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
