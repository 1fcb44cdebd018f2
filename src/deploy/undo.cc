#include "deploy/undo.h"

#include <fmt/format.h>

#include "deploy/disk_facts.h"
#include "deploy/notices.h"
#include "deploy/prune.h"
#include "os/cancellation.h"
#include "service/hooks.h"
#include "store/current.h"
#include "store/durable.h"
#include "store/layout.h"
#include "store/newest_record.h"
#include "store/said.h"

namespace release {
namespace {

using Link = RecoveryPlan::Link;
using Tree = RecoveryPlan::Tree;

// Returns whether the failure counts against the release. A request to stop or
// trouble with the host's disk does not make a release failed.
bool SpeaksAgainstRelease(const UndoCause& cause) {
  if (!cause.failure) return false;
  switch (cause.failure->code) {
    case ErrorCode::kInterrupted:
    case ErrorCode::kAborted:
    case ErrorCode::kNoSpace:
    case ErrorCode::kIoError:
    case ErrorCode::kSyncFailed:
    case ErrorCode::kReadOnly:
    case ErrorCode::kPermissionDenied:
      return false;
    default:
      return true;
  }
}

class UndoRun {
 public:
  UndoRun(DeployContext* context, Journal* journal,
          const TransactionRecord& record, const UndoCause& cause)
      : context_(context), journal_(journal), record_(record), cause_(cause) {
    outcome_.command = record.begin->command;
    outcome_.transaction = record.number;
    outcome_.version = record.begin->to;
    outcome_.error = cause.failure;
    if (!cause.failure) {
      outcome_.error = Failure{
          .code = ErrorCode::kInterrupted,
          .message = fmt::format(
              "transaction {} died in step {}", record.number,
              record.current_step.empty() ? "begin" : record.current_step)};
    }
    outcome_.previous = NameOfTarget(record.begin->from_target);
  }

  // Restores the link first, because it decides what users get. Trees and
  // manifests follow, and the end record comes last: if the process dies before
  // it, the next command runs the whole undo again. Each step may be repeated.
  Outcome Run(Ledger ledger) {
    plan_ = *PlanRecovery(record_, ReadDiskFacts(context_->fs, *record_.begin));
    PutLinkBack();
    if (plan_.reload && cause_.with_service) TakeServiceBack();
    if (plan_.tree == Tree::kDrop) {
      SetAside(context_->fs, record_.number, {*record_.begin->to});
    }
    if (plan_.tree == Tree::kNotOurs) {
      context_->fs->RemoveFile(Fs::kRoot, ManifestPath(*record_.begin->to));
    }
    if (record_.begin->takes_over) RemoveManifestsOfUnknown(ledger);
    EndRecord end = MakeEnd(std::move(ledger));
    PrepareNotice(context_, record_, end, outcome_.current);
    journal_->End(end);
    return std::move(outcome_);
  }

  // Returns the outcome after `error` stopped the undo itself. The record stays
  // open, so that the next command tries again.
  Outcome Failed(const Error& error) {
    outcome_.exit = Exit::kNeedsPerson;
    outcome_.result = "in-doubt";
    const std::string first = outcome_.error->message;
    outcome_.error = FailureOf(error);
    outcome_.error->code = ErrorCode::kUndoFailed;
    outcome_.error->message =
        fmt::format("cannot undo transaction {}: {} (undone because: {})",
                    record_.number, error.what(), first);
    try {
      outcome_.current =
          NameOfTarget(ReadCurrentTarget(context_->fs, *record_.begin));
    } catch (const FsError&) {
      // Keep the last value that could be read.
    }
    PrepareNotice(context_, record_,
                  {.exit = outcome_.exit,
                   .result = outcome_.result,
                   .code = std::string(CodeName(outcome_.error->code)),
                   .message = outcome_.error->message,
                   .at = context_->system.clock->WallSeconds(),
                   .recovered = cause_.recovered},
                  outcome_.current);
    return std::move(outcome_);
  }

 private:
  void PutLinkBack() {
    Fs* fs = context_->fs;
    switch (plan_.link) {
      case Link::kSync:
        // The link is right, but its rename may not be durable yet.
        fs->Sync(Fs::kRoot);
        break;
      case Link::kRestore:
        SwapCurrent(fs, *record_.begin->from_target);
        break;
      case Link::kRemove:
        RemoveLink();
        break;
      case Link::kLeave:
      case Link::kStuck:
        break;
    }
    outcome_.current =
        NameOfTarget(ReadCurrentTarget(context_->fs, *record_.begin));
  }

  // Removes the manifests that an undone adoption wrote: its releases are
  // unknown again, and unknown releases do not have a manifest.
  void RemoveManifestsOfUnknown(const Ledger& ledger) {
    for (const LedgerEntry& entry : ledger.entries()) {
      if (entry.state != ReleaseState::kUnknown) continue;
      context_->fs->RemoveFile(Fs::kRoot, ManifestPath(entry.version));
    }
    // Make the removal durable before the record ends: recovery does not look
    // for them afterwards.
    SyncDirectory(context_->fs, kManifests);
  }

  // Removes `current`, which did not exist as a link before the transaction. If
  // a file or directory had the name, it was set aside by a rollback or moved
  // to releases/ by an adoption; exchange it back instead.
  void RemoveLink() {
    Fs* fs = context_->fs;
    const std::string aside = record_.begin->takes_over
                                  ? ReleasePath(*record_.begin->to)
                                  : AsideName(record_.number);
    const auto info = fs->Stat(Fs::kRoot, aside);
    if (info && info->type != FileType::kSymlink) {
      UndoExchange(fs, kCurrent, aside);
      return;
    }
    fs->RemoveFile(Fs::kRoot, kCurrent);
    // Make the link's removal durable before deleting the tree; otherwise a
    // power cut can bring back a dangling link.
    fs->Sync(Fs::kRoot);
  }

  // Reloads the service with the earlier release and checks it as an activation
  // does. An unhealthy service puts the outcome in doubt, see DecideExit.
  void TakeServiceBack() {
    if (!record_.begin->from_target) {
      LeaveNoRelease();
      return;
    }
    const HookContext hook_context{
        .app = context_->config->app,
        .version = outcome_.previous,
        .previous = record_.begin->to ? record_.begin->to->name() : "",
        .root = context_->config->root,
        .transaction = record_.number,
        .step = "undo",
        .result = "undone",
        .reason = outcome_.error->message};
    Service service(context_->config, context_->system);
    try {
      AddWarnings(service.Reload(hook_context));
      // The link is back; a person who insists need not wait for the proof.
      const InsistentSignals second;
      AddWarnings(IfFirstTime(context_->fs, kUnseenService,
                              service.CheckRunning(hook_context)));
      service.CheckHealth(hook_context);
    } catch (const Error& error) {
      // During a shutdown systemd stops the service, so the failure does not
      // mean that the earlier release is unhealthy.
      if (service.MachineGoesDown()) {
        outcome_.warnings.push_back(
            fmt::format("the machine is going down; the service runs {} when "
                        "it starts again",
                        outcome_.previous));
        return;
      }
      // Both releases are unhealthy, or a signal ended the wait and the earlier
      // one is not known to be healthy. Stop and report: going forward again
      // would be flapping.
      trouble_ = FailureOf(error);
      return;
    }
    RunPostRollback(hook_context);
  }

  // After a first activation no release is left to run. Stops a unit that was
  // stopped before; one that ran may run something that is not ours.
  void LeaveNoRelease() {
    const std::string none =
        "there was no release before this one: none is "
        "live now, and ";
    if (record_.service_before != ServiceBefore::kStopped) {
      outcome_.warnings.push_back(none + "the service may still run it");
      return;
    }
    try {
      Service(context_->config, context_->system).Stop();
    } catch (const Error& error) {
      trouble_ = FailureOf(error);
      return;
    }
    outcome_.warnings.push_back(fmt::format("{}{} is stopped, as it was before",
                                            none,
                                            context_->config->service.unit));
  }

  void AddWarnings(std::vector<std::string> remarks) {
    for (std::string& remark : remarks) {
      outcome_.warnings.push_back(std::move(remark));
    }
  }

  void RunPostRollback(const HookContext& hook_context) {
    try {
      RunHook(context_->system.runner, "post_rollback",
              context_->config->hooks.post_rollback, context_->config->hooks,
              hook_context,
              [this](const std::string& output) { journal_->Note(output); });
    } catch (const Error& error) {
      outcome_.warnings.emplace_back(error.what());
    }
  }

  // The outcome is in doubt if the earlier release is unhealthy or `current`
  // could not go back. Before the switch users noticed nothing, so the exit is
  // that of the failure.
  void DecideExit() {
    const bool stays_forward =
        plan_.link == Link::kLeave || plan_.link == Link::kStuck;
    if (trouble_ || stays_forward) {
      outcome_.exit = Exit::kNeedsPerson;
      outcome_.result = "in-doubt";
      return;
    }
    if (record_.switching) {
      outcome_.exit = Exit::kUndone;
      outcome_.result = "undone";
      return;
    }
    outcome_.exit = ExitBeforeSwitch(outcome_.error->code);
    outcome_.result = outcome_.exit == Exit::kRefused ? "refused" : "failed";
  }

  // Extends the error message and sets the code if the outcome is in doubt.
  void AddTrouble() {
    Failure& error = *outcome_.error;
    if (trouble_ && !record_.begin->from_target) {
      error.message = fmt::format(
          "{}; no release is live, and the service may still run "
          "this one: {}",
          error.message, trouble_->message);
      error.code = ErrorCode::kUndoFailed;
    } else if (trouble_ && trouble_->code == ErrorCode::kInterrupted) {
      error.message = fmt::format(
          "{}; the release before is live again, but it is not known whether "
          "it is healthy: the wait for it was stopped by a second signal",
          error.message);
      error.code = ErrorCode::kInDoubt;
    } else if (trouble_) {
      error.message = fmt::format(
          "{}; the release before is live again, but unhealthy too: {}",
          error.message, trouble_->message);
      error.code = ErrorCode::kUndoFailed;
    } else if (plan_.link == Link::kLeave) {
      error.message = fmt::format(
          "{}; meanwhile {} was moved by hand to {}, and was left there",
          error.message, kCurrent,
          outcome_.current.empty() ? "nothing" : outcome_.current);
      error.code = ErrorCode::kLinkMoved;
    } else if (plan_.link == Link::kStuck) {
      error.message =
          fmt::format("{}; cannot go back to {}: it is gone, so {} stays live",
                      error.message, outcome_.previous, outcome_.current);
      error.code = ErrorCode::kInDoubt;
    }
  }

  EndRecord MakeEnd(Ledger ledger) {
    DecideExit();
    AddTrouble();
    const std::int64_t now = context_->system.clock->WallSeconds();
    const BeginRecord& begin = *record_.begin;
    if (plan_.tree == Tree::kDrop) ledger.Remove(*begin.to);
    // An interrupt or a full disk says nothing about the release, so a release
    // that existed before keeps its state then.
    const bool judged = SpeaksAgainstRelease(cause_) && record_.switching &&
                        !begin.takes_over && outcome_.exit == Exit::kUndone;
    // The tree stays although its transaction did not commit, so the ledger
    // knows it at most as unknown: enter it before marking it failed.
    if (plan_.tree == Tree::kKeepFailed) {
      ledger.Staged(*begin.to, SizeOf(*begin.to), {});
    }
    if (begin.to && (judged || plan_.tree == Tree::kKeepFailed)) {
      ledger.Failed(*begin.to, {.transaction = record_.number,
                                .at = now,
                                .by = CallerName(begin.caller),
                                .reason = outcome_.error->message});
    }
    return {.committed = false,
            .exit = outcome_.exit,
            .result = outcome_.result,
            .code = std::string(CodeName(outcome_.error->code)),
            .message = outcome_.error->message,
            .at = now,
            .recovered = cause_.recovered,
            .ledger = std::move(ledger),
            .facts = cause_.facts};
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
  RecoveryPlan plan_;
  std::optional<Failure> trouble_;
  Outcome outcome_;
};

// Clears away a newest record whose first line cannot be read. Usually the
// process died before that line was durable, so there is nothing to undo and
// the record is removed. If the record has whole lines, it was damaged later:
// it is renamed, so that a person can examine it.
void ClearUnreadable(Fs* fs, std::uint64_t number) {
  const std::string path =
      std::string(kTransactions) + "/" + RecordName(number);
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
                               bool with_service) {
  if (state->unreadable) {
    ClearUnreadable(context->fs, *state->unreadable);
    *state = ReadDeploymentState(context->fs);
  }
  if (!state->open) {
    MakeEndDurable(context->fs, *state);
    return std::nullopt;
  }
  Journal journal = Journal::Reopen(context->fs, state->open->number);
  Outcome outcome = Undo(context, &journal, *state->open, state->ledger,
                         {.recovered = true, .with_service = with_service});
  for (std::string& warning : CleanUpAfterUndo(context, outcome.transaction)) {
    outcome.warnings.push_back(std::move(warning));
  }
  return outcome;
}

}  // namespace release
