#include "cli/serve_words.h"

#include <doctest/doctest.h>

#include <random>

#include "base/version.h"
#include "support/expect_error.h"

namespace release {
namespace {

// Lines that are served; the random lines are mutations of them.
const std::vector<std::string> kGood = {
    "deploy -",
    "deploy - --version 1.4.2 --sha256 " + std::string(64, 'a'),
    "deploy - --attestation e30= --signature Zm9v --confirm-within 10m",
    "stage - --json --quiet --dry-run --wait 5m",
    "activate 1.4.2 --confirm-within 90",
    "rollback",
    "rollback 1.4.1 --reason checkout-is-slow",
    "deploy - --rollout 2026-11-30.1 --expect-live 1.4.1",
    "rollback --rollout ci+7 --expect-live -",
    "release --app shop --json deploy - --version 1.4.2",
    "--json -a shop -q rollback 1.4.1 --reason 'checkout is slow (5 %)'",
    "rollback --reason \"checkout is slow, see #12\" -n",
    "history -n 5",
    "status --check --json",
    "history --count 5",
    "verify 1 2 --json",
    "verify --all",
    "diff 1.4.1 1.4.2",
    "pin 1.4.2",
    "list --json",
    "confirm",
    "abort"};

constexpr const char* kBad[] = {
    "",
    " ",
    "sh",
    "bash -i",
    "deploy",
    "deploy /etc/shadow",
    "deploy ../x.tar",
    "deploy - -",
    "deploy - --version",
    "deploy - --version ../1",
    "deploy - --version -1",
    "deploy - --version=1",
    "deploy - --root /srv/other",
    "deploy - --app other",
    "deploy - --config /tmp/x",
    "deploy - -a other",
    "deploy - --strip-components 3",
    "deploy - --attestation /etc/shadow",
    "deploy - --attestation e30",
    "deploy - --json --json",
    "deploy - --version 1 --version 2",
    "deploy --version 1 -",
    "deploy -\nstatus",
    "deploy -; status",
    "deploy - | sh",
    "deploy - `id`",
    "deploy - $(id)",
    "deploy - 'x'",
    "deploy - > /etc/passwd",
    "status\n",
    "status\r",
    "status ",
    " status",
    "status  --json",
    "status\t--json",
    "status --check=1",
    "status 1",
    "STATUS",
    "status --help",
    "status -h",
    "--help",
    "--config x status",
    "release",
    "release --json",
    "--app shop",
    "--app",
    "release release status",
    "--root /srv/other status",
    "--app other status",
    "--version 1 deploy -",
    "rollback --rollout ../x",
    "rollback --expect-live --json",
    "rollback --reason 'a b",
    "rollback --reason 'a b'c",
    "rollback --reason \"$(id)\"",
    "rollback --reason 'a;b'",
    "rollback --reason '-x'",
    "rollback --reason a/../b\\",
    "history --count -1",
    "history --count 9999999",
    "history --follow",
    "rollback --reason",
    "rollback --reason a b",
    "rollback 1 2",
    "verify 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17",
    "list --dry-run",
    "status --wait 5m",
    "status --metrics",
    "deploy - --progress json",
    "deploy -q",
    "init",
    "serve --allow deploy",
    "completion bash",
    "recover --no-service",
    "/usr/lib/openssh/sftp-server",
    "internal-sftp",
    "scp -t /tmp",
    "rsync --server . /",
    "LD_PRELOAD=/x deploy -",
    "deploy - \xFF",
    "status --json\x7F"};

std::string Mutated(std::mt19937* random) {
  const auto below = [&](std::size_t n) { return (*random)() % n; };
  std::string line = kGood[below(kGood.size())];
  for (std::size_t i = 1 + below(4); i > 0; --i) {
    const std::size_t at = below(line.size() + 1);
    switch (below(4)) {
      case 0:
        line.insert(at, 1, static_cast<char>(below(256)));
        break;
      case 1:
        line.erase(at, 1 + below(3));
        break;
      case 2:
        line.insert(at, kBad[below(std::size(kBad))]);
        break;
      default:
        line.insert(at, " " + kGood[below(kGood.size())].substr(below(5)));
    }
  }
  return line;
}

// Whatever was accepted holds nothing outside the grammar.
void CheckHarmless(const CommandWords& words) {
  const std::set<std::string> all = ParseAllowed(
      "deploy,stage,activate,rollback,prune,pin,unpin,recover,confirm,abort,"
      "list,status,history,verify,diff");
  CHECK(all.contains(std::string(RowOf(words.command).name())));
  CHECK(words.files == FileValue::kContent);
  for (const std::string& operand : words.operands) {
    CHECK((operand == "-" || Version::Parse(operand)));
  }
  for (const auto& [option, values] : words.options) {
    CHECK(values.size() == 1);
    if (option == Option::kAttestation || option == Option::kSignature) {
      continue;
    }
    if (option == Option::kApp) CHECK(values[0] == "shop");
    CHECK(values[0].find_first_of("\n\t'\"\\$`;|&<>*") == std::string::npos);
    if (option == Option::kReason) continue;
    CHECK(values[0].find_first_of("/ ?") == std::string::npos);
    CHECK((values[0] == "-" || !values[0].starts_with('-')));
  }
}

}  // namespace

TEST_CASE("a command that can be served is read into its parts") {
  for (const std::string& line : kGood) {
    CAPTURE(line);
    CHECK_NOTHROW(CheckHarmless(ParseServeWords(line, "shop")));
  }
  const CommandWords words = ParseServeWords(kGood[2]);
  CHECK(words.command == CommandId::kDeploy);
  CHECK(words.operands == std::vector<std::string>{"-"});
  CHECK(words.Value(Option::kAttestation) == "{}");
  CHECK(words.Value(Option::kSignature) == "foo");
  CHECK(words.Value(Option::kConfirmWithin) == "10m");
  CHECK(words.Value(Option::kVersion).empty());
  CHECK(ParseServeWords("verify 1 2").operands.size() == 2);
  CHECK(
      ParseServeWords("rollback --reason 'too slow'").Value(Option::kReason) ==
      "too slow");
  CHECK(ParseServeWords("history -n 5").Value(Option::kCount) == "5");
  CHECK(ParseServeWords("rollback -n").Has(Option::kDryRun));
  CHECK(ParseServeWords("status --check").Has(Option::kCheck));
}

TEST_CASE("a line outside the grammar is refused, and the word is named") {
  for (const char* line : kBad) {
    CAPTURE(line);
    const Error error = ErrorOf([&] { ParseServeWords(line, "shop"); });
    CHECK(error.code() == ErrorCode::kUsage);
    CHECK(Says(error, "cannot serve this command: "));
  }
  CHECK(Says(ErrorOf([] { ParseServeWords("deploy - --root /srv/other"); }),
             "deploy has no option \"--root\" here"));
  CHECK(Says(ErrorOf([] { ParseServeWords("--app shop status"); }),
             "this key is not for the app \"shop\""));
  CHECK(Says(ErrorOf([] { ParseServeWords("rollback --reason too slow"); }),
             "a value with blanks needs quotes"));
  CHECK(Says(ErrorOf([] { ParseServeWords(std::string("sh\0x", 4)); }),
             "is not a plain word"));
  CHECK(ErrorOf([] {
          ParseServeWords("deploy - --attestation " + std::string(131072, 'A'));
        }).code() == ErrorCode::kUsage);
}

TEST_CASE("10,000 random lines get nothing that the grammar lacks") {
  std::mt19937 random(20261125);
  int accepted = 0;
  for (int i = 0; i < 10'000; ++i) {
    const std::string line = Mutated(&random);
    try {
      CheckHarmless(ParseServeWords(line, "shop"));
      ++accepted;
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::kUsage);
    }
  }
  MESSAGE("accepted: " << accepted);
  // The generator must also produce lines that are accepted.
  CHECK(accepted > 50);
  CHECK(accepted < 5'000);
}

TEST_CASE(
    "--allow accepts the names of commands that can be served, no others") {
  CHECK(ParseAllowed("deploy,status") ==
        std::set<std::string>{"deploy", "status"});
  for (const char* list : {"", "deploy,", "deploy status", "all", "init", "*",
                           "deploy,serve", "Deploy"}) {
    CAPTURE(list);
    CHECK(ErrorOf([&] { ParseAllowed(list); }).code() == ErrorCode::kUsage);
  }
}

}  // namespace release
