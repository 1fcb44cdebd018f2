#include "host/write_replay.h"

#include <sys/mount.h>

#include <algorithm>
#include <boost/filesystem.hpp>
#include <cstring>
#include <fstream>
#include <stdexcept>

#include "host/started.h"
#include "support/archives.h"

namespace release {
namespace {

constexpr std::uint64_t kPiece = 4096;

// The header of a log entry, as rig/write_log.c writes it.
struct Head {
  std::uint64_t kind;
  std::uint64_t offset;
  std::uint64_t size;
};
constexpr std::uint64_t kWrite = 1;
constexpr std::uint64_t kSync = 2;

}  // namespace

WriteReplay::WriteReplay(CutShop* shop) : shop_(shop) { Record(); }

void WriteReplay::Record() {
  const std::string image = shop_->disk()->image() + ".logged";
  const std::string log = shop_->disk()->image() + ".log";
  const std::string front = own_.path() + "/front";
  boost::filesystem::create_directory(front);
  Shell("cp --sparse=always " + shop_->disk()->kept() + " " + image);
  {
    Started logging({RELEASE_RIG_WRITE_LOG, front, image, log});
    if (!Eventually(
            [&] { return boost::filesystem::exists(front + "/disk"); })) {
      throw std::runtime_error("no write log: " + logging.Output());
    }
    shop_->disk()->MountFrom(front + "/disk");
    std::ofstream(front + "/mark") << "begun\n";
    exit_ = shop_->RunThrough();
    std::ofstream(front + "/mark") << "reported\n";
    shop_->disk()->Unmount();
    // The loop device releases the file a moment after the unmount.
    if (!Eventually([&] { return umount(front.c_str()) == 0; },
                    std::chrono::seconds(60))) {
      throw std::runtime_error("cannot unmount " + front);
    }
    logging.Wait();
  }
  Read(Slurp(log));
  boost::filesystem::remove(image);
  boost::filesystem::remove(log);
}

void WriteReplay::Read(const std::string& log) {
  unsigned marks = 0;
  for (std::size_t at = 0; at < log.size();) {
    Head head;
    std::memcpy(&head, log.data() + at, sizeof head);
    at += sizeof head;
    if (head.kind == kWrite) {
      for (std::uint64_t done = 0; done < head.size;) {
        const std::uint64_t offset = head.offset + done;
        const std::uint64_t size =
            std::min(kPiece - offset % kPiece, head.size - done);
        writes_.push_back({offset, log.substr(at + done, size)});
        done += size;
      }
    } else if (head.kind == kSync) {
      syncs_.push_back(writes_.size());
    } else {
      begun_ = marks++ == 0 ? writes_.size() : begun_;
      reported_ = writes_.size();
      vouched_ = syncs_.empty() ? 0 : syncs_.back();
    }
    at += head.size;
  }
}

std::size_t WriteReplay::Durable(std::size_t count) const {
  // lower_bound, not upper_bound: a sync directly after the last of these
  // writes may not have been issued yet.
  const auto after = std::lower_bound(syncs_.begin(), syncs_.end(), count);
  return after == syncs_.begin() ? 0 : *std::prev(after);
}

void WriteReplay::ForgetSyncBeforeReport() {
  const auto last = std::upper_bound(syncs_.begin(), syncs_.end(), reported_);
  vouched_ = 0;
  if (last == syncs_.begin()) return;
  const std::size_t forgotten = *std::prev(last);
  std::erase_if(syncs_, [&](std::size_t at) { return at >= forgotten; });
  if (!syncs_.empty()) vouched_ = syncs_.back();
}

std::string WriteReplay::Examine(std::size_t count,
                                 const std::vector<bool>* keep) {
  const std::string image = shop_->disk()->kept() + ".replayed";
  Shell("cp --sparse=always " + shop_->disk()->kept() + " " + image);
  const std::size_t durable = keep == nullptr ? count : Durable(count);
  {
    std::fstream disk(image, std::ios::in | std::ios::out | std::ios::binary);
    for (std::size_t i = 0; i < count; ++i) {
      if (i >= durable && !(*keep)[i - durable]) continue;
      disk.seekp(static_cast<std::streamoff>(writes_[i].offset));
      disk.write(writes_[i].data.data(),
                 static_cast<std::streamsize>(writes_[i].data.size()));
    }
  }
  shop_->disk()->Insert(image);
  boost::filesystem::remove(image);
  // The command reports only after its last sync has completed. On a disk that
  // lacks a write of that sync, the command cannot have reported yet.
  const bool told = count >= reported_ && durable >= vouched_;
  return shop_->BootAndExamine(told ? std::optional<int>(exit_) : std::nullopt);
}

}  // namespace release
