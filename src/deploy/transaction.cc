#include "deploy/transaction.h"

#include <fmt/format.h>

#include <utility>

#include "base/units.h"
#include "deploy/notices.h"
#include "deploy/prune.h"
#include "deploy/undo.h"
#include "os/interrupt.h"
#include "os/wait_check.h"
#include "service/hooks.h"
#include "store/current.h"
#include "store/durable.h"
#include "store/layout.h"
#include "store/lock.h"
#include "store/newest_record.h"
#include "store/spare_records.h"

namespace release {
namespace {

// The one place where a failure becomes a value.
std::optional<Failure> Attempt(const std::function<void()>& body) {
  try {
    body();
    return std::nullopt;
  } catch (const Error& error) {
    return FailureOf(error);
  } catch (const std::bad_alloc&) {
    return Failure{.code = ErrorCode::kInternal,
                   .message = "cannot go on: out of memory"};
  } catch (const std::exception& error) {
    return Failure{.code = ErrorCode::kInternal,
                   .message = fmt::format("cannot go on: {}", error.what())};
  }
}

constexpr Nanoseconds kConfirmPoll = std::chrono::milliseconds(50);

Outcome RunLocked(DeployContext* context, TransactionSpec spec) {
  RequireLayout(context->fs);
  const Lock lock(context->fs, context->system.clock, context->caller,
                  context->wait);
  DeploymentState state = ReadDeploymentState(context->fs);
  const auto recovered = Recover(context, &state, /*with_service=*/true);
  if (recovered) {
    const bool forward = state.open->begin->command != "rollback";
    const std::string before = state.CurrentName();
    state = ReadDeploymentState(context->fs);
    if (state.open) return *recovered;
    state.went_back = forward && state.CurrentName() != before;
    context->report(
        {.kind = ProgressEvent::Kind::kWarning,
         .transaction = recovered->transaction,
         .text = fmt::format("settled first: {}", recovered->error->message)});
  }
  Outcome outcome =
      Transaction(context, std::move(state), std::move(spec)).Run();
  // For the next rollback, which may find a full disk.
  Attempt(
      [&] { PrepareLinks(context->fs, ListReleases(context->fs).versions); });
  Attempt([&] { PrepareSpareRecords(context->fs); });
  // Last: it holds until something changes among the records.
  Attempt([&] { RememberNewest(context->fs, outcome.transaction); });
  return outcome;
}

}  // namespace

Outcome RunTransaction(DeployContext* context, TransactionSpec spec) {
  try {
    Outcome outcome = RunLocked(context, std::move(spec));
    for (std::string& warning : TellNotices(context)) {
      outcome.warnings.push_back(std::move(warning));
    }
    return outcome;
  } catch (const Error&) {
    TellNotices(context);
    throw;
  }
}

Transaction::Transaction(DeployContext* context, DeploymentState state,
                         TransactionSpec spec)
    : context_(context),
      state_(std::move(state)),
      spec_(std::move(spec)),
      service_(context->config, context->system) {
  record_.number = state_.newest + 1;
  service_.SetWaitCallback([this] { StopIfAsked(); });
}

Outcome Transaction::Run() {
  outcome_.command = spec_.begin.command;
  outcome_.transaction = record_.number;
  outcome_.previous = state_.CurrentName();
  std::optional<Failure> failure = Attempt([&] { ForgetOldRequest(); });
  if (!failure) failure = Prepare();
  try {
    Begin();
  } catch (const Error& error) {
    PrepareNotice(context_, spec_.begin, error, state_.CurrentName());
    throw;
  }
  if (!failure) failure = Attempt([&] { Forward(); });
  if (failure) return Undone(*failure);
  outcome_.result = spec_.result;
  AfterCommit();
  Attempt([&] { journal_->GiveBackRoom(); });
  return std::move(outcome_);
}

// One that came after the transaction before had ended was not meant for this.
void Transaction::ForgetOldRequest() {
  const std::string path = AbortPath(record_.number);
  if (context_->fs->Stat(Fs::kRoot, path)) {
    context_->fs->RemoveFile(Fs::kRoot, path);
  }
}

std::optional<Failure> Transaction::Prepare() {
  // The archive may be long in coming.
  const WaitCheck check([this] { StopIfAsked(); });
  auto failure = Attempt([&] {
    if (spec_.prepare) spec_.prepare(state_, &spec_);
    const bool takes_any = spec_.goes_back || spec_.begin.takes_over;
    if (spec_.activates && !takes_any) RequireLink(state_);
  });
  outcome_.version = spec_.begin.to;
  facts_ = spec_.facts;
  return failure;
}

void Transaction::Begin() {
  spec_.begin.app = context_->config->app;
  spec_.begin.caller = context_->caller;
  spec_.begin.at = context_->system.clock->WallSeconds();
  spec_.begin.from_target = state_.current_target;
  // What brings in nothing new must go on a full disk too.
  journal_.emplace(context_->fs, record_.number,
                   spec_.stage ? Journal::RecordSpace::kNewFile
                               : Journal::RecordSpace::kSpareFile);
  try {
    // Nothing lies between the beginning of a rollback and its switch.
    journal_->Begin(spec_.begin, spec_.goes_back && !spec_.stage
                                     ? Journal::Beginning::kWithSwitching
                                     : Journal::Beginning::kAtOnce);
  } catch (const Error&) {
    // Nothing has been done that it would have to undo.
    Attempt([&] { journal_->Abandon(); });
    throw;
  }
  record_.begin = spec_.begin;
}

void Transaction::Forward() {
  if (spec_.stage) {
    const WaitCheck check([this] { StopIfAsked(); });
    spec_.stage(this);
  }
  if (spec_.begin.takes_over) {
    Step("switch", [&] { Switch(); });
  } else if (spec_.activates) {
    Activate();
  }
  // The last moment to stop: from here on the release stays.
  StopIfAsked();
  if (spec_.activates) RequireStillLive();
  Commit();
}

void Transaction::Activate() {
  service_.Observe();
  if (!spec_.goes_back) {
    RunHookStep("pre_activate", context_->config->hooks.pre_activate);
  }
  Step("switch", [&] { Switch(); });
  Reload();
  if (!spec_.goes_back) {
    RunHookStep("post_activate", context_->config->hooks.post_activate);
  }
  if (spec_.confirm_within) Step("confirm", [&] { AwaitConfirmation(); });
}

void Transaction::RequireUnmoved() {
  const auto info = context_->fs->Stat(Fs::kRoot, kCurrent);
  const bool is_link = !info || info->type == FileType::kSymlink;
  if (is_link == state_.current_is_link &&
      (!is_link || context_->fs->ReadLink(Fs::kRoot, kCurrent) ==
                       spec_.begin.from_target)) {
    return;
  }
  throw Error(ErrorCode::kLinkMoved,
              fmt::format("cannot switch {}: it was moved by hand since this "
                          "transaction began",
                          kCurrent),
              kCurrent);
}

void Transaction::Switch() {
  RequireUnmoved();
  journal_->Switching();
  record_.switching = true;
  const std::string target = ReleasePath(*spec_.begin.to);
  if (state_.current_is_link) {
    SwapCurrent(context_->fs, target);
    return;
  }
  if (spec_.begin.takes_over) {
    ExchangeForSymlink(context_->fs, kCurrent, target, target);
    return;
  }
  const std::string aside = AsideName(record_.number);
  ExchangeForSymlink(context_->fs, kCurrent, target, aside);
  Warn(fmt::format("{} was no symbolic link; what it was is {} now", kCurrent,
                   aside));
}

void Transaction::RequireStillLive() {
  if (context_->fs->ReadLink(Fs::kRoot, kCurrent) ==
      ReleasePath(*spec_.begin.to)) {
    return;
  }
  throw Error(ErrorCode::kLinkMoved,
              fmt::format("cannot keep {}: {} was moved by hand while it was "
                          "being proved",
                          spec_.begin.to->name(), kCurrent),
              kCurrent);
}

void Transaction::Reload() {
  if (context_->config->service.configured()) {
    Step("reload", [&] {
      WarnAll(service_.Reload(MakeHookContext("reload")));
      WarnAll(service_.CheckRunning(MakeHookContext("running-check")));
    });
  }
  if (context_->config->health.configured() ||
      context_->config->service.configured()) {
    Step("health", [&] { service_.CheckHealth(MakeHookContext("health")); });
  }
}

void Transaction::AwaitConfirmation() {
  Clock* clock = context_->system.clock;
  const Nanoseconds end =
      AddSaturated(clock->SinceBoot(), *spec_.confirm_within);
  Remark(fmt::format(
      "waiting {} for `release confirm`; without it {} is undone",
      FormatDuration(*spec_.confirm_within), spec_.begin.to->name()));
  while (!context_->fs->Stat(Fs::kRoot, ConfirmPath(record_.number))) {
    StopIfAsked();
    if (clock->SinceBoot() >= end) {
      throw Error(ErrorCode::kNotConfirmed,
                  fmt::format("cannot keep {}: not confirmed within {}",
                              spec_.begin.to->name(),
                              FormatDuration(*spec_.confirm_within)));
    }
    clock->Sleep(kConfirmPoll);
  }
  context_->fs->RemoveFile(Fs::kRoot, ConfirmPath(record_.number));
}

void Transaction::Commit() {
  const std::int64_t now = context_->system.clock->WallSeconds();
  const Ledger::Cause cause{.transaction = record_.number,
                            .at = now,
                            .by = CallerName(context_->caller),
                            .reason = spec_.begin.reason};
  EndRecord end{.committed = true,
                .result = spec_.result,
                .at = now,
                .ledger = state_.ledger,
                .facts = facts_};
  if (spec_.begin.creates) {
    end.ledger.Staged(*spec_.begin.to, spec_.bytes, cause);
    end.ledger.SetEvidence(*spec_.begin.to, spec_.evidence);
  }
  if (spec_.settle) spec_.settle(&end.ledger, cause);
  if (spec_.activates && spec_.goes_back) {
    end.ledger.RolledBack(state_.live, *spec_.begin.to, cause);
  } else if (spec_.activates) {
    end.ledger.Activated(*spec_.begin.to, cause);
  }
  PrepareNotice(
      context_, record_, end,
      spec_.activates ? spec_.begin.to->name() : state_.CurrentName());
  try {
    journal_->End(end);
  } catch (const Error&) {
    // A record that may or may not say committed must not stay behind.
    journal_->TakeBackEnd();
    throw;
  }
  state_.ledger = end.ledger;
  record_.end = std::move(end);
}

void Transaction::AfterCommit() {
  outcome_.current =
      spec_.activates ? spec_.begin.to->name() : state_.CurrentName();
  // What is committed is not stopped any more.
  const HoldInterrupts hold;
  if (spec_.goes_back) {
    const auto failure = Attempt([&] {
      RunHook(context_->system.runner, "post_rollback",
              context_->config->hooks.post_rollback, context_->config->hooks,
              MakeHookContext("post-rollback"));
    });
    if (failure) Warn(failure->message);
  }
  if (!spec_.retains) return;
  const auto failure = Attempt([&] {
    for (const std::string& text : ApplyRetention(context_, record_.number)) {
      Warn(text);
    }
  });
  if (failure) Warn(failure->message);
}

void Transaction::RunHookStep(const std::string& name, const Argv& argv) {
  if (argv.empty()) return;
  Step(name, [&] {
    RunHook(context_->system.runner, name, argv, context_->config->hooks,
            MakeHookContext(name),
            [this](const std::string& output) { journal_->Note(output); });
  });
}

HookContext Transaction::MakeHookContext(const std::string& step) const {
  return {.app = context_->config->app,
          .version = spec_.begin.to ? spec_.begin.to->name() : "",
          .previous = outcome_.previous,
          .root = context_->config->root,
          .transaction = record_.number,
          .step = step,
          .result = record_.end ? record_.end->result : "",
          .reason = spec_.begin.reason,
          .facts = facts_};
}

Outcome Transaction::Undone(const Failure& failure) {
  if (record_.switching) Remark("undoing");
  Outcome undone = Undo(context_, &*journal_, record_, state_.ledger,
                        {.failure = failure, .facts = facts_});
  undone.steps = std::move(outcome_.steps);
  for (std::string& warning : undone.warnings) {
    outcome_.warnings.push_back(std::move(warning));
  }
  undone.warnings = std::move(outcome_.warnings);
  // The record is closed; what is left is garbage.
  Attempt([&] { journal_->GiveBackRoom(); });
  Attempt([&] {
    CollectGarbage(context_->fs, context_->ThreadsFor(kRemoveThreads));
  });
  return undone;
}

void Transaction::Step(const std::string& name,
                       const std::function<void()>& body) {
  StopIfAsked();
  const Nanoseconds start = context_->system.clock->SinceBoot();
  record_.current_step = name;
  journal_->StepBegun(name);
  context_->report({.kind = ProgressEvent::Kind::kStepBegun,
                    .transaction = record_.number,
                    .text = name});
  try {
    body();
  } catch (...) {
    // How long it took to fail is worth knowing; the failure itself goes on.
    Attempt([&] { EndStep(name, start); });
    throw;
  }
  EndStep(name, start);
}

void Transaction::EndStep(const std::string& name, Nanoseconds start) {
  const double seconds =
      std::chrono::duration<double>(context_->system.clock->SinceBoot() - start)
          .count();
  outcome_.steps.push_back({.name = name, .seconds = seconds, .detail = ""});
  journal_->Step(outcome_.steps.back());
  context_->report({.kind = ProgressEvent::Kind::kStepDone,
                    .transaction = record_.number,
                    .text = name,
                    .seconds = seconds});
}

void Transaction::StopIfAsked() {
  ThrowIfInterrupted();
  if (context_->fs->Stat(Fs::kRoot, AbortPath(record_.number))) {
    throw Error(
        ErrorCode::kAborted,
        fmt::format("transaction {} was asked to abort", record_.number));
  }
}

void Transaction::Warn(const std::string& text) {
  outcome_.warnings.push_back(text);
  context_->report({.kind = ProgressEvent::Kind::kWarning,
                    .transaction = record_.number,
                    .text = text});
}

void Transaction::Remark(const std::string& text) {
  context_->report({.kind = ProgressEvent::Kind::kRemark,
                    .transaction = record_.number,
                    .text = text});
}

void Transaction::WarnAll(const std::vector<std::string>& texts) {
  for (const std::string& text : texts) Warn(text);
}

void Transaction::NoteTree(std::uint64_t inode) {
  record_.tree = inode;
  journal_->Tree(inode);
}

void Transaction::AddFact(const std::string& name, const std::string& value) {
  facts_[name] = value;
}

}  // namespace release
