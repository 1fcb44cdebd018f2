#include "deploy/step_recorder.h"

#include <algorithm>

#include "deploy/attempt.h"
#include "os/cancellation.h"
#include "service/hooks.h"

namespace release {
namespace {

// A longer limit is as good as none.
constexpr Nanoseconds kLongestShown = std::chrono::hours(24 * 365);

}  // namespace

template <typename Body>
void StepRecorder::Record(Body&& append) {
  if (phase_ == StepPhase::kForward) {
    append();
  } else if (journal_ != nullptr && Attempt(append)) {
    journal_ = nullptr;
  }
}

void StepRecorder::RunHookStep(const std::string& name, const Argv& argv,
                               const HookContext& hook_context) {
  if (argv.empty()) return;
  Step(name, [&] {
    RunHook(context_->system.runner, name, argv, context_->config->hooks,
            hook_context, [this](const std::string& output) {
              Record([&] { journal_->Note(output); });
            });
  });
}

void StepRecorder::Warn(const std::string& text) {
  warnings.push_back(text);
  Report(ProgressEvent::Kind::kWarning, text);
}

void StepRecorder::WarnAll(const std::vector<std::string>& texts) {
  for (const std::string& text : texts) Warn(text);
}

void StepRecorder::Remark(const std::string& text) {
  Report(ProgressEvent::Kind::kRemark, text);
}

void StepRecorder::NoteTree(std::uint64_t inode) {
  tree_ = inode;
  journal_->Tree(inode);
}

Nanoseconds StepRecorder::BeginStep(const std::string& name,
                                    Nanoseconds limit) {
  // Check before the step is recorded, so that a step that never ran does not
  // appear as the one that failed.
  ThrowIfCancelled();
  Clock* clock = context_->system.clock;
  const Nanoseconds start = clock->SinceBoot();
  const std::int64_t until =
      limit == Nanoseconds::zero()
          ? 0
          : clock->WallSeconds() + std::chrono::ceil<std::chrono::seconds>(
                                       std::min(limit, kLongestShown))
                                       .count();
  current_step_ = name;
  Record([&] { journal_->StepBegun(name, phase_, until); });
  context_->report({.kind = ProgressEvent::Kind::kStepBegun,
                    .transaction = number_,
                    .text = name,
                    .phase = phase_,
                    .limit = limit});
  return start;
}

void StepRecorder::EndStep(const std::string& name, Nanoseconds start) {
  const Nanoseconds end = context_->system.clock->SinceBoot();
  const double seconds = std::chrono::duration<double>(end - start).count();
  steps.push_back({.name = name, .seconds = seconds, .detail = ""});
  // Report first: a display of the step must end even if the record fails.
  Report(ProgressEvent::Kind::kStepDone, name, seconds);
  Record([&] { journal_->Step(steps.back(), phase_); });
}

// The duration of a failed step is worth keeping, but an error while it is
// recorded must not replace the step's own error.
void StepRecorder::EndFailedStep(const std::string& name, Nanoseconds start) {
  Attempt([&] { EndStep(name, start); });
}

void StepRecorder::Report(ProgressEvent::Kind kind, const std::string& text,
                          double seconds) const {
  context_->report({.kind = kind,
                    .transaction = number_,
                    .text = text,
                    .seconds = seconds,
                    .phase = phase_});
}

}  // namespace release
