// The outbox: notices that have not been delivered yet. Each notice has one
// file for each channel, e.g. `outbox/000042-webhook.json`. Delivery does not
// change the file; `outbox/.tries` counts the failed attempts.
//
// Two locks: a command that writes or replaces a notice holds the app's lock;
// a command that delivers and removes notices holds the outbox's own lock. With
// a single lock, a slow receiver would block a rollback.
#ifndef RELEASE_STORE_OUTBOX_H_
#define RELEASE_STORE_OUTBOX_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "os/clock.h"
#include "os/fs.h"

namespace release {

struct OutboxEntry {
  std::uint64_t transaction = 0;
  std::string channel;  // "webhook", "command"

  std::string Name() const;  // "000042-webhook.json"
  std::string Path() const;  // from the root
  auto operator<=>(const OutboxEntry&) const = default;
};

// Returns the entry with this file name, nullopt for any other name.
std::optional<OutboxEntry> ParseOutboxName(std::string_view name);

// Returns the entries that wait for delivery, oldest transaction first. Empty
// if there is no outbox. Throws FsError.
std::vector<OutboxEntry> ListOutbox(Fs* fs);

// Writes the notice of one transaction for each of `channels`. Replaces an
// earlier notice of that transaction, and removes it from all other channels.
// Makes the outbox if it is missing. The caller must hold the app's lock.
// Durable on return. If this throws FsError, an earlier notice may still be
// there or not.
void PutNotice(Fs* fs, std::uint64_t transaction,
               const std::vector<std::string>& channels, std::string_view text);

// The failed deliveries of one entry.
struct Tries {
  unsigned count = 0;
  std::int64_t last = 0;  // seconds since 1970
  std::string reason;     // why the last one failed

  // True if the next attempt is due at `now` (seconds since 1970). The wait
  // after a failure is 30 s, then 1 min, 2 min, ... up to 1 h. Also true if the
  // clock was set back; otherwise the entry could wait for years.
  bool Due(std::int64_t now) const;
};
using AllTries = std::map<std::string, Tries>;  // by OutboxEntry::Name

// Returns the attempts as the last deliverer stored them. Leaves out what
// cannot be parsed. Throws FsError.
AllTries ReadTries(Fs* fs);

// The lock of a command that delivers notices.
class OutboxLock {
 public:
  // Waits up to `wait` for another deliverer to finish. Returns nullopt if it
  // does not, or if there is no outbox. Throws FsError.
  static std::optional<OutboxLock> Take(Fs* fs, Clock* clock, Nanoseconds wait);

  // Read by Take, changed by the caller, stored by Finish.
  AllTries tries;

  // Removes an entry that was delivered, or whose channel is no longer
  // configured. Durable only after Finish. Throws FsError.
  void Remove(const OutboxEntry& entry);
  // Makes the removals durable and stores `tries`. Ignores errors: at worst a
  // notice is delivered a second time, or an attempt is made too early.
  void Finish();

 private:
  OutboxLock(Fs* fs, ScopedHandle file) : fs_(fs), file_(std::move(file)) {}
  Fs* fs_;
  ScopedHandle file_;
  bool removed_ = false;
};

}  // namespace release

#endif  // RELEASE_STORE_OUTBOX_H_
