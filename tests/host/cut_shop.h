// An app on a disk whose power is cut while a command runs, and the checks that
// must pass afterwards.
#ifndef RELEASE_TESTS_HOST_CUT_SHOP_H_
#define RELEASE_TESTS_HOST_CUT_SHOP_H_

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "host/calls.h"
#include "host/disk.h"
#include "host/site.h"

namespace release {

// A command that a power cut interrupts, and the app it runs on.
struct CutCase {
  std::string name;
  std::vector<std::string> words;
  int exit = 0;           // its exit status if it is not interrupted
  std::string before;     // the version that is live before, and after an undo
  std::string after;      // the version that is live once it is committed
  unsigned releases = 2;  // number of good releases: 1.0, 2.0, ...
  bool interrupted = false;  // a deploy of 3.0 has died after its switch
  bool shares = true;  // dedup is on: clone or hard link, as the disk allows
};

// The cases: a deploy (which also prunes), a failing deploy, rollback, prune,
// recover.
const std::vector<CutCase>& CutCases();
const CutCase& CutCaseNamed(const std::string& name);

class CutShop {
 public:
  // Makes a disk of that kind ("ext4", "xfs", "btrfs") with an app that is
  // ready for the command, and keeps it as the start of every run.
  CutShop(const std::string& form, CutCase cut_case);

  Disk* disk() { return &disk_; }
  NumberedCalls* calls() { return &calls_; }
  const CutCase& cut_case() const { return case_; }
  // The command line of the case.
  std::vector<std::string> CommandLine() const;

  // Runs the command on a fresh copy of the disk and returns its numbered
  // calls.
  std::vector<std::string> Calls();

  // Runs the command on a fresh copy of the disk, cuts the power before call
  // number `call` (or after the end if there are fewer calls), boots, recovers
  // and checks. Returns a description of the first failed check, or "" if all
  // pass.
  std::string CutBefore(unsigned call, Disk::Cut cut);

  // As CutBefore, but kills the recovery before its call number `recovery_call`
  // and starts it again. Returns nullopt if the recovery makes fewer calls.
  std::optional<std::string> CutAndKill(unsigned call, Disk::Cut cut,
                                        unsigned recovery_call);

  // A command that follows the case's command, which was killed before its call
  // number `kill`. The disk stays mounted between the two.
  struct Second {
    unsigned kill = 0;
    std::vector<std::string> words;
    std::optional<LeftOut> left_out;  // a sync of the second that does nothing
  };

  // Runs both and returns the calls of the second.
  std::vector<std::string> CallsOf(const Second& second);

  // Runs both, cuts the power before call number `call` of the second (or after
  // its end), boots, recovers and checks. A release that was live when the
  // second reported success must still be live. Returns as CutBefore does.
  std::string KillThenCut(const Second& second, unsigned call, Disk::Cut cut);

  // Runs the command on the mounted disk without a cut. Returns its exit
  // status.
  int RunThrough();
  // Boots from the mounted disk, recovers and checks, as CutBefore does after
  // the cut. `exit` is the exit status of the command, or nullopt if it died
  // before it reported one.
  std::string BootAndExamine(std::optional<int> exit);

 private:
  std::vector<std::string> Line(const std::vector<std::string>& words) const;
  Finished Release(const std::vector<std::string>& words) const;
  // Throws Broken, with `what`, if the condition does not hold.
  void Need(bool holds, const std::string& what) const;
  // Leaves behind a deploy of 3.0 that was killed between switch and commit.
  void Interrupt();
  void Boot() const;
  // Recovers and makes all checks; returns as CutBefore does.
  std::string Examine(std::optional<int> exit);
  // Whether the record of the command holds a commit.
  bool Committed() const;
  std::optional<int> RunAndCut(unsigned call, Disk::Cut cut);
  NumberedCalls::Run RunSecond(const Second& second, unsigned call,
                               const std::function<void()>& at_stop);
  // Checks the state after a second command; `reported` is the version that it
  // left live, or "" if it died.
  std::string ExamineSecond(const std::string& reported);
  // Runs the checks and returns the first that fails, or "".
  template <typename Body>
  std::string FirstBroken(Body body) const;
  // Checks that hold at every moment, even before recovery: `current` names a
  // complete release, and no release is damaged.
  void CheckAlways(const std::string& when) const;
  // Checks that hold after recovery: `live` is live and runs, and nothing is
  // left over or open.
  void CheckSettled(const std::string& live) const;
  // Checks that a deploy and a rollback work.
  void CheckNextDeploy(const std::string& live) const;

  CutCase case_;
  TempDir own_;
  Disk disk_;
  Site site_;
  NumberedCalls calls_;
  std::string running_;  // file: the target that the service has loaded
  std::string config_;
  std::string record_;  // the record file of the command
};

}  // namespace release

#endif  // RELEASE_TESTS_HOST_CUT_SHOP_H_
