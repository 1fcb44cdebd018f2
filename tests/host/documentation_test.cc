// Compares the documentation of the command line with the command.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <regex>
#include <set>
#include <string>
#include <vector>

#include "base/config.h"
#include "host/command.h"
#include "host/document_steps.h"
#include "support/archives.h"
#include "support/http_server.h"
#include "support/temp_dir.h"

namespace release {
namespace {

using Words = std::set<std::string>;

std::string OutputOf(const std::string& command) {
  const TempDir dir;
  Shell(command + " > " + dir.path() + "/out");
  return Slurp(dir.path() + "/out");
}

std::string Document(const std::string& name) {
  return Slurp(std::string(RELEASE_SOURCE_DIR "/") + name);
}

Words Matches(const std::string& text, const std::string& pattern) {
  const std::regex regex(pattern, std::regex::multiline);
  Words words;
  for (std::sregex_iterator it(text.begin(), text.end(), regex), end; it != end;
       ++it) {
    words.insert((*it)[1]);
  }
  return words;
}

Words Commands() {
  return Matches(OutputOf(RELEASE_BINARY " --help"), "^  ([a-z]+) ");
}

// Returns the options ("--root", "--json", ...) of all help texts.
Words Options() {
  std::string helps = OutputOf(RELEASE_BINARY " --help");
  for (const std::string& command : Commands()) {
    helps += OutputOf(RELEASE_BINARY " " + command + " --help");
  }
  return Matches(helps, "(--[a-z][a-z0-9-]+)");
}

// Returns the options on the lines of a document that run the command.
Words OptionsRun(const std::string& document) {
  std::string lines;
  for (const std::string& line :
       Matches(document, "(?:^|[$] |`|web1 )(release [^\n`]*)")) {
    lines += line + "\n";
  }
  return Matches(lines, "(--[a-z][a-z0-9-]+)");
}

Words OptionsOfManual(const std::string& manual) {
  Words options;
  for (const std::string& name : Matches(manual, "Fl -([a-z][a-z0-9-]+)")) {
    options.insert("--" + name);
  }
  return options;
}

void CheckWithin(const Words& some, const Words& all) {
  for (const std::string& word : some) CHECK_MESSAGE(all.contains(word), word);
}

// Returns the text from after `begin` to `end`.
std::string Between(const std::string& text, const std::string& begin,
                    const std::string& end) {
  const std::size_t start = text.find(begin);
  REQUIRE(start != text.npos);
  const std::size_t from = start + begin.size();
  return text.substr(from, text.find(end, from) - from);
}

std::string Replace(std::string text, const std::string& from,
                    const std::string& to) {
  const std::size_t at = text.find(from);
  REQUIRE(at != text.npos);
  return text.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("a document fits on a machine that is fast or slow") {
  CHECK(Fits("...\nerror: no\n", "error: no\n"));
  CHECK(Fits("...\nerror: no\n", "  unpack   12 ms\nerror: no\n"));
  CHECK(Fits("  health   1.2 s\ndone\n", "done\n"));
  CHECK(Fits("a\n...\nb\n", "a\nb\n"));
  CHECK(!Fits("...\nerror: no\n", "error: yes\n"));
  CHECK(!Fits("a\n...\nb\n", "b\n"));
  CHECK(!Fits("health: 1.2 s\ndone\n", "done\n"));
}

TEST_CASE("every option that a document runs is one of the command") {
  const Words options = Options();
  CHECK(options.size() > 15);
  std::size_t seen = 0;
  for (const char* name :
       {"README.md", "docs/operations.md", "docs/recipes.md", "docs/callers.md",
        "docs/architecture.md", "docs/release.8"}) {
    CAPTURE(name);
    const Words run = OptionsRun(Document(name));
    seen += run.size();
    CheckWithin(run, options);
  }
  CHECK(seen > 10);
  // Control: an option that does not exist is noticed.
  CHECK(OptionsRun("$ release deploy x --no-such-option\n") ==
        Words{"--no-such-option"});
}

TEST_CASE("the jobs of docs/callers.md are YAML") {
  const TempDir dir;
  const auto jobs = [&](const std::string& document) {
    Spill(dir.path() + "/document", document);
    return OutputOf(
        "(python3 -c 'import re, sys, yaml; print([type(yaml.safe_load(block))"
        ".__name__ for block in re.findall(r\"^```yaml\\n(.*?)^```\", "
        "open(sys.argv[1]).read(), re.S | re.M)])' " +
        dir.path() + "/document 2>&1 || true)");
  };
  CHECK(jobs(Document("docs/callers.md")) == "['dict', 'dict', 'list']\n");
  // Control: a wrong indentation is noticed.
  CHECK(jobs("```yaml\na: 1\n  b: 2\n```\n").find("ScannerError") !=
        std::string::npos);
}

TEST_CASE("release(8) has every command and every option, and no other") {
  const std::string manual = Document("docs/release.8");
  CheckWithin(Options(), OptionsOfManual(manual));
  CheckWithin(OptionsOfManual(manual), Options());
  const Words described = Matches(manual, "^\\.It Cm ([a-z]+)");
  for (const std::string& command : Commands()) {
    // pin and unpin share an entry.
    CHECK_MESSAGE((described.contains(command) || command == "unpin"), command);
  }
  CheckWithin(described, Commands());
}

TEST_CASE("release.toml(5) has every key of the configuration") {
  const std::string manual = Document("docs/release.toml.5");
  // The keys are read from the source of the parser, so a new key without
  // documentation fails here.
  const Words keys = Matches(Document("src/base/config.cc"),
                             "\\{\"(?:[a-z]*)\", \"([a-z_]+)\"");
  CHECK(keys.size() > 25);
  for (const std::string& key : keys) {
    CHECK_MESSAGE(manual.find("Ic " + key) != std::string::npos, key);
  }
}

TEST_CASE("the command accepts the example of release.toml(5)") {
  const std::string manual = Document("docs/release.toml.5");
  const std::size_t start = manual.find(".Bd -literal\n") + 13;
  const TempDir dir;
  std::string text = manual.substr(start, manual.find("\n.Ed") - start);
  text.replace(text.find("/srv/shop"), 9, dir.path() + "/srv");
  // There is no user shop here.
  text.replace(text.find("shop:shop"), 9, "root:root");
  Spill(dir.path() + "/shop.toml", text + "\n");
  CHECK_NOTHROW(Shell(RELEASE_BINARY " --quiet --config " + dir.path() +
                      "/shop.toml init"));
  Spill(dir.path() + "/shop.toml", text + "\nnonsense = 1\n");
  CHECK_THROWS(Shell(RELEASE_BINARY " --quiet --config " + dir.path() +
                     "/shop.toml init 2>/dev/null"));
}

TEST_CASE("the man pages are set without a warning") {
  const auto warnings = [](const std::string& file) {
    return OutputOf("(groff -ww -z -mandoc -Tutf8 " + file + " 2>&1)");
  };
  CHECK(warnings(RELEASE_SOURCE_DIR "/docs/release.8") == "");
  CHECK(warnings(RELEASE_SOURCE_DIR "/docs/release.toml.5") == "");
  const TempDir dir;
  // Control: groff does warn about an unknown macro.
  Spill(dir.path() + "/bad.8", Document("docs/release.8") + ".Bogus\n");
  CHECK(warnings(dir.path() + "/bad.8") != "");
}

TEST_CASE("the script of docs/watch.md for nginx's log knows good from bad") {
  const TempDir dir;
  const std::string log = dir.path() + "/access.log";
  const std::string script =
      Replace(Between(Document("docs/watch.md"), "```sh\n", "```"),
              "/var/log/nginx/access.log", log);
  const auto exit_with = [&](int good, int failed) {
    std::string lines;
    for (int i = 0; i < good + failed; ++i) {
      lines += fmt::format(
          "192.0.2.7 - - [30/Nov/2026:10:00:00 +0000] \"GET / HTTP/1.1\" {} "
          "612 \"-\" \"curl/7.88.1\"\n",
          i < good ? 200 : 502);
    }
    Spill(log, lines);
    return Run({"sh", "-c", script}).exit;
  };
  CHECK(exit_with(10, 5) == 2);
  CHECK(exit_with(900, 50) == 0);
  CHECK(exit_with(900, 51) == 1);
}

TEST_CASE("the command of docs/watch.md for Prometheus knows good from bad") {
  const std::string page = Document("docs/watch.md");
  const std::string key =
      "[watch]\n" + Between(page, "is unknown):\n\n```toml\n", "```");
  const Argv command =
      ParseConfig("root = \"/srv/shop\"\n" + key, "shop.toml", "shop")
          .watch.command;
  std::string answer;
  HttpServer server([&](const std::string&) { return answer; });
  const auto exit_with = [&](const std::string& result) {
    answer = HttpAnswer(200,
                        "{\"status\":\"success\",\"data\":{\"resultType\":"
                        "\"vector\",\"result\":[" +
                            result + "]}}");
    return Run({command[0], command[1],
                Replace(command[2], "127.0.0.1:9090",
                        fmt::format("127.0.0.1:{}", server.port()))})
        .exit;
  };
  CHECK(exit_with("{\"metric\":{},\"value\":[1796000000,\"0\"]}") == 0);
  CHECK(exit_with("{\"metric\":{},\"value\":[1796000000,\"1\"]}") == 1);
  CHECK(exit_with("") == 2);
  CHECK(server.Requests().at(0).find("http_requests_total") !=
        std::string::npos);
}

}  // namespace release
