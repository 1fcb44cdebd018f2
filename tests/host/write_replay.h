// Records the writes and syncs of a command at the block layer, and makes from
// them the disks that a power cut can leave.
#ifndef RELEASE_TESTS_HOST_WRITE_REPLAY_H_
#define RELEASE_TESTS_HOST_WRITE_REPLAY_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "host/cut_shop.h"

namespace release {

class WriteReplay {
 public:
  // Runs the shop's command on a copy of its disk that logs (rig/write_log.c).
  // `shop` must outlive this object.
  explicit WriteReplay(CutShop* shop);

  // The number of writes, in pieces of at most 4 KiB because a power cut can
  // split a request. Mount and unmount are included.
  std::size_t writes() const { return writes_.size(); }
  // The number of writes when the command began and when it had reported its
  // outcome.
  std::size_t begun() const { return begun_; }
  std::size_t reported() const { return reported_; }
  // Returns how many of the first `count` writes were durable at that moment:
  // those before the last sync.
  std::size_t Durable(std::size_t count) const;
  // Removes the last sync before the report, and every later one, from the log.
  // A test does this to prove that the checks notice a missing sync.
  void ForgetSyncBeforeReport();

  // Makes a disk with the first `count` writes, boots and checks. If `keep` is
  // given, it says for each write that was not durable, in order, whether the
  // disk has it. Returns a description of the first failed check, or "" if all
  // pass.
  std::string Examine(std::size_t count,
                      const std::vector<bool>* keep = nullptr);

 private:
  struct Write {
    std::uint64_t offset = 0;
    std::string data;
  };

  void Record();
  void Read(const std::string& log);

  CutShop* shop_;
  TempDir own_;
  std::vector<Write> writes_;
  std::vector<std::size_t> syncs_;  // for each, the number of writes before it
  std::size_t begun_ = 0;
  std::size_t reported_ = 0;
  std::size_t vouched_ = 0;  // the number of durable writes at the report
  int exit_ = -1;
};

}  // namespace release

#endif  // RELEASE_TESTS_HOST_WRITE_REPLAY_H_
