#include "deploy/transaction.h"

#include <fmt/format.h>

#include <utility>

#include "base/instance_names.h"
#include "deploy/activation.h"
#include "deploy/adopt_releases.h"
#include "deploy/attempt.h"
#include "deploy/drain.h"
#include "deploy/kept_manifest.h"
#include "deploy/notices.h"
#include "deploy/prune.h"
#include "deploy/restart.h"
#include "deploy/staging.h"
#include "deploy/step_recorder.h"
#include "deploy/switch.h"
#include "deploy/target_tree.h"
#include "deploy/undo.h"
#include "deploy/watched_release.h"
#include "os/cancellation.h"
#include "service/hooks.h"
#include "store/layout.h"
#include "store/unremovable.h"
#include "store/watch_note.h"

namespace release {
namespace {

class Transaction {
 public:
  Transaction(DeployContext* context, const TransactionSpec& spec,
              DeploymentState state);
  Outcome Run();

 private:
  void Prepare();
  void PrepareRelease();
  void PrepareRollback();
  void Begin();
  void Forward();
  void Stage();
  void TakeNewTree();
  void Commit();
  void ChangeLedger(Ledger* ledger, std::int64_t now);
  void AfterCommit();
  Outcome Undone(const Failure& failure);

  // Returns how `current` changes; kNone if the wanted state exists already.
  LinkChange link() const {
    return prepared_.unchanged ? LinkChange::kNone : spec_.traits().link;
  }
  bool switches() const { return link() != LinkChange::kNone; }
  // A rollback goes to a release that was good, so it is not watched.
  bool BeginsWatch() const {
    return link() == LinkChange::kForward && context_->config->watch.configured;
  }
  std::string NameAfter() const;
  std::string RestartOf() const;
  std::string RolloutAfter() const;
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
  Outcome outcome_;
};

Transaction::Transaction(DeployContext* context, const TransactionSpec& spec,
                         DeploymentState state)
    : context_(context),
      spec_(spec),
      state_(std::move(state)),
      recorder_(context, state_.newest + 1),
      watch_(context->fs, AbortPath(recorder_.number()),
             fmt::format("transaction {} was asked to abort",
                         recorder_.number())) {
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
  outcome_.irreversible = spec_.irreversible;
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
  RequireExpectedLive(state_, spec_.rollout.expect_live);
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
      staging_->Prepare(state_, TrashPolicy::kDelete, &prepared_);
      break;
    case TransactionKind::kActivate:
      RequireRelease(state_, *spec_.version);
      // A release that a person linked by hand is proved like any other.
      prepared_.unchanged =
          state_.live == spec_.version && state_.LiveIsRecorded();
      if (spec_.manifest_sha256.empty()) break;
      RequireManifest(*context_, *spec_.version, spec_.manifest_sha256);
      break;
    case TransactionKind::kRollback:
      PrepareRollback();
      break;
    case TransactionKind::kRestart:
      RequireRestartable(*context_->config, state_);
      PrepareRestart(*context_, state_, &prepared_);
      break;
    case TransactionKind::kRestartService:
      RequireRestartable(*context_->config, state_);
      prepared_.to = state_.live;
      break;
    case TransactionKind::kAdopt:
      prepared_.unchanged = spec_.adoption.releases.empty();
      break;
    case TransactionKind::kPin:
    case TransactionKind::kUnpin:
      RequireRelease(state_, *spec_.version);
      break;
    case TransactionKind::kPrune:
    case TransactionKind::kWatch:
      break;
  }
}

void Transaction::PrepareRollback() {
  prepared_.to = ChooseRollbackTarget(state_, spec_.version, spec_.rollout.id);
  prepared_.unchanged = state_.live == prepared_.to;
  if (prepared_.unchanged && !spec_.rollout.id.empty()) {
    recorder_.Remark(
        fmt::format("rollout {} did not make live what is live, so it is left",
                    spec_.rollout.id));
  }
  if (prepared_.to && spec_.past == PastIrreversible::kRefused) {
    RequireReversible(state_, *prepared_.to);
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
      .source = spec_.archive ? spec_.archive->name : "",
      .restart_of = prepared_.restart_of,
      .rollout = spec_.rollout.id};
  journal_.emplace(context_->fs, record_.number,
                   adopts && prepared_.unchanged
                       ? Journal::RecordSpace::kSpareFile
                       : spec_.traits().record_space());
  try {
    // Before its switch a rollback at most starts an instance, which Starting
    // makes known: one sync covers both.
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
  const bool watched = BeginsWatch();
  const unsigned errors_before =
      watched ? ErrorsBeforeSwitch(*context_, state_.live) : 0;
  Activation activation({.recorder = &recorder_,
                         .journal = &*journal_,
                         .record = &record_,
                         .spec = spec_,
                         .state = state_,
                         .to = prepared_.to,
                         .link = link(),
                         .tree = tree_ ? &*tree_ : nullptr,
                         .hook_context = MakeHookContext("")});
  if (switches()) {
    activation.Run();
  } else if (spec_.kind == TransactionKind::kRestartService) {
    activation.RestartService();
  } else if (prepared_.unchanged &&
             spec_.traits().link == LinkChange::kForward) {
    activation.StartLiveAgain();
  }
  if (watched) {
    recorder_.WarnAll(
        BeginWatch(context_, *prepared_.to, record_.number, errors_before));
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
        TakeNewTree();
        break;
      }
      prepared_.unchanged = state_.live == prepared_.to ||
                            spec_.traits().link == LinkChange::kNone;
      break;
    case StagingStep::kRepublish:
      PublishRestart(state_, &recorder_, &prepared_);
      TakeNewTree();
  }
}

void Transaction::TakeNewTree() {
  tree_.emplace(context_->fs, *prepared_.to, *recorder_.tree());
  recorder_.RunHookStep("preflight", context_->config->hooks.preflight,
                        MakeHookContext("preflight"));
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
                            .reason = spec_.reason,
                            .rollout = RolloutAfter()};
  if (prepared_.creates) {
    ledger->Staged(*prepared_.to, prepared_.bytes, cause);
    ledger->SetEvidence(*prepared_.to, prepared_.evidence);
    ledger->SetRestartOf(*prepared_.to, prepared_.restart_of);
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
  if (spec_.irreversible) ledger->SetIrreversible(*prepared_.to);
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
  // Otherwise the health check has shown that the files are where they should.
  if (staging_ && !context_->config->health.configured()) {
    if (const auto hint = staging_->Hint()) recorder_.Warn(*hint);
  }
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
  if (switches() && !BeginsWatch()) {
    Attempt([&] { ForgetWatch(context_->fs); });
  }
  const auto failure = Attempt([&] {
    switch (spec_.traits().after_commit) {
      case AfterCommit::kNothing:
        break;
      case AfterCommit::kApplyRetention:
        recorder_.WarnAll(ApplyRetention(context_, record_));
        break;
      case AfterCommit::kCollectUnkept:
        recorder_.WarnAll(MessagesOf(CollectUnkept(context_)));
    }
  });
  if (failure) recorder_.Warn(failure->message);
  if (context_->config->instances.configured && switches() &&
      link() != LinkChange::kTakeOver) {
    recorder_.WarnAll(LeaveEarlierInstance(
        context_, link() == LinkChange::kForward ? state_.live : std::nullopt));
  }
}

Outcome Transaction::Undone(const Failure& failure) {
  if (record_.switching) {
    recorder_.Remark(failure.code == ErrorCode::kInterrupted
                         ? "undoing; interrupt once more to stop waiting for "
                           "the earlier release"
                         : "undoing");
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

// Returns the release that this transaction's release is a restart of, "" if it
// is none. A new tree is not in the ledger yet, or as the one that it replaces.
std::string Transaction::RestartOf() const {
  if (prepared_.creates) return prepared_.restart_of;
  return prepared_.to ? state_.ledger.RestartOf(*prepared_.to) : "";
}

// Returns the rollout that this transaction's release belongs to. A restart of
// a release is undone together with it.
std::string Transaction::RolloutAfter() const {
  if (spec_.kind != TransactionKind::kRestart || !state_.live) {
    return spec_.rollout.id;
  }
  const LedgerEntry* entry = state_.ledger.Find(*state_.live);
  return entry == nullptr ? "" : entry->rollout;
}

HookContext Transaction::MakeHookContext(const std::string& step) const {
  return {.app = context_->config->app,
          .version = prepared_.to ? prepared_.to->name() : "",
          .restart_of = RestartOf(),
          .previous = outcome_.previous,
          .root = context_->config->root,
          .transaction = record_.number,
          .socket = SocketOf(*context_->config,
                             prepared_.to ? prepared_.to->name() : ""),
          .step = step,
          .result = record_.end ? record_.end->result : Result::kNone,
          .reason = spec_.reason,
          .facts = recorder_.facts};
}

}  // namespace

Outcome RunUnderLock(DeployContext* context, const TransactionSpec& spec,
                     DeploymentState state) {
  return Transaction(context, spec, std::move(state)).Run();
}

}  // namespace release
