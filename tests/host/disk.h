// A small file system of one kind in an image file, whose power can be cut.
#ifndef RELEASE_TESTS_HOST_DISK_H_
#define RELEASE_TESTS_HOST_DISK_H_

#include <string>

namespace release {

// "ext4", "xfs" or "btrfs"; mounted where only this process and its children
// see it, so that the loop device goes with the process.
class Disk {
 public:
  // What a cut leaves beside what is durable.
  enum class Cut {
    kNothing,  // drops all that no sync has covered
    kNames,    // ext4, xfs: the journal reaches the disk, file data does not
  };

  // Formatted, and mounted at `directory`.
  Disk(const std::string& form, const std::string& directory);
  ~Disk();
  Disk(const Disk&) = delete;
  Disk& operator=(const Disk&) = delete;

  const std::string& form() const { return form_; }
  const std::string& image() const { return image_; }

  void Mount();
  // Mounts another file in the image's place.
  void MountFrom(const std::string& file);
  void Unmount();

  // Unmounts; the image as it is then is what Restore mounts a copy of.
  void Keep();
  void Restore();
  const std::string& kept() const { return kept_; }
  // Unmounts, and mounts a copy of that image.
  void Insert(const std::string& image);

  // From here on nothing reaches the disk. Whoever works on it is to be ended
  // before Remount, which shows what the disk holds.
  void CutPower(Cut cut);
  void Remount();

 private:
  void TakeCopy(const std::string& image);

  std::string form_;
  std::string directory_;
  std::string own_;
  std::string image_;
  std::string kept_;
  std::string after_cut_;  // btrfs: the image at the moment of the cut
  unsigned copies_ = 0;
  bool mounted_ = false;
};

}  // namespace release

#endif  // RELEASE_TESTS_HOST_DISK_H_
