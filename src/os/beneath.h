// Opens directories beneath another one, through no symbolic link.
#ifndef RELEASE_OS_BENEATH_H_
#define RELEASE_OS_BENEATH_H_

#include <cerrno>
#include <string>
#include <string_view>

namespace release {

// Takes a system call up again where a signal interrupted it.
template <typename Call>
auto Uninterrupted(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

// Both open the directory `path`, which os/path_rules.h has passed, as a way
// point for the calls that take one; -1 and errno where that fails, ELOOP where
// a link is on the way. One by openat2, one component after the other.
int OpenBeneath(int directory, const std::string& path);
int WalkBeneath(int directory, std::string_view path);

// As openat, for reading; and where this user may have it so, without a trace
// in the file's access time: of 40,000 files that would be as many inodes to
// write.
int OpenUnnoticed(int directory, const char* name, int flags);

// Whether the kernel, and the sandbox that we may be in, have openat2.
bool HasOpenat2(int directory);

}  // namespace release

#endif  // RELEASE_OS_BENEATH_H_
