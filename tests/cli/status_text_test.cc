#include "cli/status_text.h"

#include <doctest/doctest.h>

#include "store/journal.h"
#include "support/root_files.h"
#include "support/world.h"

namespace release {
namespace {

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// A world whose status is read as on a terminal of 80 columns, `age` seconds
// after the last transaction.
struct Shop : World {
  Shop() {
    config.app = "shop";
    context.caller.host = "web1";
  }
  StatusReport Read() { return ReadStatus(&context, TreeCheck::kBytes); }
  Screen At(std::int64_t age) {
    return {.columns = 80,
            .charset = Screen::Charset::kUtf8,
            .now = clock.wall_seconds + age};
  }
  std::string Line(std::int64_t age = 0) {
    return VerdictText(Read(), At(age));
  }
  std::string Text(std::int64_t age = 0) { return StatusText(Read(), At(age)); }
};

// A shop in which a deploy of 2 is in that step; this process holds the lock.
struct BusyShop : Shop {
  BusyShop(const std::string& step, std::int64_t until)
      : lock((Deploy("1"), &disk), &clock, context.caller, Nanoseconds{0}),
        journal(&disk, 2, Journal::RecordSpace::kNewFile) {
    journal.Begin({.command = CommandId::kDeploy,
                   .caller = context.caller,
                   .at = clock.wall_seconds,
                   .from_target = "releases/1",
                   .to = Version::Parse("2"),
                   .creates = true});
    journal.StepBegun(step, StepPhase::kForward, until);
  }
  Lock lock;
  Journal journal;
};

}  // namespace

TEST_CASE("the way back past an irreversible release is shown with --yes") {
  Shop shop;
  DeployAll(&shop, {"1"});
  Deploy(&shop.context, shop.RequestFor("2"), {.irreversible = true});
  CHECK(Has(shop.Text(), "1 (`release rollback --yes` goes there)"));
  CHECK(Has(shop.Text(), "nothing to do; `release rollback --yes` goes back"));
}

TEST_CASE("the first line says what is live, where, and since when") {
  Shop shop;
  CHECK(shop.Line() == "shop on web1: empty, no release has been deployed");
  shop.Deploy("1");
  CHECK(shop.Line(3 * 3600) == "shop on web1: ok, 1 live since 3 h ago");
  CHECK(VerdictOf(shop.Read()) == Verdict::kOk);
}

TEST_CASE("live since is when it went live, not when it became good") {
  Shop shop;
  DeployAll(&shop, {"1", "2"});
  shop.clock.wall_seconds += 86'400;
  shop.Rollback();
  CHECK(shop.Line(60) == "shop on web1: ok, 1 live since 60 s ago");
}

TEST_CASE("the screen of a healthy app") {
  Shop shop;
  DeployAll(&shop, {"1", "2"});
  CHECK(shop.Text(120) ==
        "live         2 since 2 min ago (2026-11-18 11:06:40Z)\n"
        "before       1 (`release rollback` goes there)\n"
        "health       ok, answered in 0 ms\n"
        "files        unchanged since the deploy\n"
        "last change  deploy of 2 by alice (transaction 2)\n"
        "next         nothing to do; `release rollback` goes back to 1\n");
}

TEST_CASE("an unhealthy release asks for attention and names the way back") {
  Shop shop;
  DeployAll(&shop, {"1", "2"});
  shop.broken.insert("2");
  CHECK(Has(shop.Line(), "ATTENTION: the health check fails, 2 is live"));
  CHECK(Has(shop.Text(), "next         `release rollback` goes back to 1\n"));
}

TEST_CASE("files that changed are counted, and verify names them") {
  Shop shop;
  shop.Deploy("1");
  PutFile(&shop.disk, "releases/1/bin/app", "other", 0755);
  CHECK(Has(shop.Line(), "ATTENTION: 1 file changed since the deploy"));
  CHECK(Has(shop.Text(), "next         `release verify` names the files\n"));
}

TEST_CASE("a failed deploy is told below what is live") {
  Shop shop;
  shop.Deploy("1");
  shop.broken.insert("2");
  CHECK(shop.Deploy("2").exit == Exit::kUndone);
  CHECK(Has(shop.Line(), "shop on web1: ok, 1 live since "));
  const std::string text = shop.Text();
  CHECK(Has(text, "last change  deploy of 1 by alice (transaction 1)\n"));
  CHECK(Has(text,
            "last failure deploy of 2, just now: undone: "
            "health-deadline; "));
}

TEST_CASE("a problem is shouted, and its first words stand in the first line") {
  Shop shop;
  shop.Deploy("1");
  shop.disk.MakeDirectory(Fs::kRoot, "releases/by-hand", 0755);
  CHECK(Has(shop.Line(),
            "ATTENTION: releases/by-hand was not put there by this tool, so "));
  CHECK(Has(shop.Text(), "PROBLEM      releases/by-hand was not put "));
}

TEST_CASE("a transaction that waits for a person says how long it will") {
  BusyShop shop("confirm", 1'795'000'000 + 100);
  CHECK(shop.Line(73) ==
        "shop on web1: WAITING for `release confirm`, 27.0 s left");
  CHECK(Has(shop.Text(),
            "next         `release confirm` keeps it; `release "
            "abort` undoes it\n"));
}

TEST_CASE("a transaction that runs is named with its step") {
  BusyShop shop("unpack", 0);
  CHECK(shop.Line() == "shop on web1: BUSY: deploy of 2 by alice");
  CHECK(Has(shop.Text(), "in progress  deploy of 2 by alice (pid "));
  CHECK(Has(shop.Text(), ", step unpack\n"));
}

TEST_CASE("no line of the status passes the last column") {
  Shop shop;
  shop.config.app = std::string(60, 'a');
  const std::string version = "1." + std::string(126, '9');
  shop.Deploy(version);
  shop.broken.insert(version);
  shop.disk.MakeDirectory(Fs::kRoot, "releases/" + std::string(90, 'x'), 0755);
  for (const unsigned columns : {40U, 80U, 200U}) {
    Screen screen = shop.At(0);
    screen.columns = columns;
    std::size_t column = 0;
    for (const char c : StatusText(shop.Read(), screen, "a-shop-of-many")) {
      column = c == '\n' ? 0 : column + 1;
      CHECK(column <= columns);
    }
  }
}

TEST_CASE("names from outside cannot move the cursor in a status") {
  Shop shop;
  shop.context.caller.user = "al\x1b[2Jice";
  shop.context.caller.host = "web\x1b[2J";
  shop.Deploy("1");
  CHECK(!Has(shop.Text() + shop.Line(), "\x1b"));
}

TEST_CASE("a health check that fails is told line by line") {
  Shop shop;
  shop.Deploy("1");
  shop.runner.On("probe", [](const Command&) {
    CommandResult result = Exited(1);
    result.output = "no database\nno cache\n";
    return result;
  });
  const std::string text = shop.Text();
  CHECK(Has(text,
            "health       probe: exit status 1\n"
            "             no database\n"
            "             no cache\n"));
}

TEST_CASE("a restart of what is live does not make it live again") {
  Shop shop;
  DeployAll(&shop, {"1"});
  shop.clock.wall_seconds += 86'400;
  Restart(&shop.context);
  CHECK(shop.Line(3600) == "shop on web1: ok, 1 live since 25 h ago");
}

TEST_CASE("a release that is proved stays so while a pin runs") {
  Shop shop;
  shop.Deploy("1");
  Lock lock(&shop.disk, &shop.clock, shop.context.caller, Nanoseconds{0});
  Journal journal(&shop.disk, 2, Journal::RecordSpace::kNewFile);
  journal.Begin({.command = CommandId::kPin,
                 .caller = shop.context.caller,
                 .at = shop.clock.wall_seconds,
                 .from_target = "releases/1",
                 .to = Version::Parse("1")});
  CHECK(!Has(shop.Text(), "not proved yet"));
}

}  // namespace release
