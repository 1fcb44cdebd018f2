#include "deploy/undo_outcome.h"

#include <fmt/format.h>

#include "base/text.h"
#include "store/layout.h"

namespace release {
namespace {

using Link = RecoveryPlan::Link;

// Whether the transaction only has the service take up what is live.
bool RestartsLive(const TransactionRecord& record) {
  return record.begin->command == CommandId::kRestart &&
         record.begin->KeepsLive();
}

bool SpeaksAgainstRelease(const Failure& failure) {
  switch (failure.code) {
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

void DecideExit(const TransactionRecord& record, Link link, bool trouble,
                Outcome* outcome) {
  if (trouble || link == Link::kLeave || link == Link::kStuck) {
    outcome->exit = Exit::kNeedsPerson;
    outcome->result = Result::kInDoubt;
    return;
  }
  if (record.switching) {
    outcome->exit = Exit::kUndone;
    outcome->result = Result::kUndone;
    return;
  }
  outcome->exit = ExitBeforeSwitch(outcome->error->code);
  outcome->result = ResultBeforeSwitch(outcome->exit);
}

// Extends the message and sets the code if the service could not be taken back.
void AddTrouble(const TransactionRecord& record, const Failure& trouble,
                Failure* error) {
  if (record.begin->from_target && trouble.code == ErrorCode::kInterrupted) {
    error->code = ErrorCode::kInDoubt;
    error->message = AppendToFirstLine(
        error->message,
        "; the release before is live again, but it is not known whether it is "
        "healthy: the wait for it was stopped by a second signal");
    return;
  }
  const char* state =
      RestartsLive(record) ? "a second try failed too"
      : record.begin->from_target
          ? "the release before is live again, but unhealthy too"
          : "no release is live, and the service may still run this one";
  error->code = ErrorCode::kUndoFailed;
  error->message = AppendToFirstLine(
      error->message, fmt::format("; {}: {}", state, trouble.message));
}

// Extends the message and sets the code if `current` could not go back.
void AddStuckLink(Link link, Outcome* outcome) {
  Failure& error = *outcome->error;
  if (link == Link::kLeave) {
    error.message = AppendToFirstLine(
        error.message,
        fmt::format(
            "; meanwhile {} was moved by hand to {}, and was left there",
            kCurrent, outcome->current.empty() ? "nothing" : outcome->current));
    error.code = ErrorCode::kLinkMoved;
  } else if (link == Link::kStuck) {
    error.message = AppendToFirstLine(
        error.message,
        fmt::format("; cannot go back to {}: it is gone, so {} stays live",
                    outcome->previous, outcome->current));
    error.code = ErrorCode::kInDoubt;
  }
}

}  // namespace

Outcome OutcomeOfUndo(const TransactionRecord& record,
                      const std::optional<Failure>& failure) {
  Outcome outcome;
  outcome.command = record.begin->command;
  outcome.transaction = record.number;
  outcome.version = record.begin->to;
  outcome.previous = NameOfTarget(record.begin->from_target);
  outcome.error = failure;
  if (!failure) {
    outcome.error =
        Failure{.code = ErrorCode::kInterrupted,
                .message = fmt::format("transaction {} died in step {}",
                                       record.number, record.StepText())};
  }
  return outcome;
}

void DecideOutcome(const TransactionRecord& record, Link link,
                   const std::optional<Failure>& trouble, Outcome* outcome) {
  DecideExit(record, link, trouble.has_value(), outcome);
  if (trouble) {
    AddTrouble(record, *trouble, &*outcome->error);
  } else {
    AddStuckLink(link, outcome);
  }
}

void DecideFailedUndo(const TransactionRecord& record, const Error& error,
                      Outcome* outcome) {
  outcome->exit = Exit::kNeedsPerson;
  outcome->result = Result::kInDoubt;
  const std::string first = outcome->error->message;
  outcome->error = FailureOf(error);
  outcome->error->code = ErrorCode::kUndoFailed;
  outcome->error->message =
      fmt::format("cannot undo transaction {}: {} (undone because: {})",
                  record.number, error.what(), first);
}

bool ReleaseFailed(const TransactionRecord& record,
                   const std::optional<Failure>& failure, Exit exit) {
  const BeginRecord& begin = *record.begin;
  if (!begin.to || begin.takes_over || !failure ||
      !SpeaksAgainstRelease(*failure)) {
    return false;
  }
  // A service that was not restarted well says nothing about its release.
  if (RestartsLive(record)) return false;
  if (record.switching) return exit == Exit::kUndone;
  // The instance was not proved, so nobody saw the release. A target of a
  // rollback was good before, and stays so.
  return record.starting && begin.command != CommandId::kRollback &&
         !begin.KeepsLive();
}

}  // namespace release
