// The outbox: notices that were not delivered yet, one file for each notice
// and each way of delivery, `outbox/000042-webhook.json`. A notice is never
// changed; how often its delivery failed stands in `outbox/.tries`.
//
// Whoever writes or replaces a notice holds the app's lock; whoever delivers
// and removes holds the outbox's own, so that a slow receiver keeps nobody from
// a rollback.
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

// The entry of that file name; nothing for any other name.
std::optional<OutboxEntry> ParseOutboxName(std::string_view name);

// What waits, oldest transaction first; empty where there is no outbox.
std::vector<OutboxEntry> ListOutbox(Fs* fs);

// Writes the notice of one transaction, in place of one that it had written
// before, and removes it from the channels that are not named; makes the outbox
// where it is missing. Durable on return. Throws FsError; then what was there
// before may be there or not.
void PutNotice(Fs* fs, std::uint64_t transaction,
               const std::vector<std::string>& channels, std::string_view text);

// Failed deliveries of one entry.
struct Tries {
  unsigned count = 0;
  std::int64_t last = 0;  // wall seconds
  std::string reason;     // why the last one failed

  // Whether it is time for another: after 30 s, 1 min, 2 min, ... 1 h. A clock
  // that was set back makes it time, too.
  bool Due(std::int64_t now) const;
};
using AllTries = std::map<std::string, Tries>;  // by OutboxEntry::Name

// What the last deliverer wrote down; empty where that cannot be read.
AllTries ReadTries(Fs* fs);

// Held by the one who delivers.
class OutboxLock {
 public:
  // Waits up to `wait` for another deliverer. Nothing where that one goes on,
  // or where there is no outbox.
  static std::optional<OutboxLock> Take(Fs* fs, Clock* clock, Nanoseconds wait);

  AllTries tries;

  // Removes a notice that was delivered, or that nobody wants any more.
  void Remove(const OutboxEntry& entry);
  // Makes removals durable and writes `tries` down, as far as that is possible:
  // at worst something is delivered once more.
  void Finish();

 private:
  OutboxLock(Fs* fs, ScopedHandle file) : fs_(fs), file_(std::move(file)) {}
  Fs* fs_;
  ScopedHandle file_;
  bool removed_ = false;
};

}  // namespace release

#endif  // RELEASE_STORE_OUTBOX_H_
