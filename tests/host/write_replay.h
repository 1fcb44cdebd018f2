// What a disk was asked to write, and the disks a power cut may leave of it.
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
  // Runs the shop's command on a copy of its disk that logs.
  explicit WriteReplay(CutShop* shop);

  // In pieces of at most 4 KiB, since a power cut may split a request. Those
  // of the mount and the unmount are among them.
  std::size_t writes() const { return writes_.size(); }
  // How many there were when the command began, and when it reported its
  // outcome.
  std::size_t begun() const { return begun_; }
  std::size_t reported() const { return reported_; }
  // Of the first `count` writes, how many a sync had covered.
  std::size_t Durable(std::size_t count) const;
  // As if the disk had not been asked for the last sync before the report, nor
  // for any after it.
  void ForgetSyncBeforeReport();

  // The disk has the first `count` writes; where `keep` is given, of those that
  // no sync had covered only the ones it says true of, in order. What is broken
  // after the boot; empty: nothing.
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
  std::vector<std::size_t> syncs_;  // after how many writes each came
  std::size_t begun_ = 0;
  std::size_t reported_ = 0;
  std::size_t vouched_ = 0;  // writes that a sync had covered at the report
  int exit_ = -1;
};

}  // namespace release

#endif  // RELEASE_TESTS_HOST_WRITE_REPLAY_H_
