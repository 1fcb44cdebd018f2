#include "watch/look.h"

#include <algorithm>

#include "base/instance_names.h"
#include "base/text.h"
#include "deploy/watched_release.h"
#include "os/cancellation.h"
#include "os/safe_command.h"
#include "service/instance.h"
#include "service/waiter.h"

namespace release {
namespace {

class Looking {
 public:
  Looking(const DeployContext& context, const DeploymentState& state,
          const WatchNote& note)
      : context_(context),
        state_(state),
        config_(*context.config),
        runner_(context.system.runner),
        note_(note),
        unit_(UnitOfRelease(config_, note.version)) {}

  Look Take() {
    if (!unit_.empty()) LookAtUnit();
    if (look_.news == UnitNews::kTakenInHand ||
        look_.news == UnitNews::kChanging) {
      return look_;
    }
    if (config_.health.configured() || config_.instances.configured) {
      Add("health", [&] { return LookAtHealth(); });
    }
    if (!unit_.empty()) Add("errors", [&] { return LookAtErrors(); });
    if (!config_.watch.command.empty()) {
      Add("command", [&] { return LookAtCommand(); });
    }
    return look_;
  }

 private:
  // A signal that cannot be looked at is unknown.
  template <typename Body>
  void Add(const char* name, Body&& body) {
    try {
      look_.signals.push_back(body());
    } catch (const Error& error) {
      if (error.code() == ErrorCode::kInterrupted) throw;
      look_.signals.push_back({.name = name, .text = error.what()});
    }
    // A signal of the terminal cuts a look short, which says nothing.
    ThrowIfCancelled();
  }

  void LookAtUnit() {
    UnitState state;
    Add("unit", [&] {
      Waiter waiter(context_.system.clock);
      state = Unit(unit_, config_.service.timeout, runner_, &waiter).Show();
      UnitJudgement judged = JudgeUnit(note_.baseline, state);
      if (judged.news == UnitNews::kForgotten) AskJournal(&judged);
      look_.news = judged.news;
      return judged.signal;
    });
    if (!state.running() || look_.news != UnitNews::kNone) return;
    Add("memory", [&] {
      return JudgeMemory(note_.baseline,
                         runner_->CountOomKills(state.control_group));
    });
  }

  // systemd forgets a unit that has ended if CollectMode= says so.
  void AskJournal(UnitJudgement* judged) {
    const auto asked = StopWasAsked(runner_, unit_, note_.since);
    if (!asked) return;
    judged->news = *asked ? UnitNews::kTakenInHand : UnitNews::kNone;
    if (*asked) {
      judged->signal.text = "somebody has stopped it";
    } else if (!note_.baseline.invocation.empty()) {
      judged->signal.value = SignalValue::kBad;
      judged->signal.text = "it has ended";
    } else {
      judged->news = UnitNews::kForgotten;
    }
  }

  HookContext MakeHookContext() const {
    return {.app = config_.app,
            .version = note_.version.name(),
            .restart_of = state_.RestartOf(note_.version),
            .root = config_.root,
            .transaction = note_.transaction,
            .socket = SocketOf(config_, note_.version.name()),
            .step = "watch"};
  }

  Signal LookAtHealth() {
    Signal signal{.name = "health", .text = ""};
    const bool by_http = !config_.health.url.empty();
    const Reason unusable =
        by_http ? context_.system.http->WhyUnusable() : std::nullopt;
    const Argv& command = config_.health.command;
    if (unusable || (!command.empty() && !runner_->Finds(command.front()))) {
      signal.text = unusable.value_or("its program is missing");
      return signal;
    }
    const Reason problem =
        ProbeLive(config_, context_.system, MakeHookContext());
    signal.value = problem ? SignalValue::kBad : SignalValue::kOk;
    signal.text = problem.value_or("the probe is answered well");
    return signal;
  }

  Signal LookAtErrors() {
    const unsigned limit =
        ErrorLimit(note_.baseline, config_.watch.error_lines);
    // The minute is bad if there is one line more than the limit.
    return JudgeErrors(ReadErrorTimes(runner_, unit_, limit + 1), limit,
                       note_.since, context_.system.clock->SinceBoot(),
                       config_.watch.every);
  }

  Signal LookAtCommand() {
    const HookContext hook_context = MakeHookContext();
    Command command;
    command.argv = config_.watch.command;
    command.env = hook_context.Environment();
    command.directory = "/";
    command.timeout = config_.watch.every;
    RequireSafeForRoot("[watch] command", command, hook_context.Releases());
    return JudgeCommand(runner_->Run(command));
  }

  const DeployContext& context_;
  const DeploymentState& state_;
  const Config& config_;
  Runner* runner_;
  const WatchNote& note_;
  const std::string unit_;
  Look look_;
};

}  // namespace

SignalValue Look::value() const {
  if (news != UnitNews::kNone) return SignalValue::kUnknown;
  const auto any = [&](SignalValue wanted) {
    return std::any_of(signals.begin(), signals.end(), [&](const Signal& each) {
      return each.value == wanted;
    });
  };
  if (any(SignalValue::kBad)) return SignalValue::kBad;
  return any(SignalValue::kOk) ? SignalValue::kOk : SignalValue::kUnknown;
}

std::string Look::Text(SignalValue of) const {
  std::string text;
  for (const Signal& each : signals) {
    if (each.value != of) continue;
    text +=
        (text.empty() ? "" : "; ") + each.name + ": " + FirstLine(each.text);
  }
  return text;
}

Look TakeLook(const DeployContext& context, const DeploymentState& state,
              const WatchNote& note) {
  return Looking(context, state, note).Take();
}

}  // namespace release
