// Progress on standard error: a line for each step, and on a terminal one that
// is drawn again while a long step runs.
#ifndef RELEASE_CLI_PROGRESS_DISPLAY_H_
#define RELEASE_CLI_PROGRESS_DISPLAY_H_

#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "base/byte_count.h"
#include "cli/options.h"
#include "cli/screen.h"
#include "deploy/deploy_context.h"
#include "os/ticker.h"

namespace release {

// The progress of a step that runs.
struct StepProgress {
  std::string name;
  Nanoseconds elapsed{0};
  Nanoseconds limit{0};     // how long it may take; zero: no limit
  std::uint64_t bytes = 0;  // handled so far; 0: it handles none
  std::uint64_t total = 0;  // 0: not known
};

// Returns the line for a step, cut to the screen: "  unpack         45.2 MiB of
// 300.0 MiB, 15 %, 33.0 MiB/s, 8 s left".
std::string ProgressText(const StepProgress& progress, const Screen& screen);

// Prints events as the options say: as words, or with --progress=json as one
// JSON object per line. With --quiet alone it prints nothing.
//
// While a step runs longer than 300 ms, its progress is drawn on a terminal
// five times a second, and written once a second with --progress=json if the
// step handles bytes. A thread does that. It lives only while a step runs, so
// that the process can fork between steps.
class ProgressDisplay {
 public:
  // `bytes` is borrowed. `screen` is that of standard error.
  ProgressDisplay(const GlobalOptions& options, ByteCount* bytes,
                  const Screen& screen);

  void Take(const ProgressEvent& event);

 private:
  enum class Form { kNone, kWords, kJson };
  void Begin(const ProgressEvent& event);
  void End();
  void Tick();
  StepProgress Progress() const;
  void Print(const std::string& line);
  std::string Words(const ProgressEvent& event) const;

  GlobalOptions options_;
  ByteCount* bytes_;
  Form form_;
  Screen screen_;
  std::mutex mutex_;    // guards what is written, and `drawn_`
  bool drawn_ = false;  // the progress of a step stands on the last line
  ProgressEvent step_;  // the step that runs
  std::chrono::steady_clock::time_point start_;
  std::unique_ptr<Ticker> ticker_;
};

// Returns a function that prints events with a ProgressDisplay. `bytes` is
// borrowed.
std::function<void(const ProgressEvent&)> EventPrinter(
    const GlobalOptions& options, ByteCount* bytes);

}  // namespace release

#endif  // RELEASE_CLI_PROGRESS_DISPLAY_H_
