#include "deploy/preempt.h"

#include <fmt/format.h>

#include <cerrno>
#include <initializer_list>

#include "base/units.h"
#include "os/path_rules.h"
#include "store/layout.h"
#include "store/lock.h"

namespace release {
namespace {

constexpr Nanoseconds kMargin = std::chrono::seconds(30);

// Returns nullopt if the undo does not go back to an earlier release.
std::optional<Version> ReturnsTo(const TransactionRecord& record) {
  const BeginRecord& begin = *record.begin;
  if (!record.switching || !begin.from_target || begin.KeepsLive()) {
    return std::nullopt;
  }
  return VersionOfTarget(*begin.from_target);
}

// Written under another name first, so that the transaction does not find the
// file before its text.
void WriteRequest(Fs* fs, const std::string& path, const std::string& text) {
  const std::string temporary =
      fmt::format("{}/{}{}", kOwn, kTempFilePrefix, LeafOf(path));
  fs->RemoveFile(Fs::kRoot, temporary);
  {
    const ScopedHandle file(
        fs, fs->Open(Fs::kRoot, temporary, OpenMode::kCreateNew, 0640));
    try {
      if (!text.empty()) fs->Write(file.get(), text);
    } catch (const FsError& error) {
      // On a full disk the request must do without its text.
      if (error.error_number() != ENOSPC) throw;
    }
  }
  fs->Rename(Fs::kRoot, temporary, Fs::kRoot, path, RenameMode::kReplace);
}

// A transaction that still receives its archive has no record, so nobody knows
// yet to which rollout it belongs.
bool BelongsTo(const DeploymentState& state, const std::string& rollout) {
  return state.open && state.open->begin->rollout == rollout;
}

}  // namespace

bool IsInterruptible(const TransactionRecord& record) {
  if (record.begin->command == CommandId::kRollback) return false;
  // The step "unpack" may wait for the rest of an upload.
  const std::string& step = record.current_step;
  return step == "unpack" || step == "health" || step == "trial" ||
         step == "confirm";
}

void LeaveRequest(Fs* fs, const std::string& path, const std::string& text) {
  constexpr int kTries = 10;
  for (int left = kTries; !fs->Stat(Fs::kRoot, path); --left) {
    try {
      WriteRequest(fs, path, text);
      return;
    } catch (const FsError& error) {
      // Another caller has the same temporary name, or the lock's holder has
      // collected it as garbage.
      const bool taken =
          error.error_number() == ENOENT || error.error_number() == EEXIST;
      if (!taken || left == 0) throw;
    }
  }
}

std::uint64_t NumberOfRunning(const DeploymentState& state) {
  return state.open ? state.open->number : state.newest + 1;
}

void RequestAbort(Fs* fs, std::uint64_t number, const std::string& by) {
  LeaveRequest(fs, AbortPath(number), by);
}

std::optional<Preempted> Preempt(DeployContext* context,
                                 const std::string& rollout) {
  Fs* fs = context->fs;
  const auto holder = FindLockHolder(fs);
  if (!holder) return std::nullopt;
  const DeploymentState state = ReadDeploymentState(fs);
  if (state.open && !IsInterruptible(*state.open)) return std::nullopt;
  if (!rollout.empty() && !BelongsTo(state, rollout)) return std::nullopt;
  Preempted preempted{.number = NumberOfRunning(state),
                      .command = CommandId::kNone,
                      .caller = holder->caller,
                      .returns_to = std::nullopt};
  if (state.open) {
    preempted.command = state.open->begin->command;
    preempted.caller = state.open->begin->caller;
    preempted.returns_to = ReturnsTo(*state.open);
  }
  RequestAbort(fs, preempted.number,
               fmt::format("a rollback of {}", CallerName(context->caller)));
  return preempted;
}

Nanoseconds LongestUndo(const Config& config) {
  Nanoseconds sum = kMargin;
  // A reload, and the wait for old processes to end.
  for (const Nanoseconds part :
       {config.service.timeout, config.service.timeout, config.health.deadline,
        config.health.min_healthy_time, config.hooks.timeout}) {
    sum = AddSaturated(sum, part);
  }
  for (std::size_t i = 0; i < config.instances.restart.size(); ++i) {
    sum = AddSaturated(sum, config.service.timeout);
  }
  return sum;
}

}  // namespace release
