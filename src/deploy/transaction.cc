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

Outcome RunLocked(Host* host, Work work) {
  RequireLayout(host->fs);
  const Lock lock(host->fs, host->doors.clock, host->caller, host->wait);
  Standing standing = ReadStanding(host->fs);
  const auto recovered = Recover(host, &standing, /*with_service=*/true);
  if (recovered) {
    const bool forward = standing.open->begin->command != "rollback";
    const std::string before = standing.CurrentName();
    standing = ReadStanding(host->fs);
    if (standing.open) return *recovered;
    standing.went_back = forward && standing.CurrentName() != before;
    host->report(
        {.kind = Event::Kind::kWarning,
         .transaction = recovered->transaction,
         .text = fmt::format("settled first: {}", recovered->error->message)});
  }
  Outcome outcome =
      Transaction(host, std::move(standing), std::move(work)).Run();
  // For the next rollback, which may find a full disk.
  Attempt([&] { PrepareLinks(host->fs, ListReleases(host->fs).versions); });
  Attempt([&] { PrepareSpareRecords(host->fs); });
  // Last: it holds until something changes among the records.
  Attempt([&] { RememberNewest(host->fs, outcome.transaction); });
  return outcome;
}

}  // namespace

Outcome RunTransaction(Host* host, Work work) {
  try {
    Outcome outcome = RunLocked(host, std::move(work));
    for (std::string& warning : TellNotices(host)) {
      outcome.warnings.push_back(std::move(warning));
    }
    return outcome;
  } catch (const Error&) {
    TellNotices(host);
    throw;
  }
}

Transaction::Transaction(Host* host, Standing standing, Work work)
    : host_(host),
      standing_(std::move(standing)),
      work_(std::move(work)),
      service_(host->config, host->doors) {
  record_.number = standing_.newest + 1;
  service_.SetWaitCallback([this] { StopIfAsked(); });
}

Outcome Transaction::Run() {
  outcome_.command = work_.begin.command;
  outcome_.transaction = record_.number;
  outcome_.previous = standing_.CurrentName();
  std::optional<Failure> failure = Attempt([&] { ForgetOldRequest(); });
  if (!failure) failure = Prepare();
  try {
    Begin();
  } catch (const Error& error) {
    PrepareNotice(host_, work_.begin, error, standing_.CurrentName());
    throw;
  }
  if (!failure) failure = Attempt([&] { Forward(); });
  if (failure) return Undone(*failure);
  outcome_.result = work_.result;
  AfterCommit();
  Attempt([&] { journal_->GiveBackRoom(); });
  return std::move(outcome_);
}

// One that came after the transaction before had ended was not meant for this.
void Transaction::ForgetOldRequest() {
  const std::string path = AbortPath(record_.number);
  if (host_->fs->Stat(Fs::kRoot, path)) {
    host_->fs->RemoveFile(Fs::kRoot, path);
  }
}

std::optional<Failure> Transaction::Prepare() {
  // The archive may be long in coming.
  const WaitCheck check([this] { StopIfAsked(); });
  auto failure = Attempt([&] {
    if (work_.prepare) work_.prepare(standing_, &work_);
    const bool takes_any = work_.goes_back || work_.begin.takes_over;
    if (work_.activates && !takes_any) RequireLink(standing_);
  });
  outcome_.version = work_.begin.to;
  facts_ = work_.facts;
  return failure;
}

void Transaction::Begin() {
  work_.begin.app = host_->config->app;
  work_.begin.caller = host_->caller;
  work_.begin.at = host_->doors.clock->WallSeconds();
  work_.begin.from_target = standing_.current_target;
  // What brings in nothing new must go on a full disk too.
  journal_.emplace(
      host_->fs, record_.number,
      work_.stage ? Journal::Room::kNewFile : Journal::Room::kSpareFile);
  try {
    // Nothing lies between the beginning of a rollback and its switch.
    journal_->Begin(work_.begin, work_.goes_back && !work_.stage
                                     ? Journal::Beginning::kWithSwitching
                                     : Journal::Beginning::kAtOnce);
  } catch (const Error&) {
    // Nothing has been done that it would have to undo.
    Attempt([&] { journal_->Abandon(); });
    throw;
  }
  record_.begin = work_.begin;
}

void Transaction::Forward() {
  if (work_.stage) {
    const WaitCheck check([this] { StopIfAsked(); });
    work_.stage(this);
  }
  if (work_.begin.takes_over) {
    Step("switch", [&] { Switch(); });
  } else if (work_.activates) {
    Activate();
  }
  // The last moment to stop: from here on the release stays.
  StopIfAsked();
  if (work_.activates) RequireStillLive();
  Commit();
}

void Transaction::Activate() {
  service_.Observe();
  if (!work_.goes_back) {
    RunHookStep("pre_activate", host_->config->hooks.pre_activate);
  }
  Step("switch", [&] { Switch(); });
  TakeUp();
  if (!work_.goes_back) {
    RunHookStep("post_activate", host_->config->hooks.post_activate);
  }
  if (work_.confirm_within) Step("confirm", [&] { AwaitConfirmation(); });
}

void Transaction::RequireUnmoved() {
  const auto info = host_->fs->Stat(Fs::kRoot, kCurrent);
  const bool is_link = !info || info->type == FileType::kSymlink;
  if (is_link == standing_.current_is_link &&
      (!is_link ||
       host_->fs->ReadLink(Fs::kRoot, kCurrent) == work_.begin.from_target)) {
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
  const std::string target = ReleasePath(*work_.begin.to);
  if (standing_.current_is_link) {
    SwapCurrent(host_->fs, target);
    return;
  }
  if (work_.begin.takes_over) {
    TakePlaceOf(host_->fs, kCurrent, target, target);
    return;
  }
  const std::string aside = AsideName(record_.number);
  TakePlaceOf(host_->fs, kCurrent, target, aside);
  Warn(fmt::format("{} was no symbolic link; what it was is {} now", kCurrent,
                   aside));
}

void Transaction::RequireStillLive() {
  if (host_->fs->ReadLink(Fs::kRoot, kCurrent) ==
      ReleasePath(*work_.begin.to)) {
    return;
  }
  throw Error(ErrorCode::kLinkMoved,
              fmt::format("cannot keep {}: {} was moved by hand while it was "
                          "being proved",
                          work_.begin.to->name(), kCurrent),
              kCurrent);
}

void Transaction::TakeUp() {
  if (host_->config->service.configured()) {
    Step("reload", [&] {
      WarnAll(service_.TakeUp(MakeOccasion("reload")));
      WarnAll(service_.CheckRunning(MakeOccasion("running-check")));
    });
  }
  if (host_->config->health.configured() ||
      host_->config->service.configured()) {
    Step("health", [&] { service_.CheckHealth(MakeOccasion("health")); });
  }
}

void Transaction::AwaitConfirmation() {
  Clock* clock = host_->doors.clock;
  const Nanoseconds end = clock->SinceBoot() + *work_.confirm_within;
  Remark(fmt::format(
      "waiting {} for `release confirm`; without it {} is undone",
      FormatDuration(*work_.confirm_within), work_.begin.to->name()));
  while (!host_->fs->Stat(Fs::kRoot, ConfirmPath(record_.number))) {
    StopIfAsked();
    if (clock->SinceBoot() >= end) {
      throw Error(ErrorCode::kNotConfirmed,
                  fmt::format("cannot keep {}: not confirmed within {}",
                              work_.begin.to->name(),
                              FormatDuration(*work_.confirm_within)));
    }
    clock->Sleep(kConfirmPoll);
  }
  host_->fs->RemoveFile(Fs::kRoot, ConfirmPath(record_.number));
}

void Transaction::Commit() {
  const std::int64_t now = host_->doors.clock->WallSeconds();
  const Ledger::Cause cause{.transaction = record_.number,
                            .at = now,
                            .by = CallerName(host_->caller),
                            .reason = work_.begin.reason};
  EndRecord end{.committed = true,
                .result = work_.result,
                .at = now,
                .ledger = standing_.ledger,
                .facts = facts_};
  if (work_.begin.creates) {
    end.ledger.Staged(*work_.begin.to, work_.bytes, cause);
    end.ledger.SetEvidence(*work_.begin.to, work_.evidence);
  }
  if (work_.settle) work_.settle(&end.ledger, cause);
  if (work_.activates && work_.goes_back) {
    end.ledger.RolledBack(standing_.live, *work_.begin.to, cause);
  } else if (work_.activates) {
    end.ledger.Activated(*work_.begin.to, cause);
  }
  PrepareNotice(
      host_, record_, end,
      work_.activates ? work_.begin.to->name() : standing_.CurrentName());
  try {
    journal_->End(end);
  } catch (const Error&) {
    // A record that may or may not say committed must not stay behind.
    journal_->TakeBackEnd();
    throw;
  }
  standing_.ledger = end.ledger;
  record_.end = std::move(end);
}

void Transaction::AfterCommit() {
  outcome_.current =
      work_.activates ? work_.begin.to->name() : standing_.CurrentName();
  // What is committed is not stopped any more.
  const HoldInterrupts hold;
  if (work_.goes_back) {
    const auto failure = Attempt([&] {
      RunHook(host_->doors.runner, "post_rollback",
              host_->config->hooks.post_rollback, host_->config->hooks,
              MakeOccasion("post-rollback"));
    });
    if (failure) Warn(failure->message);
  }
  if (!work_.retains) return;
  const auto failure = Attempt([&] {
    for (const std::string& text : ApplyRetention(host_, record_.number)) {
      Warn(text);
    }
  });
  if (failure) Warn(failure->message);
}

void Transaction::RunHookStep(const std::string& name, const Argv& argv) {
  if (argv.empty()) return;
  Step(name, [&] {
    RunHook(host_->doors.runner, name, argv, host_->config->hooks,
            MakeOccasion(name),
            [this](const std::string& output) { journal_->Note(output); });
  });
}

Occasion Transaction::MakeOccasion(const std::string& step) const {
  return {.app = host_->config->app,
          .version = work_.begin.to ? work_.begin.to->name() : "",
          .previous = outcome_.previous,
          .root = host_->config->root,
          .transaction = record_.number,
          .step = step,
          .result = record_.end ? record_.end->result : "",
          .reason = work_.begin.reason,
          .facts = facts_};
}

Outcome Transaction::Undone(const Failure& failure) {
  if (record_.switching) Remark("undoing");
  Outcome undone = Undo(host_, &*journal_, record_, standing_.ledger,
                        {.failure = failure, .facts = facts_});
  undone.steps = std::move(outcome_.steps);
  for (std::string& warning : undone.warnings) {
    outcome_.warnings.push_back(std::move(warning));
  }
  undone.warnings = std::move(outcome_.warnings);
  // The record is closed; what is left is garbage.
  Attempt([&] { journal_->GiveBackRoom(); });
  Attempt(
      [&] { CollectGarbage(host_->fs, host_->ThreadsFor(kRemoveThreads)); });
  return undone;
}

void Transaction::Step(const std::string& name,
                       const std::function<void()>& body) {
  StopIfAsked();
  const Nanoseconds start = host_->doors.clock->SinceBoot();
  record_.current_step = name;
  journal_->StepBegun(name);
  host_->report({.kind = Event::Kind::kStepBegun,
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
      std::chrono::duration<double>(host_->doors.clock->SinceBoot() - start)
          .count();
  outcome_.steps.push_back({.name = name, .seconds = seconds, .detail = ""});
  journal_->Step(outcome_.steps.back());
  host_->report({.kind = Event::Kind::kStepDone,
                 .transaction = record_.number,
                 .text = name,
                 .seconds = seconds});
}

void Transaction::StopIfAsked() {
  ThrowIfInterrupted();
  if (host_->fs->Stat(Fs::kRoot, AbortPath(record_.number))) {
    throw Error(
        ErrorCode::kAborted,
        fmt::format("transaction {} was asked to abort", record_.number));
  }
}

void Transaction::Warn(const std::string& text) {
  outcome_.warnings.push_back(text);
  host_->report({.kind = Event::Kind::kWarning,
                 .transaction = record_.number,
                 .text = text});
}

void Transaction::Remark(const std::string& text) {
  host_->report({.kind = Event::Kind::kRemark,
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
