#include "os/linkage.h"

#include <nss.h>
#include <sys/auxv.h>

namespace release {

// The kernel says where it put the dynamic linker; a static program needs none.
bool CanLoadLibraries() { return getauxval(AT_BASE) != 0; }

void AskNoNameServiceLibrary() {
  __nss_configure_lookup("passwd", "files");
  __nss_configure_lookup("group", "files");
  __nss_configure_lookup("hosts", "files dns");
}

}  // namespace release
