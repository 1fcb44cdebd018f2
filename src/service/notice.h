// A notice: the outcome of one transaction, for people and programs elsewhere.
#ifndef RELEASE_SERVICE_NOTICE_H_
#define RELEASE_SERVICE_NOTICE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/command_id.h"
#include "base/config.h"
#include "base/result.h"
#include "os/system_journal.h"
#include "service/hook_context.h"

namespace release {

// The MESSAGE_ID of every notice in the system's journal.
inline constexpr char kNoticeMessageId[] = "3e1ec09c3c5fa6f2d4e63b666828d2ca";

struct Notice {
  std::string app;   // empty: without a configuration
  std::string host;  // this host's name
  std::string root;
  CommandId command = CommandId::kNone;
  // As in the record; kDied if the process died and a later command undid it.
  Result result = Result::kNone;
  bool recovered = false;  // a later command settled it
  int exit = 0;
  std::uint64_t transaction = 0;  // 0: none could be begun
  std::string version;            // the release it was about; empty: none
  std::string previous;           // the release live before it; empty: none
  std::string current;            // the release live after it; empty: none
  std::string code;               // of the failure, kebab-case; empty: none
  std::string message;            // of the failure
  std::string reason;             // the caller's --reason
  std::string by;                 // the caller
  std::int64_t at = 0;            // seconds since 1970

  // Returns an id that is the same each time this notice is delivered, and
  // differs from that of every other notice.
  std::string Id() const;

  // Returns the event, as `on` in [notify] names it: "success", "failure",
  // "rollback" or "recovery".
  std::string Event() const;

  // Returns a sentence for people, e.g. "shop on web1: deploy of 1.4.3 failed
  // and was undone; 1.4.2 is live: cannot ...".
  std::string Text() const;

  // Returns the facts that hooks get too.
  HookContext Context() const;
};

// Returns whether the configuration asks for this notice. A notice of an
// outcome in doubt is sent if `on` names failure, rollback or recovery.
bool Wanted(const NotifyConfig& config, const Notice& notice);

// Returns the notice as one JSON object (docs/formats.md). Replaces bytes that
// are not UTF-8, and cuts a long message.
std::string NoticeJson(const Notice& notice);
// Parses such an object. Returns nullopt if the text is not one.
std::optional<Notice> ParseNotice(std::string_view text);

// Returns the fields of the notice's entry in the system's journal.
JournalFields NoticeFields(const Notice& notice);

}  // namespace release

#endif  // RELEASE_SERVICE_NOTICE_H_
