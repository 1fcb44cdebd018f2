// Facts of the kernel about a file, converted to the values of os/fs.h.
#ifndef RELEASE_OS_FILE_INFO_H_
#define RELEASE_OS_FILE_INFO_H_

#include <dirent.h>
#include <sys/stat.h>

#include <cstdint>
#include <ctime>

#include "os/fs.h"

namespace release {

FileInfo InfoOf(const struct stat& st);

// Returns the type of an entry of the open directory. Asks the file itself only
// if the file system does not list types.
FileType TypeOfEntry(int directory, const dirent& entry);

// Converts times since 1970, with `part` nanoseconds from 0 to 999,999,999
// after the second. Times before 1677 and after 2262 become the nearest one
// that fits.
std::int64_t ToNanoseconds(std::int64_t seconds, std::int64_t part);
timespec ToTimespec(std::int64_t nanoseconds);

}  // namespace release

#endif  // RELEASE_OS_FILE_INFO_H_
