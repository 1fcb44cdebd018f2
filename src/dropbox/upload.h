// The files of an upload in the drop box.
//
// An upload X consists of the archive X, its checksum X.sha256 and, if it comes
// with evidence, X.intoto.json and X.sig, all in incoming/. The uploader may
// change any of these files at any time.
#ifndef RELEASE_DROPBOX_UPLOAD_H_
#define RELEASE_DROPBOX_UPLOAD_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "os/fs.h"

namespace release {

inline constexpr std::string_view kChecksumSuffix = ".sha256";
inline constexpr std::string_view kStatementSuffix = ".intoto.json";
inline constexpr std::string_view kSignatureSuffix = ".sig";

// The longest name that a file may have, in bytes.
inline constexpr std::size_t kLongestName = 255;

// Returns "incoming/NAME".
std::string InBox(const std::string& name);

// Returns "X.sha256".
std::string ChecksumName(const std::string& upload);

// Returns the names of an upload's files without the names that are too long
// for a file. The checksum is last, because it makes the upload ready.
std::vector<std::string> NamesOf(const std::string& upload);

// Distinguishes a file from another one that has since replaced it under the
// same name.
struct Stamp {
  std::uint64_t inode = 0, size = 0;
  std::int64_t modified = 0;  // seconds since 1970
  bool operator==(const Stamp&) const = default;
};

// Returns nullopt if there is no such file. Does not follow a link.
std::optional<Stamp> StampOf(Fs* fs, const std::string& path);

// The files of an upload as they were at one time, by their paths below the
// root. The checksum is first and is removed first, so that the files that a
// crash leaves behind do not look ready.
using Stamps = std::vector<std::pair<std::string, Stamp>>;
Stamps StampsOf(Fs* fs, const std::string& upload);

// Removes the files that are still those of `stamps`: meanwhile the uploader
// may have put the next upload there under the same name. Throws FsError. Not
// durable on return.
void RemoveIfSame(Fs* fs, const Stamps& stamps);

// Removes the file, link or directory tree at `path`, if there is one. Follows
// no link. Not durable on return.
void RemoveAny(Fs* fs, const std::string& path);

}  // namespace release

#endif  // RELEASE_DROPBOX_UPLOAD_H_
