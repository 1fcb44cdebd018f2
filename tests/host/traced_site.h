// A root in memory on which the built command runs under strace, each time from
// the same state.
#ifndef RELEASE_TESTS_HOST_TRACED_SITE_H_
#define RELEASE_TESTS_HOST_TRACED_SITE_H_

#include <string>
#include <vector>

#include "host/site.h"

namespace release {

class TracedSite {
 public:
  // strace counts calls for each thread separately. Its "when=N" is the N-th
  // call of the command only if there is one thread.
  enum class Threads { kOne, kMany };

  TracedSite();

  const Site& site() const { return site_; }

  // Leaves behind a deploy of 3.0 that was killed between switch and commit.
  void InterruptDeploy() const;

  // Makes the present root the state that every run starts from.
  void Keep() const;
  // Restores the root to that state.
  void Restore() const;
  // Restores the root and runs the command under strace with these options.
  Finished Trace(const std::vector<std::string>& options,
                 const std::vector<std::string>& words,
                 Threads threads = Threads::kOne) const;
  // From now on Trace runs the command where it sees no processes but its own:
  // it looks at each, so the number of its calls would depend on the machine.
  void HideProcesses() { hides_processes_ = true; }
  // Returns the trace of the last run.
  std::string Traced() const;

 private:
  TempDir own_;
  PrivateMount mount_;
  Site site_;
  bool hides_processes_ = false;
  std::string base_ = own_.path() + "/base";
  std::string trace_ = own_.path() + "/trace";
};

}  // namespace release

#endif  // RELEASE_TESTS_HOST_TRACED_SITE_H_
