// Notices report the outcome of a transaction. They are written before its
// record ends and delivered afterwards.
//
// A notice is durable in the outbox before its record ends, so that a crash
// between the two cannot lose it. If the process dies before the record ends,
// the notice reports an outcome that did not happen. It is therefore held back
// while its record is open, and recovery, which ends the record, replaces it.
//
// A failure in this file never changes the outcome of a transaction.
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

// How long a command tries to deliver notices after its transaction, for each
// channel.
inline constexpr Nanoseconds kDeliveryTime = std::chrono::seconds(5);

// Prepares the notice of a transaction that is about to end with `end`. Keeps
// it for TellNotices and, if [notify] asks for it, makes it durable in the
// outbox. `current` names the release that is live then. The caller must hold
// the lock. If the outbox cannot be written, reports a warning; TellNotices
// then tries to deliver the notice once, without a retry by a later command.
void PrepareNotice(DeployContext* context, const TransactionRecord& record,
                   const EndRecord& end, const std::string& current);

// As above, for a command whose transaction could not begin. The notice
// has no transaction number and is not put into the outbox.
void PrepareNotice(DeployContext* context, const BeginRecord& begin,
                   const Error& error, const std::string& current);

// Sends the prepared notices to the system's journal and to the channels of
// [notify], then delivers the notices in the outbox that are due. Release the
// lock first: a slow receiver must not block other commands. Returns a warning
// for each of this command's own notices that could not be delivered.
std::vector<std::string> TellNotices(DeployContext* context);

// kAll selects every waiting notice; kDue leaves out those whose last delivery
// failed a short while ago.
enum class NoticeSelection { kAll, kDue };

// The result of one attempt to deliver a notice from the outbox.
struct Delivery {
  OutboxEntry entry;
  std::string id;        // of the notice; empty if it cannot be read
  Reason reason;         // why it was not delivered
  bool dropped = false;  // its channel is no longer configured
};

// Delivers the notices in the outbox, for `release notify`. Returns one result
// for each attempt. Throws Error kBusy if another command is delivering.
std::vector<Delivery> DeliverWaiting(DeployContext* context,
                                     NoticeSelection which);

// Returns the notices that DeliverWaiting would try to deliver now.
std::vector<OutboxEntry> FindWaiting(DeployContext* context,
                                     NoticeSelection which);

}  // namespace release

#endif  // RELEASE_DEPLOY_NOTICES_H_
