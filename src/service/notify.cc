#include "service/notify.h"

#include <fmt/format.h>

#include "base/text.h"
#include "os/safe_command.h"
#include "service/last_lines.h"

namespace release {
namespace {

Reason Post(const std::string& url, const Notice& notice, Http* http,
            Nanoseconds timeout) {
  HttpRequest request;
  request.url = url;
  request.body = NoticeJson(notice);
  // A notice may be delivered twice, e.g. if the response was lost. The key
  // lets the receiver drop the second one.
  request.headers = {{"Content-Type", "application/json"},
                     {"Idempotency-Key", fmt::format("\"{}\"", notice.Id())}};
  request.timeout = timeout;
  request.max_body = 1024;  // only the status counts
  const HttpResponse response = http->Send(request);
  if (response.status == 0) return response.error;
  if (response.status / 100 == 2) return std::nullopt;
  return fmt::format("status {}", response.status);
}

Reason RunNotifier(const Argv& argv, const Notice& notice, Runner* runner,
                   Nanoseconds timeout) {
  Command command;
  command.argv = argv;
  const HookContext context = notice.Context();
  command.env = context.Environment();
  command.input = NoticeJson(notice) + "\n";
  command.directory = std::string("/");
  command.timeout = timeout;
  const auto unsafe = FindUnsafeFile(command, context.Releases());
  if (unsafe) {
    return fmt::format("root does not run it, because of {}: {}",
                       Printable(unsafe->path), unsafe->reason);
  }
  const CommandResult result = runner->Run(command);
  if (result.ok()) return std::nullopt;
  return fmt::format("{}: {}{}", argv[0], result.Describe(),
                     LastLines(result.output, 2));
}

}  // namespace

std::string ChannelName(Channel channel) {
  return channel == Channel::kWebhook ? "webhook" : "command";
}

std::vector<Channel> Channels(const NotifyConfig& config) {
  std::vector<Channel> channels;
  if (!config.webhook.empty()) channels.push_back(Channel::kWebhook);
  if (!config.command.empty()) channels.push_back(Channel::kCommand);
  return channels;
}

Reason SendNotice(Channel channel, const NotifyConfig& config,
                  const Notice& notice, const System& system,
                  Nanoseconds timeout) {
  return channel == Channel::kWebhook
             ? Post(config.webhook, notice, system.http, timeout)
             : RunNotifier(config.command, notice, system.runner, timeout);
}

}  // namespace release
