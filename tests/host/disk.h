// A small file system in an image file, whose power can be cut. Needs root.
#ifndef RELEASE_TESTS_HOST_DISK_H_
#define RELEASE_TESTS_HOST_DISK_H_

#include <string>

namespace release {

// The kind is "ext4", "xfs" or "btrfs". Only this process and its children see
// the mount, so that the kernel frees the loop device when the process ends.
// Failing calls throw std::runtime_error.
class Disk {
 public:
  // The data that survives a cut in addition to what is durable.
  enum class Cut {
    kNothing,  // everything that no sync has covered is lost
    kNames,    // ext4, xfs: the journal survives, file data is lost
  };

  // Formats an image and mounts it at `directory`.
  Disk(const std::string& form, const std::string& directory);
  ~Disk();
  Disk(const Disk&) = delete;
  Disk& operator=(const Disk&) = delete;

  const std::string& form() const { return form_; }
  const std::string& image() const { return image_; }

  void Mount();
  // Mounts this file instead of the image.
  void MountFrom(const std::string& file);
  void Unmount();

  // Unmounts, and keeps the image as the one that Restore copies.
  void Keep();
  // Mounts a fresh copy of the kept image.
  void Restore();
  const std::string& kept() const { return kept_; }
  // Unmounts, and mounts a copy of that image.
  void Insert(const std::string& image);

  // Simulates a power cut: nothing written after this call is in the image that
  // Remount mounts. The caller must end all processes that use the mount before
  // it calls Remount.
  void CutPower(Cut cut);
  void Remount();

 private:
  void TakeCopy(const std::string& image);

  std::string form_;
  std::string directory_;
  std::string own_;
  std::string image_;
  std::string kept_;
  std::string after_cut_;  // btrfs: the image at the time of the cut
  unsigned copies_ = 0;
  bool mounted_ = false;
};

}  // namespace release

#endif  // RELEASE_TESTS_HOST_DISK_H_
