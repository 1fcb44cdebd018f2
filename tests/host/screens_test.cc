// The screens of docs/screens: what each command shows on a terminal of 80
// columns. They are made anew by the built command and compared by shape.
//
// RELEASE_WRITE_SCREENS=1 in the environment writes them instead.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstdlib>
#include <regex>
#include <sstream>
#include <utility>

#include "host/command.h"
#include "host/document_steps.h"
#include "host/site.h"
#include "os/terminal.h"
#include "support/archives.h"

namespace release {
namespace {

constexpr char kScreens[] = RELEASE_SOURCE_DIR "/docs/screens/";

// The terminal and the environment in which a command is shown.
struct View {
  unsigned columns = 80;
  std::string environment = "LC_ALL=C.UTF-8";
};

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// An app in /srv/shop of a host called web1, both of which only this process
// and its children see.
class ScreenShop {
 public:
  ScreenShop() : mount_("-t tmpfs none", "/srv") {
    Spill("/srv/probe",
          "#!/bin/sh\nread -r state < /srv/shop/current/state\n"
          "[ \"$state\" = good ] || { echo 'the database is missing'; exit 1; "
          "}\n");
    Spill("/srv/shop.toml",
          "root = \"/srv/shop\"\n[healthcheck]\ncommand = [\"/srv/probe\"]\n"
          "interval = \"50ms\"\ndeadline = \"200ms\"\n"
          "min_healthy_time = \"100ms\"\n");
    Spill("/srv/show",
          "#!/bin/sh\nPATH=/srv/bin:$PATH\nhostname web1\n"
          "stty cols $COLUMNS_WANTED\n"
          "exec release --config /srv/shop.toml \"$@\"\n");
    Shell(
        "chmod 755 /srv/probe /srv/show && mkdir /srv/bin && "
        "ln -s " RELEASE_BINARY " /srv/bin/release");
    Shell("$release --config /srv/shop.toml init");
  }

  // Packs a release whose probe succeeds if `state` is "good".
  static void Pack(const std::string& version, const std::string& state) {
    Shell(fmt::format(
        "mkdir -p /srv/build && echo {0} > /srv/build/index.html && echo {1} > "
        "/srv/build/state && touch -d 2026-11-29T08:00:00Z /srv/build/* && "
        "$release pack /srv/build -o /srv/shop-{0}.tar.gz --version {0}",
        version, state));
  }

  static void Shell(const std::string& line) {
    const Finished done = RunShell("cd /srv && { " + line + "; }");
    REQUIRE_MESSAGE(done.exit == 0, done.Describe());
  }

  // Returns what the terminal shows at the end, without the colors. It sees no
  // process of another test, which may use the same paths in a container.
  static std::string Shown(const std::string& words, const View& view) {
    const Finished done =
        RunShell(fmt::format("cd /srv && {} COLUMNS_WANTED={} unshare --uts "
                             "--pid --fork --mount-proc script -qec '/srv/show "
                             "{}' /dev/null",
                             view.environment, view.columns, words));
    static const std::regex kControl("\x1b\\[[0-9;]*m|\r|[^\n]*\x1b\\[K");
    return std::regex_replace(done.out, kControl, "");
  }

 private:
  PrivateMount mount_;
};

void CheckWidth(const std::string& screen, const View& view) {
  std::istringstream lines(screen);
  for (std::string line; std::getline(lines, line);) {
    CAPTURE(line);
    CHECK(DisplayWidth(line) <= view.columns);
  }
}

// Replaces what depends on the lengths of times: where a line breaks, and where
// a cell is cut; and the number of a process.
std::string Steady(const std::string& screen) {
  static const std::pair<std::regex, const char*> kVaries[] = {
      // A short step has a line only on a slow machine.
      {std::regex("  (undo )?(unpack|publish|switch|verify) +[0-9.]+ m?s\n"),
       ""},
      {std::regex("\n +"), " "},
      {std::regex("\u2192 \\S+"), "\u2192 ..."},
      {std::regex("\\S*\u2026"), "..."},
      {std::regex("[0-9]+m[0-9]{2}s left"), "TIME left"},
      {std::regex("pid [0-9]+"), "pid PID"}};
  std::string steady = screen;
  for (const auto& [pattern, word] : kVaries) {
    steady = std::regex_replace(steady, pattern, word);
  }
  return steady;
}

// Shows a screen in every view, and compares that of 80 columns with the file.
void CheckScreen(const std::string& name, const std::string& words) {
  CAPTURE(name);
  const std::string screen = ScreenShop::Shown(words, {});
  const std::string text = "$ release " + words + "\n" + screen;
  CheckWidth(screen, {});
  const std::string path = kScreens + name + ".txt";
  if (std::getenv("RELEASE_WRITE_SCREENS") != nullptr) {
    Spill(path, text);
    return;
  }
  CHECK_MESSAGE(Fits(Steady(Slurp(path)), Steady(text)), text);
}

// As CheckScreen, for a command that changes nothing and can be run again.
void CheckEveryView(const std::string& name, const std::string& words) {
  CheckScreen(name, words);
  for (const View& view : {View{200, "LC_ALL=C.UTF-8"}, View{80, "LC_ALL=C"},
                           View{80, "LC_ALL=C.UTF-8 NO_COLOR=1"}}) {
    const std::string screen = ScreenShop::Shown(words, view);
    CheckWidth(screen, view);
    if (view.environment != "LC_ALL=C") continue;
    for (const char c : screen) CHECK(static_cast<unsigned char>(c) < 0x80);
  }
  const Finished piped = RunShell("unshare --uts /srv/show " + words);
  CHECK(!Has(piped.out + piped.err, "\x1b"));
}

}  // namespace

TEST_CASE("each screen is as docs/screens shows it") {
  ApartFromOtherMounts();
  const ScreenShop shop;
  ScreenShop::Pack("1.4.1", "good");
  ScreenShop::Pack("1.4.2", "good");
  ScreenShop::Pack("1.4.3", "bad");
  CheckEveryView("status-empty", "status");
  CheckScreen("deploy", "deploy shop-1.4.1.tar.gz");
  CheckScreen("deploy-next", "deploy shop-1.4.2.tar.gz");
  CheckEveryView("status", "status");
  CheckEveryView("diff", "diff 1.4.1");
  CheckEveryView("verify", "verify --all");
  CheckScreen("deploy-undone", "deploy shop-1.4.3.tar.gz");
  ScreenShop::Shell("head -c 200 shop-1.4.3.tar.gz > cut.tar.gz");
  CheckScreen("deploy-refused", "deploy cut.tar.gz --version 1.4.4");
  CheckEveryView("status-after-failure", "status");
  CheckEveryView("list", "list");
  CheckEveryView("history", "history");
  CheckEveryView("history-verbose", "history -v -n 1");
  CheckEveryView("show-release", "show 1.4.3");
  CheckEveryView("show-transaction", "show 3");
  CheckEveryView("rollback-dry-run", "rollback --dry-run");
  CheckScreen("rollback", "rollback --reason slow");
  CheckScreen("rollback-nothing", "rollback");
  CheckEveryView("no-such-release", "activate 1.4.22");
  ScreenShop::Shell("echo something else > shop/releases/1.4.1/index.html");
  CheckEveryView("status-attention", "status");
  CheckEveryView("verify-changed", "verify");
  for (const std::string version : {"1.5.0", "1.5.1", "1.5.2"}) {
    ScreenShop::Pack(version, "good");
    ScreenShop::Shell("$release --config shop.toml -q stage shop-" + version +
                      ".tar.gz");
  }
  CheckEveryView("prune-dry-run", "prune --dry-run");
}

TEST_CASE(
    "the screens of help and of mistakes are as docs/screens shows them") {
  ApartFromOtherMounts();
  const ScreenShop shop;
  CheckEveryView("help", "--help");
  CheckEveryView("help-deploy", "help deploy");
  CheckEveryView("mistyped", "rolback");
  CheckEveryView("missing", "deploy");
}

TEST_CASE("a status during a confirmation waits, and says how long") {
  ApartFromOtherMounts();
  const ScreenShop shop;
  ScreenShop::Pack("1.4.1", "good");
  Running deploy({"unshare", "--uts", "/srv/show", "deploy",
                  "/srv/shop-1.4.1.tar.gz", "--confirm-within", "10m"});
  REQUIRE(Eventually([&] {
    return Has(ScreenShop::Shown("status", {}),
               "WAITING for `release confirm`");
  }));
  CheckEveryView("status-waiting", "status");
  ScreenShop::Shell("$release --config shop.toml abort");
  CHECK(deploy.Wait().exit == 4);
}

TEST_CASE(
    "no screen is wider than the terminal with a version of 128 letters") {
  ApartFromOtherMounts();
  const ScreenShop shop;
  const std::string version = "1." + std::string(126, '9');
  ScreenShop::Pack(version, "good");
  ScreenShop::Pack("1.4.2", "good");
  ScreenShop::Shell("$release --config shop.toml -q deploy shop-" + version +
                    ".tar.gz");
  ScreenShop::Shell("$release --config shop.toml -q deploy shop-1.4.2.tar.gz");
  for (const std::string words :
       {"status", "list", "history", "show 1.4.2", "diff 1.4.2", "check",
        "rollback --dry-run", "verify --all", "prune --dry-run"}) {
    CAPTURE(words);
    CheckWidth(ScreenShop::Shown(words, {}), {});
  }
  CheckWidth(ScreenShop::Shown("show " + version, {}), {});
  ScreenShop::Shell("rm shop/.release/manifests/" + version);
  CheckWidth(ScreenShop::Shown("verify " + version, {}), {});
}

TEST_CASE("the picture of the README shows these screens") {
  CHECK(RunShell(RELEASE_SOURCE_DIR "/scripts/session-picture --check").exit ==
        0);
}

}  // namespace release
