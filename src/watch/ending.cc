#include "watch/ending.h"

#include <fmt/format.h>

#include "deploy/attempt.h"
#include "deploy/locked_root.h"
#include "deploy/watched_release.h"

namespace release {
namespace {

// The reason of a rollback is written into a record of limited space.
constexpr std::size_t kLongestReason = 1024;

// Returns why the release must not be rolled back; empty: it must be.
std::string WhyNotBack(const DeployContext& context,
                       const DeploymentState& state, const SinceCommit& since) {
  const auto target = state.ledger.RollbackTarget(state.live);
  if (!target) return "there is no release to go back to";
  if (context.config->watch.act == WatchAct::kNotify) {
    return fmt::format("`release rollback` goes back to {}", target->name());
  }
  if (!state.ledger.IrreversibleSince(*target, state.live).empty()) {
    return "not rolled back, since it was deployed as irreversible";
  }
  return since.rollback_tried ? "not rolled back, since that was tried once"
                              : "";
}

WatchEnd RollBack(DeployContext* context, LockedRoot* root, WatchNote* note) {
  const std::string reason =
      fmt::format("the watch found it bad: {}", note->text);
  Outcome outcome = root->Run({.kind = TransactionKind::kRollback,
                               .reason = reason.substr(0, kLongestReason)});
  WatchEnd end{.exit = Exit::kFoundWrong};
  if (outcome.exit != Exit::kDone) {
    end = FinishWatch(context, note, WatchState::kBad,
                      note->text +
                          "; the rollback failed, see `release "
                          "history`");
  }
  if (outcome.exit == Exit::kNeedsPerson) end.exit = Exit::kNeedsPerson;
  end.rollback = std::move(outcome);
  return end;
}

// Records the finding as a transaction that changes nothing, with its notice.
WatchEnd Report(DeployContext* context, LockedRoot* root, WatchNote* note,
                const std::string& what_next) {
  const std::string message =
      fmt::format("cannot call {} good: {} looks in a row were bad: {}; {}",
                  note->version.name(), note->bad, note->text, what_next);
  root->Run({.kind = TransactionKind::kWatch,
             .version = note->version,
             .refusal = Failure{.code = ErrorCode::kWatchFoundBad,
                                .message = message}});
  return FinishWatch(context, note, WatchState::kBad, note->text);
}

}  // namespace

SinceCommit ReadSinceCommit(Fs* fs, const WatchNote& note) {
  SinceCommit since;
  for (const std::uint64_t number : ListRecords(fs)) {
    if (number <= note.transaction) continue;
    const TransactionRecord record = ReadRecord(fs, number);
    if (!record.begin) continue;
    const CommandId command = record.begin->command;
    const bool took_up = record.starting || record.switching;
    since.service_changed |= took_up && number > note.seen;
    since.rollback_tried |= command == CommandId::kRollback && took_up;
    since.reported |= command == CommandId::kWatch;
  }
  return since;
}

WatchEnd FinishWatch(DeployContext* context, WatchNote* note, WatchState state,
                     const std::string& text) {
  note->state = state;
  note->text = text;
  Attempt([&] { WriteWatchNote(context->fs, *note); });
  Attempt([&] {
    Journal::Reopen(context->fs, note->transaction)
        .Note(fmt::format("watch: {}: {}", WatchStateName(state), text));
  });
  return {.note = *note,
          .exit = state == WatchState::kBad ? Exit::kFoundWrong : Exit::kDone};
}

std::optional<WatchEnd> ActOnBadRelease(DeployContext* context, WatchNote* note,
                                        std::uint64_t newest) {
  Clock* clock = context->system.clock;
  const Nanoseconds looked = clock->SinceBoot();
  context->wait = Nanoseconds::max();
  LockedRoot root(context);
  const DeploymentState& state = root.state();
  const auto watch = FindWatch(context->fs, state);
  const bool goes_on = watch && watch->state == WatchState::kWatching;
  const bool waited =
      clock->SinceBoot() > looked + context->config->watch.every;
  if (!root.recovered() || !goes_on || state.newest != newest || waited) {
    return std::nullopt;
  }
  const SinceCommit since = ReadSinceCommit(context->fs, *note);
  if (since.reported) {
    return FinishWatch(context, note, WatchState::kBad, note->text);
  }
  const std::string why_not = WhyNotBack(*context, state, since);
  return why_not.empty() ? RollBack(context, &root, note)
                         : Report(context, &root, note, why_not);
}

}  // namespace release
