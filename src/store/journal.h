// Transaction records: the journal that recovery reads, and the audit trail.
//
// Each transaction has one file, `transactions/000042.log`. Each of its lines
// carries its own checksum (docs/formats.md); a line whose checksum does not
// match counts as absent. Recovery decides by the lines begin, tree, starting,
// switching, committed and undone; all others are for people.
//
// Durability: Begin, Switching and End are durable when the call returns
// (Begin: see Beginning); StepBegun, Step, Note, Tree and Starting are not.
#ifndef RELEASE_STORE_JOURNAL_H_
#define RELEASE_STORE_JOURNAL_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/command_id.h"
#include "base/error.h"
#include "base/result.h"
#include "base/version.h"
#include "os/fs.h"
#include "os/identity.h"
#include "store/ledger.h"

namespace release {

struct BeginRecord {
  CommandId command = CommandId::kNone;
  std::string app;
  Identity caller;
  std::int64_t at = 0;                     // wall seconds
  std::optional<std::string> from_target;  // of `current`; nullopt: not a link
  std::optional<Version> to;               // the release it is about
  bool creates = false;                    // this transaction makes `to`
  // An adoption: the tree of `to` was there before the tool was. Without
  // `from_target`, that tree itself was called `current`.
  bool takes_over = false;
  std::string reason;  // the user's --reason
  std::string source;  // the archive's name
  // The release that `to` is a restart of; empty unless this transaction makes
  // one.
  std::string restart_of;
  std::string rollout;  // the user's --rollout

  // Returns whether `to` is the release that `from_target` names: the
  // transaction only has the service take up what is live.
  bool KeepsLive() const;
};

// Whether a step belongs to the transaction's way forward or to its undo.
enum class StepPhase { kForward, kUndo };

struct StepRecord {
  std::string name;
  double seconds = 0;
  std::string detail;
};

// How the transaction ended. `exit` and `code` are those of the command.
struct EndRecord {
  bool committed = false;
  Exit exit = Exit::kDone;
  Result result = Result::kNone;
  std::string code;  // kebab-case; empty without an error
  std::string message;
  std::int64_t at = 0;
  bool recovered = false;                    // settled by a later command
  Ledger ledger;                             // as it is from now on
  std::map<std::string, std::string> facts;  // sha256 of the archive, ...
};

// The service before the transaction took it up: with [instances], the instance
// of the release that was live. An undo that has no earlier release to run
// stops a service that was stopped, and it starts no instance that was.
enum class ServiceBefore { kRunning, kStopped };

// The content of a record file.
struct TransactionRecord {
  std::uint64_t number = 0;
  std::optional<BeginRecord> begin;
  std::vector<StepRecord> steps;  // of the way forward
  // Of the undo. An undo that died and was run again has its steps twice.
  std::vector<StepRecord> undo_steps;
  std::vector<std::string> notes;
  bool starting = false;  // an instance of the release was started
  bool switching = false;
  // As of starting or switching.
  ServiceBefore service_before = ServiceBefore::kRunning;
  // The inode of the tree that the transaction makes, first in .partial-N and
  // then under the release's name. Recovery recognizes the tree by it.
  std::optional<std::uint64_t> tree;
  std::optional<EndRecord> end;
  std::string current_step;  // the step begun last on the way forward
  std::string undo_step;     // the step begun last by the undo
  // When the limit of the latest step expires, in seconds since 1970; 0: it has
  // no limit. For display only: the limit itself is kept by a clock that does
  // not jump.
  std::int64_t step_until = 0;
  bool damaged = false;          // a complete line has a wrong checksum
  std::uint64_t good_bytes = 0;  // up to the end of the last good line

  // True if it has begun and not ended: it is running, or its process died.
  bool open() const { return begin && !end; }
  // Returns the step begun last, for messages: "health", or "reload of the
  // undo"; "begin" before the first.
  std::string StepText() const;
};

// Reads a record, leaving out the lines that cannot be parsed. Throws FsError
// if the file cannot be read.
TransactionRecord ReadRecord(Fs* fs, std::uint64_t number);

// Parses the text of a record file; never throws for what is in it.
TransactionRecord ParseRecord(std::string_view text, std::uint64_t number);

// Returns the numbers of all records, ascending. Leaves out damaged records
// that were set aside. Throws FsError.
std::vector<std::uint64_t> ListRecords(Fs* fs);

// Makes a record that has ended, and its name, durable. Its process may have
// died between writing the end and syncing it; without this, a power cut could
// take back an outcome that a later command has relied on. Throws FsError.
void SyncRecord(Fs* fs, std::uint64_t number);

// Returns the highest number of any record, 0 if there is none. Counts damaged
// records that were set aside, so that their numbers are not used again. Throws
// FsError.
std::uint64_t NewestNumber(Fs* fs);

// Writes one record file and holds it open. Each function throws FsError if it
// cannot do its work.
class Journal {
 public:
  // The source of a record's disk space. The spare files are for transactions
  // that must work on a full disk; one that unpacks an archive needs free space
  // anyway and must not use them up.
  enum class RecordSpace { kSpareFile, kNewFile };
  // When the begin line is durable: when Begin returns, or only when Starting
  // or Switching returns. The latter saves a sync, and is right only for a
  // transaction that does nothing before these that would have to be undone.
  enum class Beginning { kAtOnce, kWithSwitching };

  // Makes the file of record `number`: from a spare file with kSpareFile, if
  // there is one; else as a new file with disk space reserved. Throws FsError,
  // also if the record exists or its number is not below kRecordLimit.
  Journal(Fs* fs, std::uint64_t number, RecordSpace room);
  // Opens an existing record, to settle it. Cuts off what follows its last good
  // line.
  static Journal Reopen(Fs* fs, std::uint64_t number);

  std::uint64_t number() const { return number_; }

  // If this throws, nothing has begun: call Abandon.
  void Begin(const BeginRecord& begin,
             Beginning beginning = Beginning::kAtOnce);
  // Removes the record. Not durable: if it comes back, recovery settles it.
  void Abandon();
  // Records which step has begun, for `status` and for the message "busy", and
  // until when it may take: seconds since 1970, 0 if it has no limit.
  void StepBegun(const std::string& name, StepPhase phase = StepPhase::kForward,
                 std::int64_t until = 0);
  void Step(const StepRecord& step, StepPhase phase = StepPhase::kForward);
  void Note(const std::string& text);
  // Records the inode of the tree being made. Durable together with that tree:
  // the SyncTree before publishing covers both.
  void Tree(std::uint64_t inode);
  // Records that an instance of the release may run from here on. Not durable
  // unless the begin line still had to be made so: a power cut ends the
  // instance too.
  void Starting(ServiceBefore before);
  // Records that `current` may be renamed from here on, and the service taken
  // up.
  void Switching(ServiceBefore before = ServiceBefore::kRunning);
  // Records the outcome. If this throws, the line may be durable or not: call
  // TakeBackEnd before going on.
  void End(const EndRecord& end);
  // Cuts off the line that the last End wrote. Not durable.
  void TakeBackEnd();
  // Frees the reserved disk space that the record did not use. Call after End.
  void GiveBackRoom();

 private:
  Journal(Fs* fs, std::uint64_t number, ScopedHandle file)
      : fs_(fs), number_(number), file_(std::move(file)) {}
  void Append(const std::string& line);
  void Sync();

  Fs* fs_;
  std::uint64_t number_;
  ScopedHandle file_;
  std::uint64_t size_ = 0;
  std::uint64_t size_before_end_ = 0;
  bool torn_ = false;   // the last write failed, perhaps halfway
  bool named_ = false;  // the file's name is durable
};

}  // namespace release

#endif  // RELEASE_STORE_JOURNAL_H_
