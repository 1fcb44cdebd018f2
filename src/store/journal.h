// Transaction records: the journal that recovery reads, and the audit trail.
//
// One file per transaction, `transactions/000042.log`, of lines that each carry
// their own checksum (docs/formats.md). A line that does not check out counts
// as absent. Four kinds decide what recovery does: begin, switching, committed
// and undone; all others are for people.
//
// Durability: Begin, Switching, Committed and Undone are durable when the call
// returns; Step and Note are not.
#ifndef RELEASE_STORE_JOURNAL_H_
#define RELEASE_STORE_JOURNAL_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/version.h"
#include "os/fs.h"
#include "os/identity.h"
#include "store/ledger.h"

namespace release {

struct BeginRecord {
  std::string command;  // "deploy", "rollback", ...
  std::string app;
  Identity caller;
  std::int64_t at = 0;                     // wall seconds
  std::optional<std::string> from_target;  // what `current` said; none: no link
  std::optional<Version> to;               // the release it is about
  bool creates = false;                    // `to` is made by this transaction
  // `to` was there before the tool was: where `from_target` is nothing it had
  // the name `current`.
  bool takes_over = false;
  std::string reason;  // the user's --reason
  std::string source;  // the archive's name
};

struct StepRecord {
  std::string name;
  double seconds = 0;
  std::string detail;
};

// How it ended. `exit` and `code` are those of the command.
struct EndRecord {
  bool committed = false;
  Exit exit = Exit::kDone;
  std::string result;  // "committed", "unchanged", "refused", "failed",
                       // "undone", "in-doubt"
  std::string code;    // kebab-case; empty without an error
  std::string message;
  std::int64_t at = 0;
  bool recovered = false;                    // settled by a later command
  Ledger ledger;                             // as it is from now on
  std::map<std::string, std::string> facts;  // sha256 of the archive, ...
};

// One record file, read back.
struct TransactionRecord {
  std::uint64_t number = 0;
  std::optional<BeginRecord> begin;
  std::vector<StepRecord> steps;
  std::vector<std::string> notes;
  bool switching = false;
  // The inode of the tree that the transaction makes, in .partial-N and then
  // under the release's name.
  std::optional<std::uint64_t> tree;
  std::optional<EndRecord> end;
  std::string current_step;      // the step begun last
  bool damaged = false;          // a whole line does not check out
  std::uint64_t good_bytes = 0;  // up to the end of the last good line

  // Begun and not ended: running, or its process died.
  bool open() const { return begin && !end; }
};

// Reads a record. What cannot be parsed is left out; throws only where the
// file cannot be read.
TransactionRecord ReadRecord(Fs* fs, std::uint64_t number);

// The text of a record file, parsed.
TransactionRecord ParseRecord(std::string_view text, std::uint64_t number);

// Numbers of all records, ascending.
std::vector<std::uint64_t> ListRecords(Fs* fs);

// Makes a record that has ended, and its name, durable. Its process may have
// died before it synced the end; a power cut would then take back an outcome
// that a later command relied on. Throws FsError.
void SyncRecord(Fs* fs, std::uint64_t number);

// The highest number that a record has or had: also of one that was set aside
// as damaged, whose number is not given again. 0: none.
std::uint64_t NewestNumber(Fs* fs);

// Writes one record file; holds it open.
class Journal {
 public:
  // Whose room a record takes. Spares are for what must work on a full disk:
  // a transaction that needs room of its own anyway leaves them alone.
  enum class RecordSpace { kSpareFile, kNewFile };
  // When the beginning is durable: on return, or not before Switching returns,
  // for what does nothing until then that would have to be undone.
  enum class Beginning { kAtOnce, kWithSwitching };

  // Makes record `number`: with kSpareFile from a spare file if there is one,
  // else from a new one with room reserved. Throws FsError; then nothing is
  // left behind.
  Journal(Fs* fs, std::uint64_t number, RecordSpace room);
  // Opens an existing record, to settle it.
  static Journal Reopen(Fs* fs, std::uint64_t number);

  std::uint64_t number() const { return number_; }

  // Where this throws, nothing has begun: call Abandon.
  void Begin(const BeginRecord& begin,
             Beginning beginning = Beginning::kAtOnce);
  // Removes the record. Not durable; recovery removes one without a beginning.
  void Abandon();
  // Tells which step has begun; for whoever looks on.
  void StepBegun(const std::string& name);
  void Step(const StepRecord& step);
  void Note(const std::string& text);
  // Durable with the tree itself: the sync before it is published covers both.
  void Tree(std::uint64_t inode);
  void Switching();
  // Where this throws, whether the record is durable is not known: call
  // TakeBackEnd before going on.
  void End(const EndRecord& end);
  // Cuts off what the last End wrote. Not durable.
  void TakeBackEnd();
  // Gives the disk back what was reserved and not needed. After End.
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
  bool named_ = false;  // its name is durable
};

}  // namespace release

#endif  // RELEASE_STORE_JOURNAL_H_
