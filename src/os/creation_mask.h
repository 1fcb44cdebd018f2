// The process's umask, which two parties want different things of.
//
// What is unpacked gets exactly the mode that was decided on, so the mask is
// cleared. A hook or a reload command must not inherit that: files it makes
// would be writable by everybody.
#ifndef RELEASE_OS_CREATION_MASK_H_
#define RELEASE_OS_CREATION_MASK_H_

namespace release {

// Clears the mask. The first call remembers the one the caller had.
void ClearCreationMask();

// While one lives the caller's own mask is in force again. Not for use while
// another thread makes files.
class CallersCreationMask {
 public:
  CallersCreationMask();
  ~CallersCreationMask();
  CallersCreationMask(const CallersCreationMask&) = delete;
  CallersCreationMask& operator=(const CallersCreationMask&) = delete;

 private:
  unsigned before_;
};

}  // namespace release

#endif  // RELEASE_OS_CREATION_MASK_H_
