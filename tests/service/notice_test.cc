#include "service/notice.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

namespace release {
namespace {

using nlohmann::json;

Notice Undone() {
  return {.app = "shop",
          .host = "web1",
          .root = "/srv/shop",
          .command = CommandId::kDeploy,
          .result = Result::kUndone,
          .exit = 4,
          .transaction = 42,
          .version = "1.4.3",
          .previous = "1.4.2",
          .current = "1.4.2",
          .code = "health-deadline",
          .message = "cannot confirm that 1.4.3 is healthy",
          .by = "alice",
          .at = 1'795'439'710};
}

Notice RolledBack() {
  Notice notice = Undone();
  notice.command = CommandId::kRollback;
  notice.result = Result::kCommitted;
  notice.exit = 0;
  notice.code = notice.message = "";
  notice.reason = "checkout is slow";
  notice.version = notice.current = "1.4.1";
  return notice;
}

Notice Died() {
  Notice notice = Undone();
  notice.result = Result::kDied;
  notice.recovered = true;
  return notice;
}

Notice InDoubt() {
  Notice notice = Undone();
  notice.result = Result::kInDoubt;
  notice.exit = 5;
  return notice;
}

Notice Success() {
  Notice notice = RolledBack();
  notice.command = CommandId::kDeploy;
  return notice;
}

NotifyConfig On(bool success, bool failure, bool rollback, bool recovery) {
  return {.on_success = success,
          .on_failure = failure,
          .on_rollback = rollback,
          .on_recovery = recovery};
}

}  // namespace

TEST_CASE("the text states the outcome and the live release") {
  CHECK(Undone().Text() ==
        "shop on web1: deploy of 1.4.3 failed and was undone; 1.4.2 is live: "
        "cannot confirm that 1.4.3 is healthy");
  CHECK(RolledBack().Text() ==
        "shop on web1: rollback to 1.4.1 succeeded; 1.4.1 is live (reason: "
        "checkout is slow)");
  CHECK(Died().Text().find("died and was undone") != std::string::npos);
  CHECK(InDoubt().Text().find("a person is needed") != std::string::npos);
  Notice first = Undone();
  first.app = first.current = "";
  first.result = Result::kRefused;
  CHECK(
      first.Text().starts_with("/srv/shop on web1: deploy of 1.4.3 was "
                               "refused; no release is live"));
}

TEST_CASE("a notice is sent if its event is configured") {
  struct Row {
    Notice notice;
    std::string event;
    bool by_success, by_failure, by_rollback, by_recovery;
  };
  for (const Row& row :
       {Row{Success(), "success", true, false, false, false},
        Row{Undone(), "failure", false, true, true, false},
        Row{RolledBack(), "rollback", false, false, true, false},
        Row{Died(), "recovery", false, false, false, true},
        Row{InDoubt(), "failure", false, true, true, true}}) {
    CAPTURE(row.notice.result);
    CHECK(row.notice.Event() == row.event);
    CHECK(Wanted(On(true, false, false, false), row.notice) == row.by_success);
    CHECK(Wanted(On(false, true, false, false), row.notice) == row.by_failure);
    CHECK(Wanted(On(false, false, true, false), row.notice) == row.by_rollback);
    CHECK(Wanted(On(false, false, false, true), row.notice) == row.by_recovery);
  }
  Notice refused = Undone();
  refused.result = Result::kRefused;
  refused.exit = 3;
  CHECK(!Wanted(On(true, false, true, true), refused));
  CHECK(Wanted(NotifyConfig{}, refused));
}

TEST_CASE("the JSON has every field and a chat text, and can be parsed") {
  const Notice notice = Undone();
  const json object = json::parse(NoticeJson(notice));
  CHECK(object.at("schema") == 1);
  CHECK(object.at("id") == "web1/shop/42/1795439710");
  CHECK(object.at("text") == notice.Text());
  CHECK(object.at("event") == "failure");
  CHECK(object.at("exit") == 4);
  CHECK(object.at("time") == "2026-11-23T13:15:10Z");
  const auto back = ParseNotice(NoticeJson(notice));
  REQUIRE(back);
  CHECK(NoticeJson(*back) == NoticeJson(notice));
  for (const char* bad : {"", "{}", "[]", "{\"schema\":1}", "{\"schema\":2}",
                          "{\"schema\":\"1\"}"}) {
    CHECK(!ParseNotice(bad));
  }
}

TEST_CASE("chat commands and links in a message are escaped") {
  Notice notice = Undone();
  notice.message = "cannot read \"<!channel> <https://evil|here>\" & more";
  const json object = json::parse(NoticeJson(notice));
  const std::string text = object.at("text");
  CHECK(
      text.ends_with("cannot read \"&lt;!channel&gt; "
                     "&lt;https://evil|here&gt;\" &amp; more"));
  CHECK(object.at("message") == notice.message);
  CHECK(ParseNotice(NoticeJson(notice))->message == notice.message);
}

TEST_CASE("a notice cannot command the terminal that shows it") {
  Notice notice = Undone();
  notice.message = notice.reason = "bad\x1b]0;x\x07\nlast line";
  notice.by = "al\x1b[1mice";
  notice.previous = "../else\nwhere";
  const std::string shown = "bad\\x1b]0;x\\x07\nlast line";
  const std::string text = json::parse(NoticeJson(notice)).at("text");
  CHECK(text.find(shown) != text.npos);
  for (const auto& field : NoticeFields(notice)) {
    INFO(field.first);
    CHECK(field.second.find('\x1b') == std::string::npos);
  }
  CHECK(notice.Context().Environment().at("RELEASE_REASON") == shown);
  CHECK(notice.Context().Environment().at("RELEASE_PREVIOUS") ==
        "../else\\nwhere");
}

TEST_CASE("a long message, or one that is not UTF-8, still makes a notice") {
  Notice notice = Undone();
  notice.message = std::string(100'000, 'x');
  CHECK(NoticeJson(notice).size() < 10'000);
  notice.message = "\xff\xfe";
  CHECK(json::parse(NoticeJson(notice)).at("message") == "\uFFFD\uFFFD");
}

TEST_CASE("the journal gets a fixed id and the fields of the notice") {
  std::map<std::string, std::string> fields;
  for (const auto& [name, value] : NoticeFields(Undone())) {
    CHECK(fields.emplace(name, value).second);
  }
  CHECK(fields.at("MESSAGE_ID") == "3e1ec09c3c5fa6f2d4e63b666828d2ca");
  CHECK(fields.at("PRIORITY") == "4");
  CHECK(fields.at("RELEASE_APP") == "shop");
  CHECK(fields.at("RELEASE_TRANSACTION") == "42");
  CHECK(fields.at("RELEASE_RESULT") == "undone");
  CHECK(fields.at("RELEASE_VERSION") == "1.4.3");
  CHECK(fields.at("RELEASE_PREVIOUS") == "1.4.2");
  CHECK(fields.at("RELEASE_CODE") == "health-deadline");
}

TEST_CASE("the environment is the same as that of hooks") {
  const auto env = Undone().Context().Environment();
  CHECK(env.at("RELEASE_RESULT") == "undone");
  CHECK(env.at("RELEASE_STEP") == "notify");
  CHECK(env.at("RELEASE_REASON") == "cannot confirm that 1.4.3 is healthy");
  CHECK(RolledBack().Context().Environment().at("RELEASE_REASON") ==
        "checkout is slow");
}

}  // namespace release
