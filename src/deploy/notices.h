// Notices of what became of transactions: written down before the outcome,
// told after it.
//
// A notice is durable in the outbox before the record that it tells of ends, so
// that no crash can come between the two. Where one does come before the
// record's end, the notice tells of an outcome that was not: it is held back
// while its record is open, and recovery, which ends the record, replaces it.
//
// Nothing here changes what becomes of a transaction.
#ifndef RELEASE_DEPLOY_NOTICES_H_
#define RELEASE_DEPLOY_NOTICES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "base/reason.h"
#include "deploy/deploy_context.h"
#include "store/journal.h"
#include "store/outbox.h"

namespace release {

// How long a transaction's command tries to deliver, each way.
inline constexpr Nanoseconds kDeliveryTime = std::chrono::seconds(5);

// Writes the notice of a transaction that is about to end like that, where
// [notify] asks for it, and keeps it for TellNotices. `current` is live then.
// Needs the lock. What cannot be written is reported as a warning, and is told
// once only.
void PrepareNotice(DeployContext* context, const TransactionRecord& record,
                   const EndRecord& end, const std::string& current);

// The same for a command whose transaction could not be begun; there is no
// place for it in the outbox.
void PrepareNotice(DeployContext* context, const BeginRecord& begin,
                   const Error& error, const std::string& current);

// Tells what was prepared: to the system's journal in any case, and by the
// channels of [notify], then what waits in the outbox and is due. The lock must
// not be held. Returns a warning for each of this command's own notices that
// could not be delivered.
std::vector<std::string> TellNotices(DeployContext* context);

// Delivers what waits, for `release notify`.
enum class NoticeSelection { kAll, kDue };
struct Delivery {
  OutboxEntry entry;
  std::string id;        // of the notice; empty where it cannot be read
  Reason reason;         // why it was not delivered
  bool dropped = false;  // its channel is no longer configured
};
// `kDue` leaves out what failed a short while ago. Throws Error kBusy where
// another command is delivering.
std::vector<Delivery> DeliverWaiting(DeployContext* context,
                                     NoticeSelection which);

// What `release notify` would try to deliver now.
std::vector<OutboxEntry> FindWaiting(DeployContext* context,
                                     NoticeSelection which);

}  // namespace release

#endif  // RELEASE_DEPLOY_NOTICES_H_
