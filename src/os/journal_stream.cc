#include "os/journal_stream.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/startup.h"

namespace release {

bool ErrIsJournal() {
  struct stat info = {};
  return fstat(STDERR_FILENO, &info) == 0 &&
         Environment("JOURNAL_STREAM") ==
             fmt::format("{}:{}", info.st_dev, info.st_ino);
}

}  // namespace release
