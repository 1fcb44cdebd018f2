#include "service/notice.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "base/units.h"

namespace release {
namespace {

using nlohmann::json;

// The most bytes of a message in a notice. A message may contain the last lines
// of a log; chats and webhooks refuse texts that are too long.
constexpr std::size_t kMessageLimit = 4000;

std::string Shortened(const std::string& message) {
  if (message.size() <= kMessageLimit) return message;
  return message.substr(0, kMessageLimit) + " ...";
}

// "deploy of 1.4.3".
std::string What(const Notice& notice) {
  const std::string_view command = CommandName(notice.command);
  if (notice.version.empty()) return std::string(command);
  const bool back = notice.command == CommandId::kRollback;
  return fmt::format("{} {} {}", command, back ? "to" : "of", notice.version);
}

std::string Became(const Notice& notice) {
  if (notice.result == Result::kCommitted) return "succeeded";
  if (notice.result == Result::kUnchanged) return "changed nothing";
  if (notice.result == Result::kUndone) return "failed and was undone";
  if (notice.result == Result::kInDoubt)
    return "IS IN DOUBT, a person is needed";
  if (notice.result == Result::kDied) return "died and was undone";
  return notice.result == Result::kRefused ? "was refused" : "failed";
}

// Escapes &, < and >. Slack and chats with its syntax read <...> as a link or
// as a call to everybody, and a message may quote text that an uploader wrote.
std::string ForChats(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

// Returns the syslog priority: 2 critical, 4 warning, 6 informational.
const char* Priority(const Notice& notice) {
  if (notice.result == Result::kInDoubt) return "2";
  return notice.Event() == "failure" || notice.Event() == "recovery" ? "4"
                                                                     : "6";
}

}  // namespace

std::string Notice::Id() const {
  return fmt::format("{}/{}/{}/{}", host, app, transaction, at);
}

std::string Notice::Event() const {
  if (recovered) return "recovery";
  if (exit != 0) return "failure";
  return command == CommandId::kRollback && result == Result::kCommitted
             ? "rollback"
             : "success";
}

std::string Notice::Text() const {
  std::string text = fmt::format(
      "{} on {}: {} {}; {}", app.empty() ? root : app, host, What(*this),
      Became(*this),
      current.empty() ? "no release is live" : current + " is live");
  if (!message.empty()) text += ": " + Shortened(message);
  if (!reason.empty()) text += fmt::format(" (reason: {})", reason);
  return text;
}

HookContext Notice::Context() const {
  return {.app = app,
          .version = version,
          .previous = previous,
          .root = root,
          .transaction = transaction,
          .step = "notify",
          .result = result,
          .reason = message.empty() ? reason : message};
}

bool Wanted(const NotifyConfig& config, const Notice& notice) {
  if (notice.result == Result::kInDoubt) {
    return config.on_failure || config.on_rollback || config.on_recovery;
  }
  const std::string event = notice.Event();
  if (event == "recovery") return config.on_recovery;
  if (event == "rollback") return config.on_rollback;
  if (event == "success") return config.on_success;
  // An undo takes the service back as a rollback does, so `on = ["rollback"]`
  // covers it too.
  return config.on_failure ||
         (notice.result == Result::kUndone && config.on_rollback);
}

std::string NoticeJson(const Notice& notice) {
  const json object = {{"schema", 1},
                       {"id", notice.Id()},
                       {"text", ForChats(PrintableLines(notice.Text()))},
                       {"event", notice.Event()},
                       {"app", notice.app},
                       {"host", notice.host},
                       {"root", notice.root},
                       {"command", CommandName(notice.command)},
                       {"result", ResultName(notice.result)},
                       {"recovered", notice.recovered},
                       {"exit", notice.exit},
                       {"transaction", notice.transaction},
                       {"version", notice.version},
                       {"previous", notice.previous},
                       {"current", notice.current},
                       {"code", notice.code},
                       {"message", Shortened(notice.message)},
                       {"reason", notice.reason},
                       {"by", notice.by},
                       {"at", notice.at},
                       {"time", FormatTime(notice.at)}};
  return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::optional<Notice> ParseNotice(std::string_view text) {
  const json object = json::parse(text, nullptr, /*allow_exceptions=*/false);
  try {
    if (object.at("schema") != 1) return std::nullopt;
    Notice notice;
    notice.app = object.at("app");
    notice.host = object.at("host");
    notice.root = object.at("root");
    notice.command = ParseCommandName(object.at("command").get<std::string>());
    notice.result = ParseResultName(object.at("result").get<std::string>());
    notice.recovered = object.at("recovered");
    notice.exit = object.at("exit");
    notice.transaction = object.at("transaction");
    notice.version = object.at("version");
    notice.previous = object.at("previous");
    notice.current = object.at("current");
    notice.code = object.at("code");
    notice.message = object.at("message");
    notice.reason = object.at("reason");
    notice.by = object.at("by");
    notice.at = object.at("at");
    return notice;
  } catch (const json::exception&) {
    // The text is not one of our notices.
    return std::nullopt;
  }
}

JournalFields NoticeFields(const Notice& notice) {
  JournalFields fields = {
      {"MESSAGE", notice.Text()},
      {"MESSAGE_ID", kNoticeMessageId},
      {"PRIORITY", Priority(notice)},
      {"SYSLOG_IDENTIFIER", "release"},
      {"RELEASE_APP", notice.app},
      {"RELEASE_ROOT", notice.root},
      {"RELEASE_COMMAND", std::string(CommandName(notice.command))},
      {"RELEASE_TRANSACTION", std::to_string(notice.transaction)},
      {"RELEASE_RESULT", std::string(ResultName(notice.result))},
      {"RELEASE_EXIT", std::to_string(notice.exit)},
      {"RELEASE_VERSION", notice.version},
      {"RELEASE_PREVIOUS", notice.previous},
      {"RELEASE_CURRENT", notice.current},
      {"RELEASE_CODE", notice.code},
      {"RELEASE_REASON", notice.reason},
      {"RELEASE_BY", notice.by}};
  for (auto& [name, value] : fields) value = PrintableLines(value);
  return fields;
}

}  // namespace release
