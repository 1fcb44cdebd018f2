// A shop on a disk whose power is cut, and what must hold afterwards.
#ifndef RELEASE_TESTS_HOST_CUT_SHOP_H_
#define RELEASE_TESTS_HOST_CUT_SHOP_H_

#include <optional>
#include <string>
#include <vector>

#include "host/calls.h"
#include "host/disk.h"
#include "host/site.h"

namespace release {

// A command that is interrupted, on a shop with some good releases.
struct CutCase {
  std::string name;
  std::vector<std::string> words;
  int exit = 0;              // where nothing interrupts it
  std::string before;        // live before it, and where it is undone
  std::string after;         // live where it runs through
  unsigned releases = 2;     // 1.0 and on; the last one is live
  bool interrupted = false;  // a deploy of 3.0 has died after the switch
  bool shares = true;        // takes over what is the same, as the disk lets it
};

// deploy (which prunes too), one that fails, rollback, prune, recover.
const std::vector<CutCase>& CutCases();
const CutCase& CutCaseNamed(const std::string& name);

class CutShop {
 public:
  CutShop(const std::string& form, CutCase cut_case);

  Disk* disk() { return &disk_; }
  NumberedCalls* calls() { return &calls_; }
  const CutCase& cut_case() const { return case_; }
  std::vector<std::string> CommandLine() const;

  // The calls of the command, on a fresh copy of the disk.
  std::vector<std::string> Calls();

  // Cuts the power before the call of this number, or after the end where
  // there are fewer, and boots. What is broken then; empty: nothing.
  std::string CutBefore(unsigned call, Disk::Cut cut);

  // The same where what recovers then is killed before its call of this number
  // and started again. Nothing where it makes fewer calls.
  std::optional<std::string> CutAndKill(unsigned call, Disk::Cut cut,
                                        unsigned recovery_call);

  // Runs the command on the disk as it is mounted; its exit status.
  int RunThrough();
  // Boots from the disk as it is mounted, settles it and looks for what is
  // broken. `exit` is the command's, where it came to report one.
  std::string BootAndExamine(std::optional<int> exit);

 private:
  std::vector<std::string> Line(const std::vector<std::string>& words) const;
  Finished Release(const std::vector<std::string>& words) const;
  void Need(bool holds, const std::string& what) const;
  void Interrupt();
  void Boot() const;
  std::string Examine(std::optional<int> exit);
  bool Committed() const;
  std::optional<int> RunAndCut(unsigned call, Disk::Cut cut);
  void CheckAlways(const std::string& when) const;
  void CheckSettled(const std::string& live) const;
  void CheckNextDeploy(const std::string& live) const;

  CutCase case_;
  TempDir own_;
  Disk disk_;
  Site site_;
  NumberedCalls calls_;
  std::string running_;  // the release that the service runs
  std::string config_;
  std::string record_;  // of the command
};

}  // namespace release

#endif  // RELEASE_TESTS_HOST_CUT_SHOP_H_
