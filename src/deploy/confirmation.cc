#include "deploy/confirmation.h"

#include <fmt/format.h>

#include "base/units.h"
#include "os/cancellation.h"
#include "store/layout.h"

namespace release {

void AwaitConfirmation(StepRecorder* recorder, const Version& version,
                       Duration within) {
  constexpr Nanoseconds kPoll = std::chrono::milliseconds(50);
  Clock* clock = recorder->context()->system.clock;
  Fs* fs = recorder->context()->fs;
  const Nanoseconds end = AddSaturated(clock->SinceBoot(), within);
  const std::string time = FormatDuration(within);
  const std::string path = ConfirmPath(recorder->number());
  recorder->Remark(
      fmt::format("waiting {} for `release confirm`; without it {} is undone",
                  time, version.name()));
  while (!fs->Stat(Fs::kRoot, path)) {
    ThrowIfCancelled();
    if (clock->SinceBoot() >= end) {
      throw Error(ErrorCode::kNotConfirmed,
                  fmt::format("cannot keep {}: not confirmed within {}",
                              version.name(), time));
    }
    clock->Sleep(kPoll);
  }
  fs->RemoveFile(Fs::kRoot, path);
}

}  // namespace release
