// Whether a zip or 7z file is whole and agrees with itself.
//
// Both keep their list of entries at the end. libarchive reads entries by that
// list; what a zip says of an entry in the list and before its data may differ,
// and then two readers see two archives.
#ifndef RELEASE_ARCHIVE_SEEKABLE_H_
#define RELEASE_ARCHIVE_SEEKABLE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>

namespace release {

// Fills the span from the offset; returns fewer bytes only at the end.
using ReadAtFunction =
    std::function<std::size_t(std::span<char>, std::uint64_t offset)>;

// Throw Error kArchiveTruncated where the end is missing, kArchiveCorrupt where
// bytes follow it or the parts disagree; kLimitExceeded for a zip that lists
// more than `max_entries` and a manifest, 0 being any. `name` is for messages.
void CheckZip(const ReadAtFunction& read, std::uint64_t size,
              const std::string& name, std::uint64_t max_entries);
void CheckSevenZip(const ReadAtFunction& read, std::uint64_t size,
                   const std::string& name);

}  // namespace release

#endif  // RELEASE_ARCHIVE_SEEKABLE_H_
