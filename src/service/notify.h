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

// Those that are configured.
std::vector<Channel> Channels(const NotifyConfig& config);

// Sends one notice one way, within `timeout`: the webhook gets its JSON by
// POST, the command gets it on stdin with RELEASE_* in its environment. Nullopt
// if it was taken (a 2xx status, exit status 0). A reason does not hold the
// URL, which may be a secret.
Reason SendNotice(Channel channel, const NotifyConfig& config,
                  const Notice& notice, const System& system,
                  Nanoseconds timeout);

}  // namespace release

#endif  // RELEASE_SERVICE_NOTIFY_H_
