// Delivers notices: to the command and to the webhook of [notify].
#ifndef RELEASE_SERVICE_NOTIFY_H_
#define RELEASE_SERVICE_NOTIFY_H_

#include <string>
#include <vector>

#include "base/config.h"
#include "base/reason.h"
#include "service/notice.h"
#include "service/system.h"

namespace release {

enum class Channel { kWebhook, kCommand };

// "webhook", "command".
std::string ChannelName(Channel channel);

// Returns the channels that are configured.
std::vector<Channel> Channels(const NotifyConfig& config);

// Sends one notice over one channel, within `timeout`. The webhook gets the
// JSON by POST; the command gets it on stdin, with RELEASE_* in its
// environment. Returns nullopt if it was accepted (a 2xx status, or exit status
// 0). A reason does not contain the URL, which may be a secret.
Reason SendNotice(Channel channel, const NotifyConfig& config,
                  const Notice& notice, const System& system,
                  Nanoseconds timeout);

}  // namespace release

#endif  // RELEASE_SERVICE_NOTIFY_H_
