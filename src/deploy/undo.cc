#include "deploy/undo.h"

#include "deploy/attempt.h"
#include "deploy/disk_facts.h"
#include "deploy/instance_undo.h"
#include "deploy/notices.h"
#include "deploy/prune.h"
#include "deploy/service_return.h"
#include "deploy/step_recorder.h"
#include "deploy/switch.h"
#include "deploy/undo_outcome.h"
#include "os/cancellation.h"
#include "store/durable.h"
#include "store/layout.h"
#include "store/newest_record.h"

namespace release {
namespace {

using Tree = RecoveryPlan::Tree;

// Removes the manifests that an undone adoption wrote: its releases are unknown
// again, and unknown releases do not have a manifest.
void RemoveManifestsOfUnknown(Fs* fs, const Ledger& ledger) {
  for (const LedgerEntry& entry : ledger.entries()) {
    if (entry.state != ReleaseState::kUnknown) continue;
    RemoveManifests(fs, entry.version);
  }
  // Make the removal durable before the record ends: recovery does not look for
  // them afterwards.
  SyncDirectory(fs, kManifests);
}

// Returns whether UndoStaging has anything to do.
bool ChangesReleases(const TransactionRecord& record, Tree tree) {
  return tree == Tree::kDrop || tree == Tree::kNotOurs ||
         record.begin->takes_over;
}

// Removes what the transaction brought into releases/ and manifests/ and must
// not stay.
void UndoStaging(Fs* fs, const TransactionRecord& record, Tree tree,
                 const Ledger& ledger) {
  if (tree == Tree::kDrop) {
    SetAside(fs, record.number, {*record.begin->to});
  }
  if (tree == Tree::kNotOurs) {
    RemoveManifests(fs, *record.begin->to);
  }
  if (record.begin->takes_over) RemoveManifestsOfUnknown(fs, ledger);
}

// Returns whether the disk has room for lines that only people read. Otherwise
// the room reserved for the record is left to its end.
bool HasRoomForSteps(Fs* fs) {
  constexpr std::uint64_t kEnough = std::uint64_t{1024} * 1024;
  bool enough = false;
  Attempt([&] { enough = fs->Space().free_bytes >= kEnough; });
  return enough;
}

class UndoRun {
 public:
  UndoRun(DeployContext* context, Journal* journal,
          const TransactionRecord& record, const UndoCause& cause)
      : context_(context),
        journal_(journal),
        record_(record),
        cause_(cause),
        recorder_(context, record.number, StepPhase::kUndo),
        outcome_(OutcomeOfUndo(record, cause.failure)) {}

  // Restores the link first, because it decides what users get. Trees and
  // manifests follow, and the end record comes last: if the process dies before
  // it, the next command runs the whole undo again. Each step may be repeated.
  Outcome Run(Ledger ledger) {
    Fs* fs = context_->fs;
    const RecoveryPlan plan =
        *PlanRecovery(record_, ReadDiskFacts(fs, *record_.begin));
    has_steps_ = record_.starting || record_.switching || plan.reload;
    if (has_steps_ && HasRoomForSteps(fs)) recorder_.SetJournal(journal_);
    const bool with_service = cause_.with_service == WithService::kYes;
    const bool instances = context_->config->instances.configured;
    const HookContext hook_context =
        ContextOfUndo(*context_->config, record_, ledger, outcome_);
    InstanceUndo instance_undo(&recorder_, record_, plan, hook_context);
    std::optional<Failure> trouble;
    if (instances && with_service) trouble = instance_undo.StartEarlier();
    Step("switch", [&] { UndoSwitch(fs, record_, plan.link); });
    outcome_.current = NameOfTarget(ReadCurrentTarget(fs, *record_.begin));
    if (plan.reload && with_service) {
      trouble = instances
                    ? instance_undo.Return(trouble)
                    : ServiceReturn(&recorder_, record_, hook_context).Run();
    }
    if (with_service) instance_undo.StopNew();
    if (ChangesReleases(record_, plan.tree)) {
      Step("tree", [&] { UndoStaging(fs, record_, plan.tree, ledger); });
    }
    DecideOutcome(record_, plan.link, trouble, &outcome_);
    const EndRecord end = MakeEnd(plan.tree, std::move(ledger));
    PrepareNotice(context_, record_, end, outcome_.current);
    journal_->End(end);
    return TakeOutcome();
  }

  // Returns the outcome after `error` stopped the undo itself. The record stays
  // open, so that the next command tries again.
  Outcome Failed(const Error& error) {
    DecideFailedUndo(record_, error, &outcome_);
    try {
      outcome_.current =
          NameOfTarget(ReadCurrentTarget(context_->fs, *record_.begin));
    } catch (const FsError&) {
      // Keep the last value that could be read.
    }
    PrepareNotice(context_, record_, EndWithoutLedger(), outcome_.current);
    return TakeOutcome();
  }

 private:
  // Before the switch nobody has seen the new release, and the undo takes no
  // time worth recording.
  template <typename Body>
  void Step(const std::string& name, Body&& body) {
    if (has_steps_) {
      recorder_.Step(name, body);
    } else {
      body();
    }
  }

  Outcome TakeOutcome() {
    outcome_.undo_steps = std::move(recorder_.steps);
    outcome_.warnings = std::move(recorder_.warnings);
    return std::move(outcome_);
  }

  EndRecord EndWithoutLedger() const {
    return {.committed = false,
            .exit = outcome_.exit,
            .result = outcome_.result,
            .code = std::string(CodeName(outcome_.error->code)),
            .message = outcome_.error->message,
            .at = context_->system.clock->WallSeconds(),
            .recovered = cause_.by == UndoneBy::kLaterCommand};
  }

  EndRecord MakeEnd(Tree tree, Ledger ledger) const {
    EndRecord end = EndWithoutLedger();
    const BeginRecord& begin = *record_.begin;
    if (tree == Tree::kDrop) ledger.Remove(*begin.to);
    if (tree == Tree::kKeepFailed) EnterKept(&ledger);
    if (tree == Tree::kKeepFailed ||
        ReleaseFailed(record_, cause_.failure, outcome_.exit)) {
      ledger.Failed(*begin.to, {.transaction = record_.number,
                                .at = end.at,
                                .by = CallerName(begin.caller),
                                .reason = end.message});
    }
    end.ledger = std::move(ledger);
    end.facts = cause_.facts;
    return end;
  }

  // Enters a tree that stays although its transaction did not commit: the
  // ledger knows it at most as unknown. A restart is of the files of the
  // release that was live, so what vouched for that one vouches for it.
  void EnterKept(Ledger* ledger) const {
    const BeginRecord& begin = *record_.begin;
    ledger->Staged(*begin.to, SizeOf(*begin.to), {});
    ledger->SetRestartOf(*begin.to, begin.restart_of);
    if (begin.restart_of.empty()) return;
    const auto live = VersionOfTarget(begin.from_target.value_or(""));
    const LedgerEntry* entry = live ? ledger->Find(*live) : nullptr;
    if (entry == nullptr) return;
    const std::string evidence = entry->evidence;
    ledger->SetEvidence(*begin.to, evidence);
  }

  // Returns the release's size in bytes; 0 if its manifest cannot be read.
  std::uint64_t SizeOf(const Version& version) const {
    try {
      return LoadManifest(context_->fs, version).TotalBytes();
    } catch (const Error&) {
      // The size only serves listings, so it must not make an undo fail.
      return 0;
    }
  }

  DeployContext* context_;
  Journal* journal_;
  const TransactionRecord& record_;
  const UndoCause& cause_;
  bool has_steps_ = false;
  StepRecorder recorder_;
  Outcome outcome_;
};

// Clears away a newest record whose first line cannot be read. Usually the
// process died before that line was durable, so there is nothing to undo and
// the record is removed. If the record has whole lines, it was damaged later:
// it is renamed, so that a person can examine it.
void ClearUnreadable(Fs* fs, std::uint64_t number) {
  const std::string path = RecordPath(number);
  const TransactionRecord record = ReadRecord(fs, number);
  if (record.good_bytes == 0 && !record.damaged) {
    fs->RemoveFile(Fs::kRoot, path);
  } else {
    fs->Rename(Fs::kRoot, path, Fs::kRoot, path + std::string(kDamagedSuffix),
               RenameMode::kReplace);
  }
}

// Syncs the newest record, because the process that ended it may have died
// before its own sync. If `.newest` names that record, the sync has been made:
// `.newest` is written only afterwards.
void MakeEndDurable(Fs* fs, const DeploymentState& state) {
  if (!state.last || RecallNewest(fs) == state.last->number) return;
  SyncRecord(fs, state.last->number);
}

}  // namespace

Outcome Undo(DeployContext* context, Journal* journal,
             const TransactionRecord& record, const Ledger& ledger,
             const UndoCause& cause) {
  const CancellationShield hold;
  UndoRun undoing(context, journal, record, cause);
  try {
    return undoing.Run(ledger);
  } catch (const Error& error) {
    return undoing.Failed(error);
  }
}

std::optional<Outcome> Recover(DeployContext* context, DeploymentState* state,
                               WithService with_service) {
  if (state->unreadable) {
    ClearUnreadable(context->fs, *state->unreadable);
    *state = ReadDeploymentState(context->fs);
  }
  if (!state->open) {
    MakeEndDurable(context->fs, *state);
    return std::nullopt;
  }
  Journal journal = Journal::Reopen(context->fs, state->open->number);
  Outcome outcome =
      Undo(context, &journal, *state->open, state->ledger,
           {.by = UndoneBy::kLaterCommand, .with_service = with_service});
  for (std::string& warning : CleanUpAfterUndo(context, outcome.transaction)) {
    outcome.warnings.push_back(std::move(warning));
  }
  return outcome;
}

}  // namespace release
