#include "deploy/undo_outcome.h"

#include <doctest/doctest.h>

#include "base/text.h"

namespace release {
namespace {

using Link = RecoveryPlan::Link;

TransactionRecord Switched() {
  TransactionRecord record;
  record.number = 7;
  record.begin = BeginRecord{.command = CommandId::kDeploy,
                             .from_target = "releases/1",
                             .to = Version::ParseOrThrow("2")};
  record.switching = true;
  return record;
}

Failure Unhealthy() {
  return {.code = ErrorCode::kHealthDeadline, .message = "2 is unhealthy"};
}

Outcome Decide(const TransactionRecord& record, Link link,
               const std::optional<Failure>& trouble = std::nullopt,
               const Failure& failure = Unhealthy()) {
  Outcome outcome = OutcomeOfUndo(record, failure);
  DecideOutcome(record, link, trouble, &outcome);
  return outcome;
}

}  // namespace

TEST_CASE("an undo after the switch ends with 4") {
  const Outcome outcome = Decide(Switched(), Link::kRestore);
  CHECK(outcome.exit == Exit::kUndone);
  CHECK(outcome.result == Result::kUndone);
  CHECK(outcome.error->code == ErrorCode::kHealthDeadline);
  CHECK(outcome.transaction == 7);
  CHECK(outcome.previous == "1");
}

TEST_CASE("before the switch the exit is that of the failure") {
  TransactionRecord record = Switched();
  record.switching = false;
  CHECK(Decide(record, Link::kSync).result == Result::kFailed);
  const Failure refusal{.code = ErrorCode::kChecksumMismatch, .message = "no"};
  const Outcome refused = Decide(record, Link::kSync, std::nullopt, refusal);
  CHECK(refused.exit == Exit::kRefused);
  CHECK(refused.result == Result::kRefused);
}

TEST_CASE("two unhealthy releases, or a link that stays, are in doubt") {
  const Failure trouble{.code = ErrorCode::kHealthLost, .message = "1 too"};
  const Outcome both = Decide(Switched(), Link::kRestore, trouble);
  CHECK(both.exit == Exit::kNeedsPerson);
  CHECK(both.result == Result::kInDoubt);
  CHECK(both.error->code == ErrorCode::kUndoFailed);
  CHECK(both.error->message ==
        "2 is unhealthy; the release before is live again, but unhealthy too: "
        "1 too");
  CHECK(Decide(Switched(), Link::kLeave).error->code == ErrorCode::kLinkMoved);
  CHECK(Decide(Switched(), Link::kStuck).error->code == ErrorCode::kInDoubt);
}

TEST_CASE("the state after the undo stands before the lines of the log") {
  const Failure logged{.code = ErrorCode::kHealthDeadline,
                       .message = "2 is unhealthy\n  log of 2"};
  const auto first_line = [&](Link link,
                              const std::optional<Failure>& trouble) {
    const Outcome outcome = Decide(Switched(), link, trouble, logged);
    CHECK(LaterLines(outcome.error->message).front() == "log of 2");
    return FirstLine(outcome.error->message);
  };
  CHECK(first_line(Link::kRestore, Failure{.code = ErrorCode::kHealthLost,
                                           .message = "1 too\n  log of 1"}) ==
        "2 is unhealthy; the release before is live again, but unhealthy too: "
        "1 too");
  CHECK(first_line(Link::kRestore, Failure{.code = ErrorCode::kInterrupted})
            .ends_with("stopped by a second signal"));
  CHECK(first_line(Link::kLeave, std::nullopt).ends_with("was left there"));
  CHECK(first_line(Link::kStuck, std::nullopt).ends_with(" stays live"));
}

TEST_CASE("a process that died is reported with its step") {
  TransactionRecord record = Switched();
  CHECK(OutcomeOfUndo(record, std::nullopt).error->message ==
        "transaction 7 died in step begin");
  record.current_step = "health";
  CHECK(OutcomeOfUndo(record, std::nullopt).error->message ==
        "transaction 7 died in step health");
}

TEST_CASE("a failed undo names both reasons") {
  Outcome outcome = OutcomeOfUndo(Switched(), Unhealthy());
  DecideFailedUndo(Switched(), Error(ErrorCode::kIoError, "cannot rename"),
                   &outcome);
  CHECK(outcome.exit == Exit::kNeedsPerson);
  CHECK(outcome.error->code == ErrorCode::kUndoFailed);
  CHECK(outcome.error->message ==
        "cannot undo transaction 7: cannot rename (undone because: 2 is "
        "unhealthy)");
}

TEST_CASE("only its own failure after the switch makes a release failed") {
  const TransactionRecord switched = Switched();
  const auto failed = [&](const TransactionRecord& record, ErrorCode code) {
    return ReleaseFailed(record, Failure{.code = code}, Exit::kUndone);
  };
  CHECK(failed(switched, ErrorCode::kHealthDeadline));
  CHECK(!failed(switched, ErrorCode::kAborted));
  CHECK(!failed(switched, ErrorCode::kNoSpace));
  CHECK(!ReleaseFailed(switched, std::nullopt, Exit::kUndone));
  CHECK(!ReleaseFailed(switched, Unhealthy(), Exit::kNeedsPerson));
  TransactionRecord adoption = switched;
  adoption.begin->takes_over = true;
  CHECK(!failed(adoption, ErrorCode::kHealthDeadline));
  TransactionRecord before = switched;
  before.switching = false;
  CHECK(!failed(before, ErrorCode::kHookFailed));
}

TEST_CASE("the target of a rollback fails only after the switch") {
  TransactionRecord rollback = Switched();
  rollback.begin->command = CommandId::kRollback;
  rollback.starting = true;
  CHECK(ReleaseFailed(rollback, Unhealthy(), Exit::kUndone));
  CHECK(!ReleaseFailed(rollback, Unhealthy(), Exit::kNeedsPerson));
  rollback.switching = false;
  CHECK(!ReleaseFailed(rollback, Unhealthy(), Exit::kFailed));
}

}  // namespace release
