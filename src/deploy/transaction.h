// The engine: one transaction from the lock to its outcome.
//
// What a command wants done is a TransactionSpec; the engine runs it in the one
// order that keeps the promises: recover, begin, stage, switch, take up, prove,
// commit, and undo by itself where any of it fails. It is the only place beside
// main that catches.
#ifndef RELEASE_DEPLOY_TRANSACTION_H_
#define RELEASE_DEPLOY_TRANSACTION_H_

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "deploy/deploy_context.h"
#include "deploy/deployment_state.h"
#include "store/journal.h"

namespace release {

class Transaction;

struct TransactionSpec {
  // What is known before `prepare`: command, reason, source.
  BeginRecord begin;
  // Points `current` at begin.to and has the service take it up; that not where
  // begin.takes_over: it uses the same files as before.
  bool activates = false;
  // The activation is a rollback: no pre- and post-activate hooks, and the
  // release left is marked withdrawn.
  bool goes_back = false;
  // Removes what retention lets go after the commit.
  bool retains = false;
  // Waits so long for `confirm` after the release proved healthy.
  std::optional<Duration> confirm_within;
  // What a success is called: "committed" or "unchanged".
  std::string result = "committed";
  std::uint64_t bytes = 0;  // of the files of a release that is created
  // What is known of the archive beforehand, for the record and for hooks.
  std::map<std::string, std::string> facts;
  std::string evidence;  // the same in words, for the ledger

  // Looks at how things stand and fills in the rest. What it throws refuses
  // the work: recorded, nothing changed.
  std::function<void(const DeploymentState&, TransactionSpec*)> prepare;
  // Makes releases/TO. Where nothing is to be done it turns
  // `activates` off and calls the result "unchanged".
  std::function<void(Transaction*)> stage;
  // How the ledger changes with the commit, beside the activation itself.
  std::function<void(Ledger*, const Ledger::Cause&)> settle;
};

// Takes the lock, settles what was left unfinished, runs the work, lets go of
// the lock, and tells what became of it (deploy/notices.h). Throws
// only where no transaction could be begun (busy, not initialized, no room for
// the record): then nothing has changed.
Outcome RunTransaction(DeployContext* context, TransactionSpec spec);

class Transaction {
 public:
  Transaction(DeployContext* context, DeploymentState state,
              TransactionSpec spec);
  // The waits of its service ask it whether to stop, so it has one place.
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  Outcome Run();

  // -- for TransactionSpec::stage
  DeployContext* context() const { return context_; }
  const DeploymentState& state() const { return state_; }
  TransactionSpec* spec() { return &spec_; }
  std::uint64_t number() const { return record_.number; }
  // Runs one named step: announced, timed, recorded. Looks first whether a
  // signal or `abort` asks to stop.
  void Step(const std::string& name, const std::function<void()>& body);
  // Runs a hook as a step of its own; nothing where `argv` is empty. What it
  // printed is kept in the record.
  void RunHookStep(const std::string& name, const Argv& argv);
  // Throws Error kInterrupted or kAborted where somebody asked to stop.
  void StopIfAsked();
  void Warn(const std::string& text);
  // Tells progress, in words.
  void Remark(const std::string& text);
  // Tells the record which tree the transaction makes, by its inode.
  void NoteTree(std::uint64_t inode);
  // Remembered in the record: facts["sha256"] = ...
  void AddFact(const std::string& name, const std::string& value);

 private:
  void ForgetOldRequest();
  std::optional<Failure> Prepare();
  void Begin();
  void Forward();
  void Activate();
  void RequireUnmoved();
  void Switch();
  void Reload();
  void RequireStillLive();
  void AwaitConfirmation();
  void Commit();
  void WarnAll(const std::vector<std::string>& texts);
  void AfterCommit();
  void EndStep(const std::string& name, Nanoseconds start);
  HookContext MakeHookContext(const std::string& step) const;
  Outcome Undone(const Failure& failure);

  DeployContext* context_;
  DeploymentState state_;
  TransactionSpec spec_;
  std::optional<Journal> journal_;
  // The record as written, kept here for the recovery rule.
  TransactionRecord record_;
  Service service_;
  std::map<std::string, std::string> facts_;
  Outcome outcome_;
};

}  // namespace release

#endif  // RELEASE_DEPLOY_TRANSACTION_H_
