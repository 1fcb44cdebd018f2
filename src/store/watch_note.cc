#include "store/watch_note.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "base/name_table.h"
#include "os/path_rules.h"
#include "store/durable.h"
#include "store/layout.h"

namespace release {
namespace {

using nlohmann::json;

struct StateRow {
  WatchState value;
  std::string_view name;
};

constexpr StateRow kStateNames[] = {
    {WatchState::kWatching, "watching"},
    {WatchState::kPassed, "passed"},
    {WatchState::kBad, "bad"},
    {WatchState::kEnded, "ended"},
};
static_assert(FollowsEnum(kStateNames, WatchState::kEnded));

void Write(Fs* fs, const char* path, const json& object) {
  WriteFileAtomically(
      fs, kOwn, LeafOf(path),
      object.dump(-1, ' ', false, json::error_handler_t::replace) + "\n", 0640);
}

// Returns a discarded value if there is no such file or it is no JSON.
json Read(Fs* fs, const char* path) {
  if (!fs->Stat(Fs::kRoot, path)) return json(json::value_t::discarded);
  return json::parse(ReadFile(fs, path), nullptr, /*allow_exceptions=*/false);
}

// Throws json::exception if a key is missing or has the wrong type.
std::optional<WatchNote> NoteOf(const json& object) {
  auto version = Version::Parse(object.at("version").get<std::string>());
  const auto state =
      FindByName(kStateNames, object.at("state").get<std::string>());
  if (!version || !state) return std::nullopt;
  const json& service = object.at("baseline");
  return WatchNote{.version = std::move(*version),
                   .transaction = object.at("transaction"),
                   .looks = object.at("looks"),
                   .done = object.at("done"),
                   .bad = object.at("bad"),
                   .state = *state,
                   .text = object.at("text"),
                   .seen = object.at("seen"),
                   .boot = object.at("boot"),
                   .since = Nanoseconds(object.at("since").get<std::int64_t>()),
                   .baseline = {.invocation = service.at("invocation"),
                                .restarts = service.at("restarts"),
                                .oom_kills = service.at("oom_kills"),
                                .errors = service.at("errors")}};
}

}  // namespace

std::string_view WatchStateName(WatchState state) {
  return RowAt(kStateNames, state).name;
}

std::optional<WatchNote> ReadWatchNote(Fs* fs) {
  const json object = Read(fs, kWatchNote);
  try {
    return object.is_object() ? NoteOf(object) : std::nullopt;
  } catch (const json::exception&) {
    // A later version wrote it, or it is damaged: there is no watch then.
    return std::nullopt;
  }
}

void WriteWatchNote(Fs* fs, const WatchNote& note) {
  Write(fs, kWatchNote,
        {{"version", note.version.name()},
         {"transaction", note.transaction},
         {"looks", note.looks},
         {"done", note.done},
         {"bad", note.bad},
         {"state", WatchStateName(note.state)},
         {"text", note.text},
         {"seen", note.seen},
         {"boot", note.boot},
         {"since", note.since.count()},
         {"baseline",
          {{"invocation", note.baseline.invocation},
           {"restarts", note.baseline.restarts},
           {"oom_kills", note.baseline.oom_kills},
           {"errors", note.baseline.errors}}}});
}

void ForgetWatch(Fs* fs) {
  fs->RemoveFile(Fs::kRoot, kWatchNote);
  fs->RemoveFile(Fs::kRoot, kWatchStop);
}

std::optional<WatchStop> ReadWatchStop(Fs* fs) {
  const json object = Read(fs, kWatchStop);
  try {
    if (!object.is_object()) return std::nullopt;
    return WatchStop{.transaction = object.at("transaction"),
                     .by = object.at("by")};
  } catch (const json::exception&) {
    // It is not a request of ours.
    return std::nullopt;
  }
}

void WriteWatchStop(Fs* fs, const WatchStop& stop) {
  Write(fs, kWatchStop, {{"transaction", stop.transaction}, {"by", stop.by}});
}

std::optional<WatchLock> WatchLock::Take(Fs* fs) {
  ScopedHandle file(fs,
                    fs->Open(Fs::kRoot, kWatchLock, OpenMode::kLockFile, 0640));
  if (!fs->TryLock(file.get())) return std::nullopt;
  return WatchLock(std::move(file));
}

bool WatchLock::IsHeld(Fs* fs) {
  // Open the file for reading only: `status` must work on a read-only disk.
  if (!fs->Stat(Fs::kRoot, kWatchLock)) return false;
  const ScopedHandle file(fs, fs->Open(Fs::kRoot, kWatchLock, OpenMode::kRead));
  return !fs->TryLock(file.get());
}

}  // namespace release
