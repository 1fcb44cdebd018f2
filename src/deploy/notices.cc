#include "deploy/notices.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "os/cancellation.h"
#include "service/notify.h"
#include "store/durable.h"
#include "store/layout.h"

namespace release {
namespace {

// Limits of `release notify` for each channel: all deliveries together, and one
// delivery.
constexpr Nanoseconds kPatientTime = std::chrono::seconds(60);
constexpr Nanoseconds kPatientTimeout = std::chrono::seconds(10);

std::vector<std::string> ChannelNames(const NotifyConfig& config) {
  std::vector<std::string> names;
  for (const Channel channel : Channels(config)) {
    names.push_back(ChannelName(channel));
  }
  return names;
}

Notice BeginOf(const DeployContext& context, const BeginRecord& begin) {
  return {.app = context.config->app,
          .host = context.caller.host,
          .root = context.config->root.string(),
          .command = begin.command,
          .version = begin.to ? begin.to->name() : "",
          .previous = NameOfTarget(begin.from_target),
          .reason = begin.reason,
          .by = CallerName(begin.caller)};
}

Notice NoticeOf(const DeployContext& context, const TransactionRecord& record,
                const EndRecord& end, const std::string& current) {
  Notice notice = BeginOf(context, *record.begin);
  notice.recovered = end.recovered;
  notice.result = end.recovered && end.result != Result::kInDoubt
                      ? Result::kDied
                      : end.result;
  notice.exit = static_cast<int>(end.exit);
  notice.transaction = record.number;
  notice.current = current;
  notice.code = end.code;
  notice.message = end.message;
  notice.at = end.at;
  return notice;
}

// Keeps one notice for each transaction: a later one replaces the earlier one,
// because a commit that fails is followed by an undo with another outcome.
void Keep(DeployContext* context, Notice notice) {
  std::erase_if(context->notices, [&](const PreparedNotice& kept) {
    return kept.notice.transaction == notice.transaction;
  });
  context->notices.push_back({.notice = std::move(notice)});
}

void Warn(DeployContext* context, std::uint64_t transaction,
          const std::string& text) {
  context->report({.kind = ProgressEvent::Kind::kWarning,
                   .transaction = transaction,
                   .text = text});
}

// Returns whether the transaction may still end with another outcome. A notice
// of an undo that failed is final although its record stays open.
bool Undecided(Fs* fs, const Notice& notice) {
  if (notice.result == Result::kInDoubt) return false;
  if (!fs->Stat(Fs::kRoot, RecordPath(notice.transaction))) return false;
  return ReadRecord(fs, notice.transaction).open();
}

// Delivers through one channel until a delivery fails or the time is used up.
// After a failure the others would most likely fail too, each after a timeout.
class ChannelSender {
 public:
  ChannelSender(DeployContext* context, Channel channel, Nanoseconds time,
                Nanoseconds timeout)
      : context_(context), channel_(channel), left_(time), timeout_(timeout) {}

  // Returns why no further delivery is tried; nullopt if one is.
  Reason GaveUp() const {
    if (why_not_ || left_ > Nanoseconds::zero()) return why_not_;
    return "there was no time left";
  }

  // Returns why it was not delivered.
  Reason Send(const Notice& notice) {
    Clock* clock = context_->system.clock;
    const Nanoseconds start = clock->SinceBoot();
    why_not_ = SendNotice(channel_, context_->config->notify, notice,
                          context_->system, std::min(left_, timeout_));
    left_ -= clock->SinceBoot() - start;
    return why_not_;
  }

 private:
  DeployContext* context_;
  Channel channel_;
  Nanoseconds left_;
  Nanoseconds timeout_;
  Reason why_not_;  // why the last delivery failed
};

// Delivers a batch of notices. It takes the outbox's lock, not the app's lock,
// so that transactions can go on meanwhile.
class DeliveryRun {
 public:
  DeliveryRun(DeployContext* context, Nanoseconds time, Nanoseconds timeout)
      : context_(context) {
    for (const Channel channel : Channels(context->config->notify)) {
      postmen_.emplace(ChannelName(channel),
                       ChannelSender(context, channel, time, timeout));
    }
    try {
      lock_ = OutboxLock::Take(context->fs, context->system.clock, time);
    } catch (const FsError&) {
      // The disk may be full. Notices that are not in the outbox can still be
      // sent, because they do not need its lock.
    }
  }
  bool has_lock() const { return lock_.has_value(); }
  void Finish() {
    if (lock_) lock_->Finish();
  }

  // Sends a notice of this command through every channel. Returns a warning for
  // each channel that failed.
  std::vector<std::string> TellOwn(const PreparedNotice& own) {
    std::vector<std::string> warnings;
    if (!Wanted(context_->config->notify, own.notice)) return warnings;
    for (auto& [channel, postman] : postmen_) {
      const OutboxEntry entry{own.notice.transaction, channel};
      const Reason reason = TellOwnBy(&postman, entry, own);
      if (!reason) continue;
      warnings.push_back(fmt::format(
          "the notice to the {} was not delivered: {}{}", channel, *reason,
          own.in_outbox ? "; it waits in the outbox and is tried again" : ""));
    }
    return warnings;
  }

  // Delivers a notice from the outbox, or drops it if its channel is no longer
  // configured. The outbox's lock must be held.
  Delivery Deliver(const OutboxEntry& entry) {
    Delivery delivery{.entry = entry, .id = "", .reason = {}};
    const auto postman = postmen_.find(entry.channel);
    const auto notice = ParseNotice(ReadFile(context_->fs, entry.Path()));
    if (notice) delivery.id = notice->Id();
    if (postman == postmen_.end()) {
      delivery.dropped = true;
      lock_->Remove(entry);
    } else if (!notice) {
      delivery.reason = "it cannot be read";
    } else {
      delivery.reason = postman->second.GaveUp();
      if (delivery.reason) return delivery;
      delivery.reason = postman->second.Send(*notice);
      Settle(entry, delivery.reason);
    }
    return delivery;
  }

  // Returns whether the entry is due and its channel has not given up.
  bool WorthTrying(const OutboxEntry& entry) const {
    const auto postman = postmen_.find(entry.channel);
    if (postman != postmen_.end() && postman->second.GaveUp()) {
      return false;
    }
    const auto tries = lock_->tries.find(entry.Name());
    return tries == lock_->tries.end() ||
           tries->second.Due(context_->system.clock->WallSeconds());
  }

 private:
  // Returns why it was not delivered.
  Reason TellOwnBy(ChannelSender* postman, const OutboxEntry& entry,
                   const PreparedNotice& own) {
    if (own.in_outbox) {
      if (!lock_) return "another command is delivering notices";
      // Another command has delivered it in the meantime.
      if (!context_->fs->Stat(Fs::kRoot, entry.Path())) return std::nullopt;
    }
    Reason reason = postman->GaveUp();
    if (reason) return reason;
    reason = postman->Send(own.notice);
    if (own.in_outbox) Settle(entry, reason);
    return reason;
  }

  // Removes a delivered entry, or counts the failure for its next due time.
  void Settle(const OutboxEntry& entry, const Reason& reason) {
    if (!reason) {
      lock_->Remove(entry);
      return;
    }
    Tries& tries = lock_->tries[entry.Name()];
    ++tries.count;
    tries.last = context_->system.clock->WallSeconds();
    tries.reason = *reason;
  }

  DeployContext* context_;
  std::map<std::string, ChannelSender> postmen_;
  std::optional<OutboxLock> lock_;
};

// Returns whether the notice may be delivered now. An unreadable notice counts
// as ripe, so that Deliver reports it instead of leaving it unseen.
bool Ripe(Fs* fs, const OutboxEntry& entry) {
  const auto notice = ParseNotice(ReadFile(fs, entry.Path()));
  return !notice || !Undecided(fs, *notice);
}

std::vector<std::string> TellAll(DeployContext* context,
                                 const std::vector<PreparedNotice>& own) {
  DeliveryRun round(context, kDeliveryTime, kDeliveryTime);
  std::vector<std::string> warnings;
  for (const PreparedNotice& prepared : own) {
    for (std::string& warning : round.TellOwn(prepared)) {
      Warn(context, prepared.notice.transaction, warning);
      warnings.push_back(std::move(warning));
    }
  }
  if (!round.has_lock()) return warnings;
  for (const OutboxEntry& entry : ListOutbox(context->fs)) {
    if (round.WorthTrying(entry) && Ripe(context->fs, entry)) {
      round.Deliver(entry);
    }
  }
  round.Finish();
  return warnings;
}

}  // namespace

void PrepareNotice(DeployContext* context, const TransactionRecord& record,
                   const EndRecord& end, const std::string& current) {
  const Notice notice = NoticeOf(*context, record, end, current);
  Keep(context, notice);
  const NotifyConfig& config = context->config->notify;
  const std::vector<std::string> channels = ChannelNames(config);
  if (channels.empty()) return;
  try {
    // If the outcome changed and [notify] does not ask for the new one, an
    // empty list of channels removes the earlier notice from the outbox.
    const bool wanted = Wanted(config, notice);
    PutNotice(context->fs, record.number,
              wanted ? channels : std::vector<std::string>(),
              NoticeJson(notice));
    context->notices.back().in_outbox = wanted;
  } catch (const Error& error) {
    Warn(context, record.number,
         fmt::format("the notice cannot be kept: {}", error.what()));
  }
}

void PrepareNotice(DeployContext* context, const BeginRecord& begin,
                   const Error& error, const std::string& current) {
  Notice notice = BeginOf(*context, begin);
  notice.exit = static_cast<int>(ExitBeforeSwitch(error.code()));
  notice.result = Result::kFailed;
  notice.current = current;
  notice.code = CodeName(error.code());
  notice.message = error.what();
  notice.at = context->system.clock->WallSeconds();
  Keep(context, std::move(notice));
}

std::vector<std::string> TellNotices(DeployContext* context) {
  const std::vector<PreparedNotice> notices =
      std::exchange(context->notices, {});
  // The transaction has already obeyed a stop request. The same signal must not
  // cut off the notice of that outcome.
  const CancellationShield hold;
  if (!context->system.journal_socket.empty()) {
    for (const PreparedNotice& prepared : notices) {
      SendToJournal(context->system.journal_socket,
                    NoticeFields(prepared.notice));
    }
  }
  if (Channels(context->config->notify).empty()) return {};
  try {
    return TellAll(context, notices);
  } catch (const Error& error) {
    const std::string warning =
        fmt::format("the notices cannot be delivered: {}", error.what());
    Warn(context, 0, warning);
    return {warning};
  }
}

std::vector<OutboxEntry> FindWaiting(DeployContext* context,
                                     NoticeSelection which) {
  const AllTries all = ReadTries(context->fs);
  std::vector<OutboxEntry> waiting;
  for (const OutboxEntry& entry : ListOutbox(context->fs)) {
    const auto tries = all.find(entry.Name());
    const bool due = tries == all.end() ||
                     tries->second.Due(context->system.clock->WallSeconds());
    if (which == NoticeSelection::kDue && !due) continue;
    if (Ripe(context->fs, entry)) waiting.push_back(entry);
  }
  return waiting;
}

std::vector<Delivery> DeliverWaiting(DeployContext* context,
                                     NoticeSelection which) {
  std::vector<Delivery> deliveries;
  if (FindWaiting(context, which).empty()) return deliveries;
  DeliveryRun round(context, kPatientTime, kPatientTimeout);
  if (!round.has_lock()) {
    throw Error(ErrorCode::kBusy,
                "cannot deliver notices: another command is delivering them",
                kOutbox);
  }
  // List again under the lock: another command may have delivered some since.
  for (const OutboxEntry& entry : FindWaiting(context, which)) {
    if (InterruptSignal() != 0) break;
    deliveries.push_back(round.Deliver(entry));
  }
  round.Finish();
  return deliveries;
}

}  // namespace release
