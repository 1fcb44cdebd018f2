#include "store/said.h"

#include "store/layout.h"

namespace release {

std::vector<std::string> IfFirstTime(Fs* fs, const std::string& name,
                                     std::vector<std::string> warnings) {
  if (warnings.empty()) return warnings;
  const std::string path = SaidPath(name);
  try {
    if (fs->Stat(Fs::kRoot, path)) return {};
    const ScopedHandle file(
        fs, fs->Open(Fs::kRoot, path, OpenMode::kCreateNew, 0640));
  } catch (const FsError&) {
    // A warning too many does no harm.
  }
  return warnings;
}

}  // namespace release
