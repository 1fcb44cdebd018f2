// Manages the process's umask.
//
// Unpacked files must get exactly the mode that was chosen for them, so the
// mask is cleared. Hooks and reload commands must not inherit a cleared mask:
// the files they create would be writable by everybody.
#ifndef RELEASE_OS_CREATION_MASK_H_
#define RELEASE_OS_CREATION_MASK_H_

namespace release {

// Clears the mask. The first call saves the caller's mask.
void ClearCreationMask();

// Restores the caller's mask for the lifetime of the object. The mask belongs
// to the whole process, so no other thread may create files meanwhile.
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
