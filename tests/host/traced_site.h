// A root in memory on which the built command runs under strace, from the same
// start each time.
#ifndef RELEASE_TESTS_HOST_TRACED_SITE_H_
#define RELEASE_TESTS_HOST_TRACED_SITE_H_

#include <string>
#include <vector>

#include "host/site.h"

namespace release {

class TracedSite {
 public:
  // What strace counts, it counts for each thread: only with one are its
  // numbers those of the command.
  enum class Threads { kOne, kMany };

  TracedSite();

  const Site& site() const { return site_; }

  // Kills a deploy of 3.0 after it has switched.
  void InterruptDeploy() const;

  // The root as it is now is what every run starts from.
  void Keep() const;
  void Restore() const;
  // Runs the command on a restored root. `options` are strace's.
  Finished Trace(const std::vector<std::string>& options,
                 const std::vector<std::string>& words,
                 Threads threads = Threads::kOne) const;
  // What the last of these has written.
  std::string Traced() const;

 private:
  TempDir own_;
  PrivateMount mount_;
  Site site_;
  std::string base_ = own_.path() + "/base";
  std::string trace_ = own_.path() + "/trace";
};

}  // namespace release

#endif  // RELEASE_TESTS_HOST_TRACED_SITE_H_
