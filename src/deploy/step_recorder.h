// The named steps of one transaction or of its undo: announced, timed, and
// recorded.
#ifndef RELEASE_DEPLOY_STEP_RECORDER_H_
#define RELEASE_DEPLOY_STEP_RECORDER_H_

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "deploy/deploy_context.h"
#include "service/hook_context.h"
#include "store/journal.h"

namespace release {

class StepRecorder {
 public:
  // `context` must outlive the object. Call SetJournal with a journal that has
  // begun before the first step; it is borrowed too. On the way forward, a line
  // that cannot be written throws FsError. An undo must not fail because of
  // such a line: it loses that line and those after it, and needs no journal.
  StepRecorder(DeployContext* context, std::uint64_t number,
               StepPhase phase = StepPhase::kForward)
      : context_(context), number_(number), phase_(phase) {}
  void SetJournal(Journal* journal) { journal_ = journal; }

  DeployContext* context() const { return context_; }
  std::uint64_t number() const { return number_; }

  // Throws Error kInterrupted or kAborted if a stop was requested; else runs
  // `body` as a step. Passes on an exception of `body` after recording how long
  // the step took. `limit` says how long the step may take, for display; zero:
  // it has no limit.
  template <typename Body>
  void Step(const std::string& name, Body&& body,
            Nanoseconds limit = Nanoseconds::zero()) {
    const Nanoseconds start = BeginStep(name, limit);
    try {
      std::forward<Body>(body)();
    } catch (...) {
      EndFailedStep(name, start);
      throw;
    }
    EndStep(name, start);
  }
  // Runs a hook as a step and keeps its output in the record. Does nothing if
  // `argv` is empty. Throws as RunHook does.
  void RunHookStep(const std::string& name, const Argv& argv,
                   const HookContext& hook_context);

  // Adds warnings to the outcome and reports them.
  void Warn(const std::string& text);
  void WarnAll(const std::vector<std::string>& texts);
  // Reports a remark as progress. It is not recorded.
  void Remark(const std::string& text);
  // Records the inode of the tree that the transaction makes.
  void NoteTree(std::uint64_t inode);

  // Returns the step that began last; "" before the first.
  const std::string& current_step() const { return current_step_; }
  // Returns the inode given to NoteTree; nullopt before.
  std::optional<std::uint64_t> tree() const { return tree_; }

  // Collected for the outcome and the end record.
  std::vector<StepRecord> steps;
  std::vector<std::string> warnings;
  std::map<std::string, std::string> facts;  // e.g. facts["sha256"]

 private:
  Nanoseconds BeginStep(const std::string& name, Nanoseconds limit);
  void EndStep(const std::string& name, Nanoseconds start);
  void EndFailedStep(const std::string& name, Nanoseconds start);
  template <typename Body>
  void Record(Body&& append);
  void Report(ProgressEvent::Kind kind, const std::string& text,
              double seconds = 0) const;

  DeployContext* context_;
  std::uint64_t number_;
  StepPhase phase_;
  Journal* journal_ = nullptr;  // of an undo: nullptr after a lost line
  std::string current_step_;
  std::optional<std::uint64_t> tree_;
};

}  // namespace release

#endif  // RELEASE_DEPLOY_STEP_RECORDER_H_
