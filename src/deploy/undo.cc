#include "deploy/undo.h"

#include <fmt/format.h>

#include "deploy/notices.h"
#include "os/interrupt.h"
#include "service/hooks.h"
#include "store/current.h"
#include "store/durable.h"
#include "store/layout.h"
#include "store/newest_record.h"

namespace release {
namespace {

using Link = RecoveryPlan::Link;
using Tree = RecoveryPlan::Tree;

// Whether what happened speaks against the release itself.
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
    outcome_.previous = NameOf(record.begin->from_target);
  }

  Outcome Run(Ledger ledger) {
    plan_ = *PlanRecovery(record_, LookAtDisk());
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

  // The undo itself failed: the record stays open.
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
      outcome_.current = NameOf(LookAtCurrent());
    } catch (const FsError&) {
      // What was seen last is the best there is.
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
  static std::string NameOf(const std::optional<std::string>& target) {
    if (!target) return "";
    const auto version = VersionOfTarget(*target);
    return version ? version->name() : *target;
  }

  // What `current` says. Where something else than a link took the place of
  // one it is "", which no link says: a person did that.
  std::optional<std::string> LookAtCurrent() const {
    const auto info = context_->fs->Stat(Fs::kRoot, kCurrent);
    if (info && info->type != FileType::kSymlink) {
      if (!record_.begin->from_target) return std::nullopt;
      return "";
    }
    return context_->fs->ReadLink(Fs::kRoot, kCurrent);
  }

  DiskFacts LookAtDisk() const {
    Fs* fs = context_->fs;
    const BeginRecord& begin = *record_.begin;
    DiskFacts facts;
    facts.current_target = LookAtCurrent();
    if (begin.to) {
      const auto to = fs->Stat(Fs::kRoot, ReleasePath(*begin.to));
      if (to) facts.to_inode = to->inode;
    }
    if (begin.from_target) {
      const auto version = VersionOfTarget(*begin.from_target);
      // A target of another tool's making cannot be looked at from here.
      facts.from_exists =
          !version || fs->Stat(Fs::kRoot, ReleasePath(*version)).has_value();
    }
    return facts;
  }

  void PutLinkBack() {
    Fs* fs = context_->fs;
    switch (plan_.link) {
      case Link::kSync:
        // Already done is not already durable.
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
    outcome_.current = NameOf(LookAtCurrent());
  }

  // What is no release of ours has no manifest of ours either.
  void RemoveManifestsOfUnknown(const Ledger& ledger) {
    for (const LedgerEntry& entry : ledger.entries()) {
      if (entry.state != ReleaseState::kUnknown) continue;
      context_->fs->RemoveFile(Fs::kRoot, ManifestPath(entry.version));
    }
    // Gone before the record ends: nobody looks for them afterwards.
    SyncDirectory(context_->fs, kManifests);
  }

  // What a rollback had put aside, or a taking over had made a release, and was
  // no link, gets its name back.
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
    // No link before no tree: it must not come back dangling.
    fs->Sync(Fs::kRoot);
  }

  void TakeServiceBack() {
    if (!record_.begin->from_target) {
      outcome_.warnings.emplace_back(
          "there was no release before this one: none is live now, and the "
          "service may still run it");
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
      AddWarnings(service.CheckRunning(hook_context));
      service.CheckHealth(hook_context);
    } catch (const Error& error) {
      if (service.MachineGoesDown()) {
        outcome_.warnings.push_back(
            fmt::format("the machine is going down; the service runs {} when "
                        "it starts again",
                        outcome_.previous));
        return;
      }
      // Both are bad: stop and shout; going forward again would be flapping.
      trouble_ = FailureOf(error);
      return;
    }
    RunPostRollback(hook_context);
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

  // What else is to be said about why it ended in doubt.
  void AddTrouble() {
    Failure& error = *outcome_.error;
    if (trouble_) {
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
    const bool judged = SpeaksAgainstRelease(cause_) && record_.switching &&
                        !begin.takes_over && outcome_.exit == Exit::kUndone;
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

  // In bytes; 0 where its manifest cannot be read.
  std::uint64_t SizeOf(const Version& version) const {
    try {
      return LoadManifest(context_->fs, version).TotalBytes();
    } catch (const Error&) {
      // A size for a listing is no reason to fail an undo.
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

// A newest record without its first line. Usually the crash came before that
// line was durable, so nothing it would have had to undo has happened. Where
// whole lines are there the record was damaged later: it is kept aside, for a
// person to look at.
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

// The process that ended the newest record may have died before its sync. If
// `.newest` names that record, the sync has been made: it is written after it.
void MakeEndDurable(Fs* fs, const DeploymentState& state) {
  if (!state.last || RecallNewest(fs) == state.last->number) return;
  SyncRecord(fs, state.last->number);
}

}  // namespace

Outcome Undo(DeployContext* context, Journal* journal,
             const TransactionRecord& record, const Ledger& ledger,
             const UndoCause& cause) {
  const HoldInterrupts hold;
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
  for (std::string& failure :
       CollectGarbage(context->fs, context->ThreadsFor(kRemoveThreads))) {
    outcome.warnings.push_back(std::move(failure));
  }
  return outcome;
}

}  // namespace release
