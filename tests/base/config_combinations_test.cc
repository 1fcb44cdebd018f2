#include "base/config_combinations.h"

#include <doctest/doctest.h>

#include "base/error.h"

namespace release {
namespace {

constexpr std::string_view kInstances =
    "[service]\nunit = \"shop@.service\"\n[instances]\n";

// Returns the problems of a config with a valid root, one per line.
std::string Problems(const std::string& text) {
  try {
    ParseConfig("root = \"/srv/shop\"\n" + text, "f", "shop");
  } catch (const Error& error) {
    const std::string message = error.what();
    return message.substr(message.find('\n') + 1);
  }
  return "";
}

bool Refuses(const std::string& text, std::string_view words) {
  const std::string problems = Problems(text);
  CAPTURE(problems);
  return problems.find(words) != problems.npos;
}

std::string Instances(const std::string& more) {
  return std::string(kInstances) + more;
}

}  // namespace

TEST_CASE("[instances] and a template unit need each other") {
  CHECK(Problems(Instances("")).empty());
  CHECK(Refuses("[service]\nunit = \"shop@.service\"\n", "needs the table"));
  CHECK(Refuses("[service]\nunit = \"shop.service\"\n[instances]\n",
                "needs a template"));
  CHECK(Refuses("[instances]\n", "needs a template"));
}

TEST_CASE("an instance's directory is below /run unless the file names it") {
  const auto directory = [](const std::string& text) {
    return ParseConfig("root = \"/srv/shop\"\n" + text, "f", "shop")
        .instances.directory;
  };
  CHECK(directory(Instances("")) == "/run/shop/{version}");
  CHECK(directory(Instances("directory = \"/run/a/{version}\"\n")) ==
        "/run/a/{version}");
  CHECK(Refuses(Instances("directory = \"/run/shop\"\n"), "{version}"));
  CHECK(Refuses(Instances("directory = \"run/{version}\"\n"), "absolute"));
}

TEST_CASE("an instance is probed on its own socket only") {
  const auto probe = [](const std::string& line) {
    return Instances("[healthcheck]\n" + line + "\n");
  };
  CHECK(Problems(probe("url = \"unix:{socket}:/up\"")).empty());
  CHECK(Problems(probe("command = [\"/bin/probe\", \"{socket}\"]")).empty());
  CHECK(Refuses(probe("url = \"http://127.0.0.1/up\""), "unix:{socket}"));
  CHECK(Refuses(probe("url = \"unix:/run/x:/up\""), "unix:{socket}"));
  CHECK(Refuses(probe("tcp = \"127.0.0.1:80\""), "tcp does not reach"));
  CHECK(Refuses("[healthcheck]\nurl = \"unix:{socket}:/up\"\n",
                "{socket} needs [instances]"));
}

TEST_CASE("what has no meaning with instances is refused") {
  CHECK(
      Refuses("[service]\nunit = \"shop@.service\"\naction = \"reload\"\n"
              "[instances]\n",
              "action has no meaning"));
  CHECK(Refuses(Instances("restart = [\"worker@.service\"]\n"), "template"));
  CHECK(Refuses(Instances("link = \"a/b\"\n"), "one name"));
  CHECK(Refuses(Instances("[trial]\nunit = \"t@.service\"\n"
                          "url = \"http://127.0.0.1/\"\n"),
                "no meaning with [instances]"));
  CHECK(Refuses("shared_dirs = [\"run\"]\n" + Instances(""),
                "overlaps with [instances] link"));
}

TEST_CASE("the path of the live socket must fit into an address") {
  const std::string long_name(90, 's');
  CHECK(Refuses(Instances("socket = \"" + long_name + "\"\n"), "107 bytes"));
}

TEST_CASE("a trial needs a template and a url") {
  CHECK(Problems("[service]\nunit = \"shop.service\"\n[trial]\n"
                 "unit = \"t@.service\"\nurl = \"http://127.0.0.1:1/\"\n")
            .empty());
  CHECK(Refuses("[trial]\nunit = \"t@.service\"\n", "and a url"));
  CHECK(Refuses("[trial]\nunit = \"t.service\"\nurl = \"http://x/\"\n",
                "needs a template"));
  CHECK(Refuses("[trial]\nunit = \"t@.service\"\nurl = \"unix:{socket}:/\"\n",
                "{socket} needs [instances]"));
}

TEST_CASE("a watch needs something to look at, and time for its bad looks") {
  const std::string unit = "[service]\nunit = \"shop.service\"\n";
  CHECK(Problems(unit + "[watch]\n").empty());
  CHECK(Problems("[watch]\ncommand = [\"/bin/rate\"]\n").empty());
  CHECK(Refuses("[watch]\n", "has nothing to look at"));
  CHECK(Refuses(unit + "[watch]\nevery = \"500ms\"\n", "at least 1s"));
  CHECK(Refuses(unit + "[watch]\nfor = \"30s\"\nevery = \"15s\"\n",
                "a watch of 2 looks cannot find 3 bad ones"));
  CHECK(Problems(unit + "[watch]\nfor = \"30s\"\nbad = 2\n").empty());
  CHECK(Refuses(unit + "[watch]\nbad = 0\n", "bad"));
  CHECK(Refuses(unit + "[watch]\nact = \"panic\"\n", "rollback"));
}

}  // namespace release
