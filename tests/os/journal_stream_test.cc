#include "os/journal_stream.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/command_run.h"
#include "support/scoped_env.h"

namespace release {

TEST_CASE("standard error is the journal if JOURNAL_STREAM names its stream") {
  const auto is_journal = [](unsigned more) {
    bool is = false;
    PrintedBy([&] {
      struct stat info = {};
      fstat(STDERR_FILENO, &info);
      const ScopedEnv stream("JOURNAL_STREAM", fmt::format("{}:{}", info.st_dev,
                                                           info.st_ino + more));
      is = ErrIsJournal();
      return 0;
    });
    return is;
  };
  CHECK(is_journal(0));
  // A parent may run in a unit, and print elsewhere.
  CHECK_FALSE(is_journal(1));
  CHECK_FALSE(ErrIsJournal());
}

}  // namespace release
