// A notice: what became of one transaction, for people and programs that wait
// for it elsewhere.
#ifndef RELEASE_SERVICE_NOTICE_H_
#define RELEASE_SERVICE_NOTICE_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/config.h"
#include "os/system_journal.h"

namespace release {

// The MESSAGE_ID of every entry in the journal.
inline constexpr char kNoticeMessageId[] = "3e1ec09c3c5fa6f2d4e63b666828d2ca";

struct Notice {
  std::string app;   // empty: without a configuration
  std::string host;  // this host's name
  std::string root;
  std::string command;  // "deploy", "rollback", ...
  // As in the record, and "died" where a later command settled it.
  std::string result;
  bool recovered = false;  // a later command settled it
  int exit = 0;
  std::uint64_t transaction = 0;  // 0: none could be begun
  std::string version;            // what it was about; empty: nothing
  std::string previous;           // live before it
  std::string current;            // live after it
  std::string code;               // of a failure
  std::string message;            // likewise
  std::string reason;             // what the caller gave as --reason
  std::string by;
  std::int64_t at = 0;  // wall seconds

  // The same each time this notice is delivered, and no other's.
  std::string Id() const;

  // Which of [notify] on's words it falls under: "success", "failure",
  // "rollback" or "recovery".
  std::string ProgressEvent() const;

  // One sentence, e.g. "shop on web1: deploy of 1.4.3 was undone, 1.4.2 is
  // live: cannot ...".
  std::string Text() const;

  // RELEASE_APP ... RELEASE_REASON, as documented.
  std::map<std::string, std::string> Environment() const;
};

// Whether somebody asked for it. What is in doubt is told to whoever wants any
// bad news.
bool Wanted(const NotifyConfig& config, const Notice& notice);

// One JSON object, as in docs/formats.md; bytes that are not UTF-8 are
// replaced. And the notice of such a text; nothing where it is none.
std::string NoticeJson(const Notice& notice);
std::optional<Notice> ParseNotice(std::string_view text);

// For the system's journal.
JournalFields NoticeFields(const Notice& notice);

}  // namespace release

#endif  // RELEASE_SERVICE_NOTICE_H_
