// Runs the command line in this process and keeps what it prints.
#ifndef RELEASE_TESTS_SUPPORT_COMMAND_RUN_H_
#define RELEASE_TESTS_SUPPORT_COMMAND_RUN_H_

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

#include "support/temp_dir.h"

namespace release {

struct Printed {
  int exit = 0;
  std::string out;
  std::string err;
};

// What `body` writes to standard output and standard error, and returns. With
// `terminal` standard error is one.
Printed PrintedBy(const std::function<int()>& body, bool terminal = false);

// `release WORDS...`, as from a shell without RELEASE_APP and NO_COLOR.
Printed RunRelease(std::vector<std::string> words);

// One app in a temporary root, driven by the command line.
class CommandRig {
 public:
  CommandRig();

  const std::string& path() const { return dir_.path(); }
  std::string root() const { return dir_.path() + "/srv"; }

  // `release --root ROOT WORDS...`; with a config, `release --config FILE
  // WORDS...`.
  Printed Run(const std::vector<std::string>& words) const;

  // From now on the app is configured: `root` and these further lines.
  void Configure(const std::string& lines);

  // The path of an archive of that version: bin/app, which names it.
  std::string Archive(const std::string& version) const;

  // Deploys that version; the test fails where that does.
  void Deploy(const std::string& version) const;

 private:
  TempDir dir_;
  bool configured_ = false;
};

// The command in a process of its own, while the test goes on.
class BackgroundRun {
 public:
  BackgroundRun(const CommandRig& rig, const std::vector<std::string>& words);
  ~BackgroundRun();
  BackgroundRun(const BackgroundRun&) = delete;
  BackgroundRun& operator=(const BackgroundRun&) = delete;

  // Its exit status, once it has ended.
  int Wait();

 private:
  pid_t pid_;
};

// Repeats `probe` until it is true, for at most ten seconds; false where it
// never was.
bool Becomes(const std::function<bool()>& probe);

}  // namespace release

#endif  // RELEASE_TESTS_SUPPORT_COMMAND_RUN_H_
