#include "watch/watch.h"

#include <fmt/format.h>

#include <algorithm>

#include "deploy/attempt.h"
#include "deploy/locked_root.h"
#include "deploy/watched_release.h"
#include "service/waiter.h"
#include "store/layout.h"
#include "store/lock.h"

namespace release {
namespace {

constexpr Nanoseconds kPoll = std::chrono::seconds(1);

class WatchRun {
 public:
  WatchRun(DeployContext* context,
           const std::function<void(const WatchNote&, const Look&)>& report)
      : context_(context),
        config_(context->config->watch),
        report_(report),
        waiter_(context->system.clock),
        due_(waiter_.Now() + config_.every) {}

  WatchEnd Run() {
    while (auto note = AwaitLook()) {
      CatchUp(&*note);
      const Look look = TakeLook(*context_, state_, *note);
      if (const auto end = Consider(&*note, look)) return *end;
      const Nanoseconds now = waiter_.Now();
      due_ = std::max(due_ + config_.every, now);
    }
    return {.note = FindWatch(context_->fs, state_),
            .exit = in_doubt_ ? Exit::kNeedsPerson : Exit::kDone};
  }

 private:
  // Waits until the next look is due and no transaction is under way. Returns
  // nullopt if no watch is to go on.
  std::optional<WatchNote> AwaitLook() {
    for (;;) {
      state_ = ReadDeploymentState(context_->fs);
      if (state_.open && !FindLockHolder(context_->fs) && !Settle()) {
        return std::nullopt;
      }
      if (!state_.open) {
        const auto note = FindWatch(context_->fs, state_);
        if (!note || note->state != WatchState::kWatching) return std::nullopt;
        if (waiter_.Now() >= due_) return Newest(*note);
      }
      AwaitChange();
    }
  }

  // Writes the note. On a full disk the watch goes on from memory.
  void Keep(const WatchNote& note) {
    kept_ = note;
    Attempt([&] { WriteWatchNote(context_->fs, note); });
  }
  WatchNote Newest(const WatchNote& on_disk) const {
    const bool same = kept_ && kept_->transaction == on_disk.transaction;
    return same ? *kept_ : on_disk;
  }

  // Settles a transaction that died: it may have left the service with another
  // release. Returns false if that needs a person.
  bool Settle() {
    const LockedRoot root(context_);
    in_doubt_ = !root.recovered();
    state_ = root.state();
    return !in_doubt_;
  }

  // Waits until a look is due, or anything on disk may have changed.
  void AwaitChange() {
    const std::int64_t seen = Changed();
    do {
      const Nanoseconds left = due_ - waiter_.Now();
      waiter_.Pause(left > Nanoseconds::zero() ? std::min(left, kPoll) : kPoll);
    } while (waiter_.Now() < due_ && Changed() == seen);
  }

  // Changes whenever a transaction begins or a file of .release/ is written.
  std::int64_t Changed() const {
    std::int64_t sum = 0;
    for (const char* path : {kTransactions, kOwn}) {
      const auto info = context_->fs->Stat(Fs::kRoot, path);
      if (info) sum += info->changed;
    }
    return sum;
  }

  // Takes the baseline anew if the service was started since by the machine or
  // by a transaction that left the watched release live.
  void CatchUp(WatchNote* note) {
    Clock* clock = context_->system.clock;
    const bool newer = state_.newest > note->seen;
    if (note->boot == clock->BootId() && !note->baseline.invocation.empty() &&
        !(newer && ReadSinceCommit(context_->fs, *note).service_changed)) {
      note->seen = state_.newest;
      return;
    }
    note->seen = state_.newest;
    note->boot = clock->BootId();
    note->since = clock->SinceBoot();
    note->baseline =
        TakeBaseline(*context_, note->version, note->baseline.errors);
  }

  bool MachineGoesDown() {
    return Unit(context_->config->service.unit,
                context_->config->service.timeout, context_->system.runner,
                &waiter_)
        .MachineGoesDown();
  }

  // Counts the look. Returns how the watch ended, or nullopt if it goes on.
  std::optional<WatchEnd> Consider(WatchNote* note, const Look& look) {
    if (look.news == UnitNews::kTakenInHand) {
      // A shutdown stops every service; the watch goes on after the boot.
      if (MachineGoesDown()) return std::nullopt;
      return FinishWatch(context_, note, WatchState::kEnded,
                         look.Text(SignalValue::kUnknown));
    }
    const bool bad = look.value() == SignalValue::kBad;
    ++note->done;
    note->bad = bad ? note->bad + 1 : 0;
    note->text = bad ? look.Text(SignalValue::kBad) : "";
    Keep(*note);
    report_(*note, look);
    if (note->bad >= config_.bad) {
      return ActOnBadRelease(context_, note, state_.newest);
    }
    if (note->done < note->looks) return std::nullopt;
    return FinishWatch(context_, note, WatchState::kPassed,
                       fmt::format("{} looks", note->done));
  }

  DeployContext* context_;
  const WatchConfig& config_;
  const std::function<void(const WatchNote&, const Look&)>& report_;
  Waiter waiter_;
  Nanoseconds due_;  // when the next look is
  DeploymentState state_;
  std::optional<WatchNote> kept_;  // as of the newest look
  bool in_doubt_ = false;
};

}  // namespace

WatchEnd RunWatch(
    DeployContext* context,
    const std::function<void(const WatchNote&, const Look&)>& report) {
  const auto lock = WatchLock::Take(context->fs);
  if (!lock) {
    throw Error(ErrorCode::kBusy,
                "cannot run the watch: another process runs it", kWatchLock);
  }
  // A dead transaction is settled whoever holds the lock first.
  context->wait = Nanoseconds::max();
  return WatchRun(context, report).Run();
}

}  // namespace release
