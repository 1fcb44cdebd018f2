#include "os/linkage.h"

#include <nss.h>
#include <sys/auxv.h>

namespace release {

// AT_BASE is the address of the dynamic linker; a static program has none.
bool CanLoadLibraries() { return getauxval(AT_BASE) != 0; }

void AskNoNameServiceLibrary() {
  __nss_configure_lookup("passwd", "files");
  __nss_configure_lookup("group", "files");
  __nss_configure_lookup("hosts", "files dns");
}

}  // namespace release
