// Operations that take several calls of Fs.
//
// They use Fs instead of being part of it, so that a test can stop the command,
// cut the power or fail a call between any two of the calls. Each throws
// FsError if one of the calls fails. Paths are relative to the root, or to the
// directory given.
#ifndef RELEASE_STORE_DURABLE_H_
#define RELEASE_STORE_DURABLE_H_

#include <string>
#include <string_view>

#include "os/fs.h"

namespace release {

// Returns the content of a file, all of it in memory: meant for small files.
std::string ReadFile(Fs* fs, const std::string& path);

// Makes a directory's entries durable: those added, renamed and removed. ""
// means the root.
void SyncDirectory(Fs* fs, const std::string& path);

// Writes a new file and renames it to `name`, replacing a file of that name. A
// reader sees the old content or the new one, never a part. On return the bytes
// are durable and the name is not: the caller must sync the directory, once for
// several files.
void WriteFileAtomically(Fs* fs, const std::string& directory,
                         const std::string& name, std::string_view content,
                         unsigned permissions);

// Renames to a name that must be free; FsError EEXIST if it is not. On a file
// system that cannot do both in one step, such as NFS, looks first and renames
// then. The caller must be the only one who makes that name, as whoever holds
// the lock is; a directory never replaces anything but an empty directory.
void RenameToFreeName(Fs* fs, Fs::Handle dir, const std::string& from,
                      Fs::Handle new_dir, const std::string& to);

// Replaces the entry `name` of the root, for example a directory, with a
// symlink to `target`, and renames the entry to `aside`. A reader never finds
// `name` missing. `aside` may be in another directory; a symlink that a crash
// left there is removed first. Durable on return.
void ExchangeForSymlink(Fs* fs, const std::string& name,
                        const std::string& target, const std::string& aside);

// Undoes ExchangeForSymlink: the entry gets its name back, and the link is
// removed. Durable on return.
void UndoExchange(Fs* fs, const std::string& name, const std::string& aside);

// Removes a directory and everything below it. Uses `threads` threads beside
// the caller's; with 0 the caller's thread does all the work. Other threads and
// processes may remove the same tree at the same time. Not durable.
void RemoveTree(Fs* fs, Fs::Handle directory, const std::string& path,
                unsigned threads = 0);

}  // namespace release

#endif  // RELEASE_STORE_DURABLE_H_
