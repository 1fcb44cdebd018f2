// The note about the watch over a release in the minutes after its commit.
//
// The note says how far the watch is. It never decides what is live, nor
// whether a release was rolled back: the records do (deploy/watched_release.h).
#ifndef RELEASE_STORE_WATCH_NOTE_H_
#define RELEASE_STORE_WATCH_NOTE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/version.h"
#include "os/clock.h"
#include "os/fs.h"

namespace release {

enum class WatchState {
  kWatching,
  kPassed,  // all looks are done, and the release was not found bad
  kBad,     // it was found bad
  kEnded,   // a person ended it, or took the service in hand
};

// "watching", "passed", "bad", "ended".
std::string_view WatchStateName(WatchState state);

// The service to compare with.
struct WatchBaseline {
  std::string invocation;  // the unit's; empty: no unit, or it has not run yet
  int restarts = 0;        // automatic ones of the unit
  std::uint64_t oom_kills = 0;  // in the unit's control group
  // Lines of errors in the busiest of the ten minutes before the switch.
  unsigned errors = 0;

  bool operator==(const WatchBaseline&) const = default;
};

struct WatchNote {
  Version version;
  std::uint64_t transaction = 0;  // the one whose commit began the watch
  unsigned looks = 0;             // in all
  unsigned done = 0;              // of them
  unsigned bad = 0;               // bad ones in a row, up to the newest
  WatchState state = WatchState::kWatching;
  std::string text;  // what the newest bad look saw, or how the watch ended
  // The newest record that the baseline takes into account.
  std::uint64_t seen = 0;
  std::string boot;      // Clock::BootId of the baseline
  Nanoseconds since{0};  // Clock::SinceBoot when the baseline was taken
  WatchBaseline baseline;

  bool operator==(const WatchNote&) const = default;
};

// Returns nullopt if there is none, or none that this version can read. Throws
// FsError.
std::optional<WatchNote> ReadWatchNote(Fs* fs);

// Replaces the note. The content is durable on return and the name is not: a
// power cut may bring the earlier note back. Throws FsError.
void WriteWatchNote(Fs* fs, const WatchNote& note);

// Removes the note, and a request to stop its watch. Not durable. Throws
// FsError.
void ForgetWatch(Fs* fs);

// A request to stop the watch that the commit of `transaction` began.
struct WatchStop {
  std::uint64_t transaction = 0;
  std::string by;  // who asked

  bool operator==(const WatchStop&) const = default;
};

// Returns nullopt if there is none. Throws FsError.
std::optional<WatchStop> ReadWatchStop(Fs* fs);

// Leaves the request; replaces an earlier one. Durable as WriteWatchNote.
// Throws FsError.
void WriteWatchStop(Fs* fs, const WatchStop& stop);

// Held by the process that runs the watch. The kernel releases it when the
// process ends, however it ends.
class WatchLock {
 public:
  // Returns nullopt if another process holds it. Throws FsError.
  static std::optional<WatchLock> Take(Fs* fs);
  // Whether a process holds it. Throws FsError.
  static bool IsHeld(Fs* fs);

 private:
  explicit WatchLock(ScopedHandle file) : file_(std::move(file)) {}

  ScopedHandle file_;
};

}  // namespace release

#endif  // RELEASE_STORE_WATCH_NOTE_H_
