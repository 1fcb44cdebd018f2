// Checks that a zip or 7z file is whole and agrees with itself.
//
// Both formats keep their list of entries at the end. libarchive reads entries
// by that list. A zip describes each entry a second time before its data; if
// the two differ, two readers see two archives. A program may stand before a
// zip, which unpacks itself then.
#ifndef RELEASE_ARCHIVE_SEEKABLE_H_
#define RELEASE_ARCHIVE_SEEKABLE_H_

#include <cstdint>
#include <string>

#include "archive/parsed_entry.h"
#include "archive/spool.h"

namespace release {

// `copy` is the whole archive, `name` is for messages. Throw Error
// kArchiveTruncated if the end is missing, kArchiveCorrupt if bytes follow it
// or the parts disagree; CheckZip throws kLimitExceeded for a zip that lists
// more than `max_entries` and a manifest, 0 being any number, and
// kArchiveUnsupported for a program without a zip behind it. CheckZip returns
// how names are to be read, by the systems that made the entries: a backslash
// is a letter unless an entry that has one was made elsewhere than on Unix, and
// letters are of code page 437 if DOS or Windows made all whose names are not
// UTF-8.
ZipNames CheckZip(const SpoolCopy& copy, const std::string& name,
                  std::uint64_t max_entries);
void CheckSevenZip(const SpoolCopy& copy, const std::string& name);

}  // namespace release

#endif  // RELEASE_ARCHIVE_SEEKABLE_H_
