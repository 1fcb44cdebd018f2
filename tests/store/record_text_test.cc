#include "store/record_text.h"

#include <doctest/doctest.h>

namespace release {
namespace {

Version V(const std::string& name) { return Version::ParseOrThrow(name); }

std::string_view WithoutNewline(const std::string& line) {
  REQUIRE(line.ends_with('\n'));
  REQUIRE(line.find('\n') == line.size() - 1);
  return std::string_view(line).substr(0, line.size() - 1);
}

BeginRecord SomeBegin() {
  BeginRecord begin;
  begin.command = CommandId::kDeploy;
  begin.app = "shop";
  begin.caller = {.user = "alice",
                  .host = "web1",
                  .ssh_client = "10.0.0.7",
                  .pid = 4711,
                  .command = "release deploy x.tar"};
  begin.at = 1'795'000'000;
  begin.from_target = "releases/1";
  begin.to = V("2");
  begin.creates = true;
  begin.reason = "a \"quoted\"\nreason";
  begin.source = "x.tar";
  return begin;
}

TEST_CASE("a beginning is read back as it was written") {
  const BeginRecord begin = SomeBegin();
  TransactionRecord record;
  REQUIRE(AddLine(WithoutNewline(BeginLine(42, begin)), &record));
  REQUIRE(record.begin);
  CHECK(record.begin->command == begin.command);
  CHECK(record.begin->app == begin.app);
  CHECK(record.begin->caller.user == "alice");
  CHECK(record.begin->caller.ssh_client == "10.0.0.7");
  CHECK(record.begin->caller.pid == 4711);
  CHECK(record.begin->at == begin.at);
  CHECK(record.begin->from_target == begin.from_target);
  CHECK(record.begin->to == begin.to);
  CHECK(record.begin->creates);
  CHECK(record.begin->reason == begin.reason);
  CHECK(record.begin->source == begin.source);
}

TEST_CASE("a beginning says whether its release was there before") {
  for (const bool takes_over : {true, false}) {
    BeginRecord begin = SomeBegin();
    begin.takes_over = takes_over;
    TransactionRecord record;
    REQUIRE(AddLine(WithoutNewline(BeginLine(42, begin)), &record));
    CHECK(record.begin->takes_over == takes_over);
  }
}

TEST_CASE("a beginning says what its release is a restart of") {
  for (const char* origin : {"1.4.2", ""}) {
    BeginRecord begin = SomeBegin();
    begin.restart_of = origin;
    TransactionRecord record;
    REQUIRE(AddLine(WithoutNewline(BeginLine(42, begin)), &record));
    CHECK(record.begin->restart_of == origin);
  }
}

TEST_CASE("a rollout is kept with the beginning and with the release") {
  BeginRecord begin = SomeBegin();
  begin.rollout = "blue-7";
  EndRecord end{.committed = true};
  end.ledger.Activated(*begin.to, {.transaction = 42, .rollout = "blue-7"});
  TransactionRecord record;
  REQUIRE(AddLine(WithoutNewline(BeginLine(42, begin)), &record));
  REQUIRE(AddLine(WithoutNewline(EndLine(end)), &record));
  CHECK(record.begin->rollout == "blue-7");
  CHECK(record.end->ledger == end.ledger);
}

TEST_CASE("a missing from and a missing to are read back as nullopt") {
  TransactionRecord record;
  BeginRecord begin;
  begin.command = CommandId::kPrune;
  REQUIRE(AddLine(WithoutNewline(BeginLine(1, begin)), &record));
  CHECK(!record.begin->from_target);
  CHECK(!record.begin->to);
}

TEST_CASE("an end is read back with its whole ledger") {
  EndRecord end{.committed = true,
                .exit = Exit::kUndone,
                .result = Result::kUndone,
                .code = "health-deadline",
                .message = "cannot",
                .at = 5,
                .recovered = true,
                .facts = {{"sha256", "ab"}}};
  end.ledger.Staged(V("1"), 77, {.transaction = 1, .at = 2, .by = "bob"});
  end.ledger.Activated(V("1"), {.transaction = 2, .at = 3, .by = "bob"});
  end.ledger.Activated(V("2"), {.transaction = 3});
  end.ledger.Failed(V("3"), {.transaction = 4, .reason = "sick"});
  end.ledger.RolledBack(V("2"), V("1"), {.transaction = 5, .reason = "slow"});
  end.ledger.Pin(V("1"), true);
  end.ledger.SetIrreversible(V("2"));
  end.ledger.SetEvidence(V("1"), "signed by ci");
  end.ledger.UseSerial("SHA256:k", {.serial = ~std::uint64_t{0} >> 1,
                                    .sha256 = std::string(64, 'a')});
  end.ledger.Reconcile({V("1"), V("2"), V("3"), V("hand")});
  for (const bool committed : {true, false}) {
    end.committed = committed;
    TransactionRecord record;
    REQUIRE(AddLine(WithoutNewline(EndLine(end)), &record));
    REQUIRE(record.end);
    CHECK(record.end->committed == committed);
    CHECK(record.end->exit == end.exit);
    CHECK(record.end->result == end.result);
    CHECK(record.end->code == end.code);
    CHECK(record.end->message == end.message);
    CHECK(record.end->recovered);
    CHECK(record.end->facts == end.facts);
    CHECK(record.end->ledger == end.ledger);
  }
}

TEST_CASE("the steps of an undo are read back apart from the others") {
  TransactionRecord record;
  CHECK(AddLine(WithoutNewline(StepBegunLine("health")), &record));
  CHECK(record.StepText() == "health");
  CHECK(AddLine(WithoutNewline(StepBegunLine("reload", StepPhase::kUndo)),
                &record));
  CHECK(AddLine(WithoutNewline(StepLine({"reload", 0.5, ""}, StepPhase::kUndo)),
                &record));
  CHECK(record.current_step == "health");
  CHECK(record.StepText() == "reload of the undo");
  CHECK(record.steps.empty());
  REQUIRE(record.undo_steps.size() == 1);
  CHECK(record.undo_steps[0].name == "reload");
  CHECK(record.undo_steps[0].seconds == 0.5);
}

TEST_CASE("steps, notes and the switch are read back") {
  TransactionRecord record;
  CHECK(AddLine(WithoutNewline(StepBegunLine("unpack")), &record));
  CHECK(record.current_step == "unpack");
  CHECK(AddLine(WithoutNewline(StepLine({"unpack", 1.5, "3 files"})), &record));
  REQUIRE(record.steps.size() == 1);
  CHECK(record.steps[0].name == "unpack");
  CHECK(record.steps[0].seconds == 1.5);
  CHECK(record.steps[0].detail == "3 files");
  CHECK(AddLine(WithoutNewline(NoteLine("hello")), &record));
  CHECK(record.notes == std::vector<std::string>{"hello"});
  CHECK(!record.switching);
  CHECK(AddLine(WithoutNewline(SwitchingLine()), &record));
  CHECK(record.switching);
  CHECK(record.service_before == ServiceBefore::kRunning);
  CHECK(
      AddLine(WithoutNewline(SwitchingLine(ServiceBefore::kStopped)), &record));
  CHECK(record.service_before == ServiceBefore::kStopped);
}

TEST_CASE("a line with any one byte altered or lost does not count") {
  const std::string line = BeginLine(42, SomeBegin());
  const std::string_view whole = WithoutNewline(line);
  TransactionRecord record;
  for (std::size_t i = 0; i < whole.size(); ++i) {
    std::string altered(whole);
    altered[i] = static_cast<char>(altered[i] ^ 1);
    CHECK(!AddLine(altered, &record));
    CHECK(!AddLine(whole.substr(0, i), &record));
  }
  CHECK(!record.begin);
  CHECK(AddLine(whole, &record));
}

TEST_CASE("bytes that are not UTF-8 do not prevent a record") {
  const std::string raw("caf\xE9 \x01\xFF\0 end", 12);
  TransactionRecord record;
  CHECK(AddLine(WithoutNewline(NoteLine(raw)), &record));
  BeginRecord begin = SomeBegin();
  begin.source = raw;
  begin.caller.command = raw;
  CHECK(AddLine(WithoutNewline(BeginLine(1, begin)), &record));
  CHECK(record.begin);
}

TEST_CASE("a link target that is not UTF-8 is kept byte for byte") {
  // An undo must restore it exactly.
  BeginRecord begin = SomeBegin();
  begin.from_target = "releases/caf\xE9";
  TransactionRecord record;
  REQUIRE(AddLine(WithoutNewline(BeginLine(1, begin)), &record));
  CHECK(record.begin->from_target == begin.from_target);
}

}  // namespace
}  // namespace release
