// The manifests of releases as `pack` wrote them.
//
// A release's own manifest lists what is on disk: with the modes that the umask
// left, and the links to shared files. The text of `pack` is kept beside it
// unchanged, because its SHA-256 identifies the release for thin archives.
#ifndef RELEASE_STORE_PACKED_MANIFEST_H_
#define RELEASE_STORE_PACKED_MANIFEST_H_

#include <optional>
#include <string>
#include <string_view>

#include "base/version.h"
#include "os/fs.h"

namespace release {

// Writes the text, compressed, as a new file. Not durable. Throws FsError.
void WritePackedManifest(Fs* fs, const Version& version, std::string_view text);

// As WritePackedManifest, for a release that is published already; replaces a
// text. Durable on return. The caller must hold the lock.
void StorePackedManifest(Fs* fs, const Version& version, std::string_view text);

// Returns the text; nullopt if the release has none, or a damaged one: nobody
// asks for that digest, and the text can be made anew. Throws FsError.
std::optional<std::string> ReadPackedManifest(Fs* fs, const Version& version);

}  // namespace release

#endif  // RELEASE_STORE_PACKED_MANIFEST_H_
