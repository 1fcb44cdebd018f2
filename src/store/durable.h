// What is made of several primitives of the file system.
//
// These stand above the door, so that a test can stop the command, lose power
// or fail a call between any two of the primitives.
#ifndef RELEASE_STORE_DURABLE_H_
#define RELEASE_STORE_DURABLE_H_

#include <string>
#include <string_view>

#include "os/fs.h"

namespace release {

// The whole of a file, which is expected to be small.
std::string ReadFile(Fs* fs, const std::string& path);

// Makes the entries of the directory durable; "" is the root.
void SyncDirectory(Fs* fs, const std::string& path);

// Writes a file that appears under its name whole or not at all, replacing one
// that stood there. Its bytes are durable on return, its name is not: that
// takes a sync of the directory, which callers share among several.
void WriteFileAtomically(Fs* fs, const std::string& directory,
                         const std::string& name, std::string_view content,
                         unsigned permissions);

// Puts a symbolic link in the place of something else that has the name in the
// root, which is called `aside` from then on: no reader ever finds the name
// missing. `aside` may be in another directory. A link called `aside` that a
// crash left behind is no obstacle. Durable on return.
void ExchangeForSymlink(Fs* fs, const std::string& name,
                        const std::string& target, const std::string& aside);

// Undoes that. Durable on return.
void UndoExchange(Fs* fs, const std::string& name, const std::string& aside);

// Removes a directory and all below it, with `threads` beside the caller's; 0:
// it alone does. Others may do the same meanwhile. Not durable.
void RemoveTree(Fs* fs, Fs::Handle directory, const std::string& path,
                unsigned threads = 0);

}  // namespace release

#endif  // RELEASE_STORE_DURABLE_H_
