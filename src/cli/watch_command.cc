#include "cli/watch_command.h"

#include <fmt/format.h>

#include <vector>

#include "base/text.h"
#include "base/units.h"
#include "cli/change_commands.h"
#include "cli/json.h"
#include "cli/labelled_lines.h"
#include "cli/output.h"
#include "cli/session.h"
#include "deploy/watched_release.h"
#include "service/waiter.h"
#include "store/durable.h"
#include "store/layout.h"
#include "watch/look.h"
#include "watch/watch.h"

namespace release {
namespace {

std::string HeadOf(const WatchNote& note, const Look& look) {
  std::string text =
      fmt::format("{}: {}", note.version.name(), SignalValueName(look.value()));
  if (note.transaction != 0) {
    text += fmt::format(", look {} of {}", note.done, note.looks);
  }
  if (note.bad > 0) text += fmt::format(", {} bad in a row", note.bad);
  return text;
}

void PrintLook(const GlobalOptions& global, const WatchNote& note,
               const Look& look) {
  const bool bad = look.value() == SignalValue::kBad;
  if (global.json) {
    const Exit exit = bad ? Exit::kFoundWrong : Exit::kDone;
    return PrintJson(WatchJson(global.subject, note, look.signals,
                               /*changed=*/false, static_cast<int>(exit)));
  }
  const Screen screen = OutScreen(global, /*now=*/0);
  LabelledLines lines(screen, /*indent=*/2);
  for (const Signal& each : look.signals) {
    lines.Add(each.name, fmt::format("{}: {}", SignalValueName(each.value),
                                     Printable(FirstLine(each.text))));
  }
  PrintText(HeadOf(note, look) + "\n" + lines.Take());
}

// Returns the watch over the live release or, without one, what a first look
// needs. Throws Error kNoSuchRelease if no release is live.
WatchNote NoteForLook(DeployContext* context, const DeploymentState& state) {
  const Version& live = RequireLive(state);
  if (auto note = FindWatch(context->fs, state)) return *note;
  constexpr Nanoseconds kMinute = std::chrono::minutes(1);
  return {.version = live,
          .since = context->system.clock->SinceBoot() - kMinute,
          .baseline = TakeBaseline(*context, live, /*errors=*/0)};
}

// Looks once, and with `follow` again and again until the watch has ended.
int LookAtLive(const GlobalOptions& global, Session* session, bool follow) {
  DeployContext* context = session->context();
  Waiter waiter(context->system.clock);
  for (;;) {
    const DeploymentState state = ReadDeploymentState(session->fs());
    const WatchNote note = NoteForLook(context, state);
    const Look look = TakeLook(*context, state, note);
    PrintLook(global, note, look);
    const bool bad = look.value() == SignalValue::kBad;
    const bool goes_on = follow && note.state == WatchState::kWatching;
    if (!goes_on)
      return static_cast<int>(bad ? Exit::kFoundWrong : Exit::kDone);
    waiter.Pause(session->config().watch.every);
  }
}

WatchNote RequireWatch(Fs* fs) {
  const auto note = FindWatch(fs, ReadDeploymentState(fs));
  if (note && note->state == WatchState::kWatching) return *note;
  throw Error(
      ErrorCode::kNothingRunning,
      note ? fmt::format("cannot find a watch: that over {} has ended "
                         "({})",
                         note->version.name(), WatchStateName(note->state))
           : "cannot find a watch over the live release");
}

int StopWatch(const GlobalOptions& global, Session* session) {
  DeployContext* context = Speaking(session);
  WatchNote note = RequireWatch(session->fs());
  if (global.dry_run) {
    return PrintPlan(
        global, CommandId::kWatch,
        {fmt::format("end the watch over {}", note.version.name())});
  }
  WriteWatchStop(session->fs(), {.transaction = note.transaction,
                                 .by = CallerName(context->caller)});
  SyncDirectory(session->fs(), kOwn);
  note = *FindWatch(session->fs(), ReadDeploymentState(session->fs()));
  if (global.json) PrintJson(WatchJson(global.subject, note, {}, true, 0));
  Say(global, fmt::format("{} is no longer watched", note.version.name()));
  return 0;
}

std::string EndWords(const WatchEnd& end) {
  if (end.rollback && end.rollback->exit == Exit::kDone) {
    return fmt::format("rolled back; {} is live", end.rollback->current);
  }
  if (!end.note) return "nothing is watched";
  return fmt::format("the watch over {} has ended: {}: {}",
                     end.note->version.name(), WatchStateName(end.note->state),
                     Printable(end.note->text));
}

int RunToEnd(const GlobalOptions& global, Session* session) {
  DeployContext* context = Speaking(session);
  if (global.dry_run) {
    const WatchNote note = RequireWatch(session->fs());
    return PrintPlan(
        global, CommandId::kWatch,
        {fmt::format("look at {} {} times, every {}", note.version.name(),
                     note.looks - note.done,
                     FormatDuration(session->config().watch.every))});
  }
  const auto report = [&](const WatchNote& note, const Look& look) {
    // The journal gets the bad looks only: lines for all would hide them.
    if (global.json || global.verbose || note.bad > 0) {
      PrintLook(global, note, look);
    }
  };
  const WatchEnd end = RunWatch(context, report);
  if (end.rollback) PrintOutcome(global, *end.rollback);
  Say(global, EndWords(end));
  EndIdleInstances(context);
  return static_cast<int>(end.exit);
}

}  // namespace

int RunWatchCommand(const GlobalOptions& global, const WatchOptions& options) {
  if (options.follow + options.run + options.stop > 1) {
    throw Error(ErrorCode::kUsage,
                "cannot do more than one of --follow, --run and --stop");
  }
  Session session(global);
  if (options.stop) return StopWatch(global, &session);
  if (options.run) return RunToEnd(global, &session);
  return LookAtLive(global, &session, options.follow);
}

}  // namespace release
