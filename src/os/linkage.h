// Adapts the program to static linking.
#ifndef RELEASE_OS_LINKAGE_H_
#define RELEASE_OS_LINKAGE_H_

namespace release {

// Returns whether the host's shared libraries can be loaded. A static program
// cannot load them: its C library differs from the one they need.
bool CanLoadLibraries();

// Makes the C library look up users and groups only in /etc/passwd and
// /etc/group, and hosts only in /etc/hosts and DNS, regardless of
// /etc/nsswitch.conf. Its other sources are shared libraries, which a static
// program cannot load.
void AskNoNameServiceLibrary();

}  // namespace release

#endif  // RELEASE_OS_LINKAGE_H_
