// An owning file descriptor.
#ifndef RELEASE_OS_DESCRIPTOR_H_
#define RELEASE_OS_DESCRIPTOR_H_

#include <unistd.h>

namespace release {

// Closes the descriptor on destruction; -1 means none.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() { Close(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int get() const { return fd_; }
  void Close() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }

 private:
  int fd_;
};

}  // namespace release

#endif  // RELEASE_OS_DESCRIPTOR_H_
