#include "store/warm.h"

#include <fmt/format.h>

#include <cstdint>
#include <sstream>
#include <utility>

#include "os/path_rules.h"
#include "store/durable.h"
#include "store/layout.h"

namespace release {

std::optional<WarmInstance> ReadWarm(Fs* fs, Clock* clock) {
  if (!fs->Stat(Fs::kRoot, kWarm)) return std::nullopt;
  std::istringstream text(ReadFile(fs, kWarm));
  std::string name;
  std::string boot;
  std::int64_t until = 0;
  if (!(text >> name >> boot >> until)) return std::nullopt;
  auto version = Version::Parse(name);
  if (!version || boot != clock->BootId() ||
      clock->SinceBoot() >= Nanoseconds(until)) {
    return std::nullopt;
  }
  return WarmInstance{std::move(*version), boot, Nanoseconds(until)};
}

void WriteWarm(Fs* fs, const WarmInstance& warm) {
  WriteFileAtomically(fs, kOwn, LeafOf(kWarm),
                      fmt::format("{} {} {}\n", warm.version.name(), warm.boot,
                                  warm.until.count()),
                      0640);
}

void ForgetWarm(Fs* fs) { fs->RemoveFile(Fs::kRoot, kWarm); }

}  // namespace release
