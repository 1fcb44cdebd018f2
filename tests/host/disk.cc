#include "host/disk.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <boost/filesystem.hpp>
#include <cstdint>
#include <map>
#include <stdexcept>

#include "host/command.h"
#include "host/site.h"

namespace release {
namespace {

// XFS_IOC_GOINGDOWN, the ioctl behind `xfs_io -x -c shutdown`, which would take
// a process start. ext4 has adopted its number and flags.
constexpr unsigned long kGoingDown = _IOR('X', 125, std::uint32_t);
constexpr std::uint32_t kFlushLog = 1;
constexpr std::uint32_t kNoLogFlush = 2;

struct Form {
  std::string size;
  std::string make;
  std::string options;
};

// The smallest size that each mkfs accepts. A long commit interval keeps the
// kernel from writing back changes that no sync has covered.
const Form& FormOf(const std::string& name) {
  static const std::map<std::string, Form> forms = {
      {"ext4",
       {"24M", "mkfs.ext4 -q -b 4096 -N 1024 -J size=4 -E nodiscard",
        "commit=300"}},
      {"xfs", {"300M", "mkfs.xfs -q -K", "nodiscard"}},
      {"btrfs", {"110M", "mkfs.btrfs -q -M -K", "commit=300,nodiscard"}},
  };
  return forms.at(name);
}

void Must(const std::string& line) {
  const Finished finished = RunShell(line);
  if (finished.exit == 0) return;
  throw std::runtime_error("failed: " + line + ": " + finished.Describe());
}

}  // namespace

Disk::Disk(const std::string& form, const std::string& directory)
    : form_(form), directory_(directory), own_("/dev/shm/release-disk-XXXXXX") {
  ApartFromOtherMounts();
  if (mkdtemp(own_.data()) == nullptr) {
    throw std::runtime_error("cannot make a directory in /dev/shm");
  }
  image_ = own_ + "/image";
  kept_ = own_ + "/kept";
  boost::filesystem::create_directories(directory_);
  // mkfs.xfs writes its whole log; digging holes makes the copies cheap.
  Must("truncate -s " + FormOf(form).size + " " + image_ + " && " +
       FormOf(form).make + " " + image_ + " && fallocate -d " + image_);
  Mount();
}

Disk::~Disk() {
  if (mounted_) umount2(directory_.c_str(), MNT_DETACH);
  boost::system::error_code ignored;
  boost::filesystem::remove_all(own_, ignored);
}

void Disk::Mount() { MountFrom(image_); }

void Disk::MountFrom(const std::string& file) {
  // A copy has the UUID of its original. btrfs would take it for a second
  // device of the same file system, so it must forget the original.
  const std::string forget =
      form_ == "btrfs" ? "btrfs device scan --forget && " : "";
  Must(forget + "mount -t " + form_ + " -o loop," + FormOf(form_).options +
       " " + file + " " + directory_);
  mounted_ = true;
}

void Disk::Unmount() {
  if (!mounted_) return;
  // A killed program can keep the mount busy for another moment.
  const bool gone = Eventually([&] { return umount(directory_.c_str()) == 0; },
                               std::chrono::seconds(60));
  if (!gone) throw std::runtime_error("cannot unmount " + directory_);
  mounted_ = false;
}

void Disk::Keep() {
  Unmount();
  boost::filesystem::rename(image_, kept_);
}

void Disk::Restore() { Insert(kept_); }

void Disk::Insert(const std::string& image) {
  Unmount();
  TakeCopy(image);
  Mount();
}

void Disk::TakeCopy(const std::string& image) {
  boost::filesystem::remove(image_);
  // A new name for each copy, because the loop device of the last one may still
  // exist.
  image_ = own_ + "/image." + std::to_string(++copies_);
  Must("cp --sparse=always " + image + " " + image_);
}

void Disk::CutPower(Cut cut) {
  if (form_ == "btrfs") {
    // btrfs has no shutdown ioctl. A copy of the image now is what a power cut
    // would leave.
    after_cut_ = own_ + "/after-cut";
    Must("cp --sparse=always " + image_ + " " + after_cut_);
    return;
  }
  std::uint32_t flags = cut == Cut::kNames ? kFlushLog : kNoLogFlush;
  const int fd = open(directory_.c_str(), O_RDONLY | O_CLOEXEC);
  const int result = ioctl(fd, kGoingDown, &flags);
  close(fd);
  if (result != 0) throw std::runtime_error("cannot shut " + form_ + " down");
}

void Disk::Remount() {
  Unmount();
  if (form_ == "btrfs") TakeCopy(after_cut_);
  Mount();
}

}  // namespace release
