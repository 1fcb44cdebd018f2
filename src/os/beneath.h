// Opens directories beneath another one without following symbolic links.
#ifndef RELEASE_OS_BENEATH_H_
#define RELEASE_OS_BENEATH_H_

#include <cerrno>
#include <string>
#include <string_view>

namespace release {

// Repeats a system call while it fails with EINTR.
template <typename Call>
auto Uninterrupted(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

// Both open the directory `path` with O_PATH, as the starting point of further
// calls. `path` must satisfy os/path_rules.h. They return -1 and set errno on
// failure; errno is ELOOP if a component is a symbolic link. OpenBeneath uses
// openat2; WalkBeneath opens one component after the other, for kernels without
// openat2. The caller closes the descriptor.
int OpenBeneath(int directory, const std::string& path);
int WalkBeneath(int directory, std::string_view path);

// Same as openat, for reading, but does not update the access time if this user
// may do so. Reading a release of 40,000 files would otherwise dirty 40,000
// inodes.
int OpenUnnoticed(int directory, const char* name, int flags);

// Returns whether openat2 works: the kernel may lack it, or a sandbox block it.
bool HasOpenat2(int directory);

}  // namespace release

#endif  // RELEASE_OS_BENEATH_H_
