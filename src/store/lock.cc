#include "store/lock.h"

#include <fmt/format.h>

#include <cerrno>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/text.h"
#include "base/units.h"
#include "os/cancellation.h"
#include "store/durable.h"
#include "store/layout.h"

namespace release {
namespace {

using nlohmann::json;

// FindLockHolder tests the lock by taking it for an instant. Waiting this long
// keeps such a test by `status` from making a command fail as busy.
constexpr Nanoseconds kLookersMayTake = std::chrono::milliseconds(200);
constexpr Nanoseconds kPoll = std::chrono::milliseconds(20);

std::string DisplayText(const Identity& caller, std::int64_t since) {
  const json object = {
      {"pid", caller.pid},         {"user", caller.user},
      {"host", caller.host},       {"client", caller.ssh_client},
      {"command", caller.command}, {"since", since}};
  return object.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

// Leaves a field empty if the text does not have it.
LockHolder ParseDisplayText(const std::string& text) {
  const json object = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) return {};
  const auto word = [&](const char* key) {
    const auto it = object.find(key);
    return it != object.end() && it->is_string() ? it->get<std::string>() : "";
  };
  const auto number = [&](const char* key) -> std::int64_t {
    const auto it = object.find(key);
    return it != object.end() && it->is_number_integer()
               ? it->get<std::int64_t>()
               : 0;
  };
  return {.caller = {.user = word("user"),
                     .host = word("host"),
                     .ssh_client = word("client"),
                     .pid = static_cast<int>(number("pid")),
                     .command = word("command")},
          .since = number("since")};
}

// Reads the newest record for the step that the holder is in. The holder writes
// that record at the same time, but a line torn by that counts as absent.
[[noreturn]] void ThrowBusy(Fs* fs) {
  const LockHolder holder = ParseDisplayText(ReadFile(fs, kLock));
  std::string step;
  if (const auto numbers = ListRecords(fs); !numbers.empty()) {
    const TransactionRecord record = ReadRecord(fs, numbers.back());
    if (record.open() && !record.current_step.empty()) {
      step = fmt::format(", in step {} of transaction {}", record.StepText(),
                         record.number);
    }
  }
  throw Error(ErrorCode::kBusy,
              fmt::format("cannot take the lock: {} (pid {}) holds it since "
                          "{}{}, running: {}",
                          Printable(CallerName(holder.caller)),
                          holder.caller.pid, FormatTime(holder.since), step,
                          Printable(holder.caller.command)),
              kLock);
}

// Throws Error kNotInitialized if .release/ does not exist.
Fs::Handle OpenLock(Fs* fs) {
  try {
    return fs->Open(Fs::kRoot, kLock, OpenMode::kLockFile, 0640);
  } catch (const FsError& error) {
    if (error.error_number() != ENOENT) throw;
    throw Error(ErrorCode::kNotInitialized,
                fmt::format("cannot find {} in the root: `release init` makes "
                            "the layout",
                            kOwn),
                kOwn);
  }
}

bool Attempt(const std::function<void()>& body) {
  try {
    body();
    return true;
  } catch (const FsError&) {
    return false;
  }
}

// Ignores errors: the text is for people only, and a full disk must not stop a
// rollback because of it.
void TryWriteDisplayText(Fs* fs, Fs::Handle file, const std::string& text) {
  const bool written = Attempt([&] {
    // Overwrite the old text instead of emptying the file first: that needs no
    // new block on a full disk.
    fs->Write(file, text);
    fs->Truncate(file, text.size());
  });
  // If that failed, empty the file: no name is better than the wrong one.
  if (!written) Attempt([&] { fs->Truncate(file, 0); });
}

std::vector<std::string> ListAbortRequests(Fs* fs) {
  std::vector<std::string> paths;
  for (const DirEntry& entry : fs->List(Fs::kRoot, kOwn)) {
    if (IsAbortName(entry.name)) {
      paths.push_back(fmt::format("{}/{}", kOwn, entry.name));
    }
  }
  return paths;
}

}  // namespace

Lock::Lock(Fs* fs, Clock* clock, const Identity& caller, Nanoseconds wait)
    : file_(fs, OpenLock(fs)) {
  const Nanoseconds give_up =
      AddSaturated(clock->SinceBoot(), std::max(wait, kLookersMayTake));
  // `abort` finds this command by the lock. A request that was there before the
  // lock was taken is therefore not meant for it, and every later one is.
  std::vector<std::string> old = ListAbortRequests(fs);
  while (!fs->TryLock(file_.get())) {
    if (clock->SinceBoot() >= give_up) ThrowBusy(fs);
    clock->Sleep(kPoll);
    ThrowIfCancelled();
    old = ListAbortRequests(fs);
  }
  for (const std::string& path : old) {
    if (fs->Stat(Fs::kRoot, path)) fs->RemoveFile(Fs::kRoot, path);
  }
  TryWriteDisplayText(fs, file_.get(),
                      DisplayText(caller, clock->WallSeconds()));
}

std::optional<LockHolder> FindLockHolder(Fs* fs) {
  // Open the file for reading only: `status` must work on a read-only disk.
  if (!fs->Stat(Fs::kRoot, kLock)) return std::nullopt;
  const ScopedHandle file(fs, fs->Open(Fs::kRoot, kLock, OpenMode::kRead));
  if (fs->TryLock(file.get())) return std::nullopt;
  return ParseDisplayText(ReadFile(fs, kLock));
}

}  // namespace release
