// The files of an upload in the drop box.
//
// An upload X is the archive X, its checksum X.sha256 and, where it comes with
// evidence, X.intoto.json and X.sig, all in incoming/. Whoever uploads may
// change any of it at any time.
#ifndef RELEASE_DROPBOX_UPLOAD_H_
#define RELEASE_DROPBOX_UPLOAD_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "os/fs.h"

namespace release {

inline constexpr std::string_view kChecksumSuffix = ".sha256";
inline constexpr std::string_view kStatementSuffix = ".intoto.json";
inline constexpr std::string_view kSignatureSuffix = ".sig";

// Of a file's name, in bytes.
inline constexpr std::size_t kLongestName = 255;

// "incoming/NAME".
std::string InBox(const std::string& name);

// "X.sha256".
std::string ChecksumName(const std::string& upload);

// The names that the files of an upload have, as far as a file can have them;
// the checksum last, for it makes the upload ready.
std::vector<std::string> NamesOf(const std::string& upload);

// What tells a file from one that has taken its name since.
struct Stamp {
  std::uint64_t inode = 0, size = 0;
  std::int64_t modified = 0;
  bool operator==(const Stamp&) const = default;
};

// Nothing where there is no such file.
std::optional<Stamp> StampOf(Fs* fs, const std::string& path);

// Removes whatever has the name, a directory with all below it; nothing is
// followed, and nothing need be there. Not durable.
void RemoveAny(Fs* fs, const std::string& path);

}  // namespace release

#endif  // RELEASE_DROPBOX_UPLOAD_H_
