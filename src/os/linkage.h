// How this program was linked, and what a static one must do by itself.
#ifndef RELEASE_OS_LINKAGE_H_
#define RELEASE_OS_LINKAGE_H_

namespace release {

// Whether the host's shared libraries can be loaded: not into a static program,
// whose C library is another than the one they were made for.
bool CanLoadLibraries();

// From now on users and groups are those of /etc/passwd and /etc/group, and
// hosts those of /etc/hosts and the name servers of /etc/resolv.conf, whatever
// /etc/nsswitch.conf says: what else it names are shared libraries.
void AskNoNameServiceLibrary();

}  // namespace release

#endif  // RELEASE_OS_LINKAGE_H_
