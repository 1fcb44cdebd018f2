#include "deploy/transaction.h"

#include <fmt/format.h>

#include <utility>

#include "base/units.h"
#include "deploy/adopt_releases.h"
#include "deploy/attempt.h"
#include "deploy/notices.h"
#include "deploy/prune.h"
#include "deploy/release_shape.h"
#include "deploy/reload.h"
#include "deploy/staging.h"
#include "deploy/step_recorder.h"
#include "deploy/switch.h"
#include "deploy/target_tree.h"
#include "deploy/undo.h"
#include "os/cancellation.h"
#include "service/hooks.h"
#include "store/current.h"
#include "store/layout.h"
#include "store/newest_record.h"
#include "store/spare_records.h"
#include "store/unremovable.h"

namespace release {
namespace {

constexpr Nanoseconds kConfirmPoll = std::chrono::milliseconds(50);

class Transaction {
 public:
  Transaction(DeployContext* context, const TransactionSpec& spec,
              DeploymentState state);
  Outcome Run();

 private:
  void Prepare();
  void PrepareRelease();
  void Begin();
  void Forward();
  void Stage();
  void Activate();
  void Switch();
  void AwaitConfirmation();
  void Commit();
  void ChangeLedger(Ledger* ledger, std::int64_t now);
  void AfterCommit();
  Outcome Undone(const Failure& failure);

  // Returns how `current` changes; kNone if the wanted state exists already.
  LinkChange link() const {
    return prepared_.unchanged ? LinkChange::kNone : spec_.traits().link;
  }
  bool switches() const { return link() != LinkChange::kNone; }
  std::string NameAfter() const;
  HookContext MakeHookContext(const std::string& step) const;

  DeployContext* context_;
  const TransactionSpec& spec_;
  DeploymentState state_;
  PreparedTransaction prepared_;
  std::optional<ArchiveStaging> staging_;
  // Set if the transaction makes a release or makes one live.
  std::optional<TargetTree> tree_;
  std::optional<Journal> journal_;
  // A copy of the record on disk, for the recovery rule.
  TransactionRecord record_;
  StepRecorder recorder_;
  AbortWatch watch_;
  Service service_;
  Outcome outcome_;
};

Transaction::Transaction(DeployContext* context, const TransactionSpec& spec,
                         DeploymentState state)
    : context_(context),
      spec_(spec),
      state_(std::move(state)),
      recorder_(context, state_.newest + 1),
      watch_(
          context->fs, AbortPath(recorder_.number()),
          fmt::format("transaction {} was asked to abort", recorder_.number())),
      service_(context->config, context->system) {
  record_.number = recorder_.number();
}

Outcome Transaction::Run() {
  outcome_.command = spec_.traits().command;
  outcome_.transaction = record_.number;
  outcome_.previous = state_.CurrentName();
  std::optional<Failure> failure = Attempt([&] { Prepare(); });
  if (!failure) failure = spec_.refusal;
  outcome_.version = prepared_.to;
  recorder_.facts = prepared_.facts;
  try {
    Begin();
  } catch (const Error& error) {
    PrepareNotice(context_, *record_.begin, error, state_.CurrentName());
    throw;
  }
  if (!failure) failure = Attempt([&] { Forward(); });
  if (failure) return Undone(*failure);
  outcome_.result = record_.end->result;
  AfterCommit();
  Attempt([&] { journal_->GiveBackRoom(); });
  outcome_.steps = std::move(recorder_.steps);
  outcome_.warnings = std::move(recorder_.warnings);
  return std::move(outcome_);
}

// Throws the Error that refuses the transaction. Sets `prepared_.to` first, if
// the spec gives it, so that a refusal is recorded with its release.
void Transaction::Prepare() {
  prepared_.to = spec_.version;
  if (spec_.archive) {
    staging_.emplace(context_, *spec_.archive);
    prepared_.to = staging_->ExpectedVersion();
  }
  if (spec_.refusal) return;
  PrepareRelease();
  if (link() == LinkChange::kForward) RequireLink(state_);
  if (switches() && link() != LinkChange::kTakeOver && !prepared_.creates) {
    tree_.emplace(context_->fs, *prepared_.to);
  }
}

void Transaction::PrepareRelease() {
  switch (spec_.kind) {
    case TransactionKind::kDeploy:
    case TransactionKind::kStage:
      staging_->Prepare(state_, &prepared_);
      break;
    case TransactionKind::kActivate:
      RequireRelease(state_, *spec_.version);
      // A release that a person linked by hand is proved like any other.
      prepared_.unchanged =
          state_.live == spec_.version && state_.LiveIsRecorded();
      break;
    case TransactionKind::kRollback:
      prepared_.to = ChooseRollbackTarget(state_, spec_.version);
      prepared_.unchanged = state_.live == prepared_.to;
      break;
    case TransactionKind::kAdopt:
      prepared_.unchanged = spec_.adoption.releases.empty();
      break;
    case TransactionKind::kPin:
    case TransactionKind::kUnpin:
      RequireRelease(state_, *spec_.version);
      break;
    case TransactionKind::kPrune:
      break;
  }
}

void Transaction::Begin() {
  const bool adopts = spec_.traits().staging == StagingStep::kAdopt;
  record_.begin = BeginRecord{
      .command = spec_.traits().command,
      .app = context_->config->app,
      .caller = context_->caller,
      .at = context_->system.clock->WallSeconds(),
      .from_target = state_.current_target,
      .to = prepared_.to,
      .creates = prepared_.creates,
      .takes_over = link() == LinkChange::kTakeOver && !spec_.refusal,
      .reason = spec_.reason,
      .source = spec_.archive ? spec_.archive->name : ""};
  journal_.emplace(context_->fs, record_.number,
                   adopts && prepared_.unchanged
                       ? Journal::RecordSpace::kSpareFile
                       : spec_.traits().record_space());
  try {
    // A rollback changes nothing before its switch: one sync covers both.
    journal_->Begin(*record_.begin, link() == LinkChange::kBack
                                        ? Journal::Beginning::kWithSwitching
                                        : Journal::Beginning::kAtOnce);
  } catch (const Error&) {
    // The transaction has not changed anything yet, so discard its record.
    Attempt([&] { journal_->Abandon(); });
    throw;
  }
  recorder_.SetJournal(&*journal_);
}

void Transaction::Forward() {
  Stage();
  if (link() == LinkChange::kTakeOver) {
    recorder_.Step("switch", [&] { Switch(); });
  } else if (switches()) {
    Activate();
  }
  // This is the last check for a stop request: the commit follows.
  ThrowIfCancelled();
  if (switches()) RequireLive(context_->fs, *prepared_.to);
  if (tree_) tree_->RequireInPlace("keep");
  Commit();
}

void Transaction::Stage() {
  switch (spec_.traits().staging) {
    case StagingStep::kNone:
      break;
    case StagingStep::kAdopt:
      if (prepared_.unchanged) break;
      AdoptReleases(spec_.adoption, &recorder_, &prepared_);
      break;
    case StagingStep::kSetAsideUnkept:
      recorder_.Step("prune", [&] {
        recorder_.WarnAll(SetAsideUnkept(context_, state_, record_.number));
      });
      break;
    case StagingStep::kUnpack:
      staging_->Stage(state_, &recorder_, &prepared_);
      if (prepared_.creates) {
        tree_.emplace(context_->fs, *prepared_.to, *recorder_.tree());
        recorder_.RunHookStep("preflight", context_->config->hooks.preflight,
                              MakeHookContext("preflight"));
        break;
      }
      prepared_.unchanged = state_.live == prepared_.to ||
                            spec_.traits().link == LinkChange::kNone;
  }
}

void Transaction::Activate() {
  const HooksConfig& hooks = context_->config->hooks;
  const bool with_hooks = link() != LinkChange::kBack;
  // Staging has compared the release if there is an archive. A rollback must
  // not take longer for a large release.
  if (!spec_.archive && link() == LinkChange::kForward) {
    const Reason altered = DescribeAlteration(context_, *prepared_.to);
    if (altered) recorder_.Warn(*altered);
  }
  service_.Observe();
  if (with_hooks) {
    service_.RequirePrograms();
    recorder_.RunHookStep("pre_activate", hooks.pre_activate,
                          MakeHookContext("pre_activate"));
  }
  recorder_.Step("switch", [&] { Switch(); });
  ReloadAndProve(&recorder_, &service_, MakeHookContext(""));
  if (with_hooks) {
    recorder_.RunHookStep("post_activate", hooks.post_activate,
                          MakeHookContext("post_activate"));
  }
  if (spec_.confirm_within) {
    recorder_.Step("confirm", [&] { AwaitConfirmation(); });
  }
}

void Transaction::Switch() {
  Fs* fs = context_->fs;
  const CurrentBefore before =
      state_.current_is_link ? CurrentBefore::kLink : CurrentBefore::kOther;
  RequireUnmoved(fs, *record_.begin, before);
  if (tree_) tree_->RequireInPlace("activate");
  if (service_.WasStopped() && !record_.begin->from_target) {
    record_.service_before = ServiceBefore::kStopped;
  }
  // Durable before the rename: recovery must know that `current` may change.
  journal_->Switching(record_.service_before);
  record_.switching = true;
  try {
    const auto remark = SwitchCurrent(fs, record_, before, link());
    if (remark) recorder_.Warn(*remark);
  } catch (const FsError&) {
    // A rename that was refused is a failure before the switch: nobody has seen
    // the new release.
    record_.switching = !IsUnmoved(fs, *record_.begin, before);
    throw;
  }
}

void Transaction::AwaitConfirmation() {
  Clock* clock = context_->system.clock;
  const Nanoseconds end =
      AddSaturated(clock->SinceBoot(), *spec_.confirm_within);
  const std::string time = FormatDuration(*spec_.confirm_within);
  recorder_.Remark(
      fmt::format("waiting {} for `release confirm`; without it {} is undone",
                  time, prepared_.to->name()));
  while (!context_->fs->Stat(Fs::kRoot, ConfirmPath(record_.number))) {
    ThrowIfCancelled();
    if (clock->SinceBoot() >= end) {
      throw Error(ErrorCode::kNotConfirmed,
                  fmt::format("cannot keep {}: not confirmed within {}",
                              prepared_.to->name(), time));
    }
    clock->Sleep(kConfirmPoll);
  }
  context_->fs->RemoveFile(Fs::kRoot, ConfirmPath(record_.number));
}

void Transaction::Commit() {
  const std::int64_t now = context_->system.clock->WallSeconds();
  EndRecord end{
      .committed = true,
      .result = prepared_.unchanged ? Result::kUnchanged : Result::kCommitted,
      .at = now,
      .ledger = state_.ledger,
      .facts = recorder_.facts};
  ChangeLedger(&end.ledger, now);
  PrepareNotice(context_, record_, end, NameAfter());
  try {
    journal_->End(end);
  } catch (const Error&) {
    // The line may be on disk; recovery must not find "committed" there.
    journal_->TakeBackEnd();
    throw;
  }
  state_.ledger = end.ledger;
  record_.end = std::move(end);
}

void Transaction::ChangeLedger(Ledger* ledger, std::int64_t now) {
  const Ledger::Cause cause{.transaction = record_.number,
                            .at = now,
                            .by = CallerName(context_->caller),
                            .reason = spec_.reason};
  if (prepared_.creates) {
    ledger->Staged(*prepared_.to, prepared_.bytes, cause);
    ledger->SetEvidence(*prepared_.to, prepared_.evidence);
  }
  // Use up the serial only with the commit: an undone deploy may be repeated.
  if (prepared_.serial) {
    ledger->UseSerial(prepared_.serial->key, prepared_.serial->use);
  }
  for (std::size_t i = 0; i < prepared_.adopted_bytes.size(); ++i) {
    const AdoptedRelease& release = spec_.adoption.releases[i];
    Ledger::Cause why = cause;
    why.reason = release.reason;
    ledger->TakenOver(release.version, release.state,
                      prepared_.adopted_bytes[i], why);
  }
  if (spec_.kind == TransactionKind::kPin) ledger->Pin(*prepared_.to, true);
  if (spec_.kind == TransactionKind::kUnpin) ledger->Pin(*prepared_.to, false);
  if (link() == LinkChange::kBack) {
    ledger->RolledBack(state_.live, *prepared_.to, cause);
  } else if (switches()) {
    ledger->Activated(*prepared_.to, cause);
  }
}

void Transaction::AfterCommit() {
  outcome_.current = NameAfter();
  // A signal must no longer stop the transaction after its commit.
  const CancellationShield hold;
  if (link() == LinkChange::kBack) {
    const auto failure = Attempt([&] {
      RunHook(context_->system.runner, "post_rollback",
              context_->config->hooks.post_rollback, context_->config->hooks,
              MakeHookContext("post-rollback"));
    });
    if (failure) recorder_.Warn(failure->message);
  }
  const auto failure = Attempt([&] {
    switch (spec_.traits().after_commit) {
      case AfterCommit::kNothing:
        break;
      case AfterCommit::kApplyRetention:
        recorder_.WarnAll(ApplyRetention(context_, record_.number));
        break;
      case AfterCommit::kCollectUnkept:
        recorder_.WarnAll(MessagesOf(CollectUnkept(context_)));
    }
  });
  if (failure) recorder_.Warn(failure->message);
}

Outcome Transaction::Undone(const Failure& failure) {
  if (record_.switching) {
    recorder_.Remark("undoing");
    const auto hint = staging_ ? staging_->Hint() : std::nullopt;
    if (hint) recorder_.Warn(*hint);
  }
  record_.current_step = recorder_.current_step();
  record_.tree = recorder_.tree();
  Outcome undone = Undo(context_, &*journal_, record_, state_.ledger,
                        {.failure = failure, .facts = recorder_.facts});
  undone.steps = std::move(recorder_.steps);
  undone.warnings.insert(undone.warnings.begin(), recorder_.warnings.begin(),
                         recorder_.warnings.end());
  // The outcome is decided; a failure to clean up must not change it.
  Attempt([&] { journal_->GiveBackRoom(); });
  for (std::string& each : CleanUpAfterUndo(context_, record_.number)) {
    undone.warnings.push_back(std::move(each));
  }
  return undone;
}

// Returns the name of the release that is live after the commit.
std::string Transaction::NameAfter() const {
  return switches() ? prepared_.to->name() : state_.CurrentName();
}

HookContext Transaction::MakeHookContext(const std::string& step) const {
  return {.app = context_->config->app,
          .version = prepared_.to ? prepared_.to->name() : "",
          .previous = outcome_.previous,
          .root = context_->config->root,
          .transaction = record_.number,
          .step = step,
          .result = record_.end ? record_.end->result : Result::kNone,
          .reason = spec_.reason,
          .facts = recorder_.facts};
}

}  // namespace

LockedRoot::LockedRoot(DeployContext* context) : context_(context) {
  try {
    LockAndRecover();
  } catch (const Error&) {
    lock_.reset();
    TellNotices(context_);
    throw;
  }
}

void LockedRoot::LockAndRecover() {
  RequireLayout(context_->fs);
  lock_.emplace(context_->fs, context_->system.clock, context_->caller,
                context_->wait);
  state_ = ReadDeploymentState(context_->fs);
  recovery_ = Recover(context_, &state_, WithService::kYes);
  if (!recovery_) return;
  // Undoing a rollback goes forward, so it is not a rollback that was asked
  // for.
  const bool forward = state_.open->begin->command != CommandId::kRollback;
  const std::string before = state_.CurrentName();
  state_ = ReadDeploymentState(context_->fs);
  if (state_.open) return;
  state_.went_back = forward && state_.CurrentName() != before;
  context_->report(
      {.kind = ProgressEvent::Kind::kWarning,
       .transaction = recovery_->transaction,
       .text = fmt::format("settled first: {}", recovery_->error->message)});
}

Outcome LockedRoot::RunAndPrepareNext(const TransactionSpec& spec) {
  if (!recovered()) return *recovery_;
  Fs* fs = context_->fs;
  Outcome outcome = Transaction(context_, spec, std::move(state_)).Run();
  // Make links and spare records now: the next rollback may find a full disk.
  Attempt([&] { PrepareLinks(fs, ListReleases(fs).versions); });
  Attempt([&] { PrepareSpareRecords(fs); });
  // Do this last: any later change in transactions/ invalidates the cache.
  Attempt([&] { RememberNewest(fs, outcome.transaction); });
  return outcome;
}

Outcome LockedRoot::Run(const TransactionSpec& spec) {
  try {
    Outcome outcome = RunAndPrepareNext(spec);
    lock_.reset();
    for (std::string& warning : TellNotices(context_)) {
      outcome.warnings.push_back(std::move(warning));
    }
    return outcome;
  } catch (const Error&) {
    lock_.reset();
    TellNotices(context_);
    throw;
  }
}

Outcome RunTransaction(DeployContext* context, const TransactionSpec& spec) {
  return LockedRoot(context).Run(spec);
}

}  // namespace release
