// The recipes of docs/recipes.md: their files are written and their commands
// typed in a container, while users ask the app.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <boost/filesystem.hpp>

#include "host/command.h"
#include "host/container_suite.h"
#include "host/document_steps.h"
#include "host/instance_shop.h"
#include "host/user_load.h"
#include "support/archives.h"

namespace release {
namespace {

using Steps = std::vector<Step>;

constexpr std::chrono::seconds kLongest{300};

struct Recipe {
  std::vector<std::string> sections;  // read one after the other
  std::string app;                    // a directory of docs/samples/apps
  UserLoad::Methods methods = UserLoad::Methods::kGetAndPost;
};

const char kShared[] = "A service behind nginx";
const Recipe kPlainPhp = {{"php-fpm: one for all releases"}, "php-fpm"};

std::vector<Recipe> Recipes() {
  return {{{"A static site"}, "static", UserLoad::Methods::kGet},
          {{kShared, "Node.js"}, "node"},
          {{kShared, "gunicorn"}, "gunicorn"},
          {{kShared, "puma"}, "puma"},
          {{kShared, "A Go binary"}, "go"},
          {{kShared, "php-fpm: a master for each release"}, "php-fpm"},
          kPlainPhp};
}

std::string TextOf(const Recipe& recipe) {
  const std::string document = Slurp(RELEASE_SOURCE_DIR "/docs/recipes.md");
  std::string text;
  for (const std::string& section : recipe.sections) {
    text += SectionOf(document, section);
  }
  return text;
}

// A machine on which nobody has done anything for the app yet.
class EmptyMachine : public InstanceShop {
 public:
  EmptyMachine() {
    Shell(
        "systemctl stop nginx php8.2-fpm 'shop@*'; userdel shop; groupdel shop;"
        "systemctl disable release-start@shop.service;"
        "rm -rf /srv/shop /etc/shop /etc/release/shop.toml /root/shop-*"
        " /etc/systemd/system/shop@.service /etc/nginx/conf.d/shop.conf");
  }

  // Makes the archives that the recipes deploy, as docs/recipes.md says. The
  // load also asks a static site for /items.
  void MakeArchives(const std::string& app) {
    const std::string page = Slurp(RELEASE_SOURCE_DIR "/docs/recipes.md");
    const std::size_t loop = page.find("for v in 1.4.1");
    const Finished made = RunShell(
        fmt::format("set -e; cd /root; rm -rf app; PATH=$PATH:$(dirname "
                    "$release); cp -r {}/docs/samples/apps/{} app;"
                    "if [ -e app/index.html ]; then ln -s index.html "
                    "app/items; fi; export HOME=/root\n{}",
                    RELEASE_SOURCE_DIR, app,
                    page.substr(loop, page.find("```", loop) - loop)),
        kLongest);
    REQUIRE_MESSAGE(made.exit == 0, made.Describe());
  }

  // Returns the steps with their real output and status.
  static Steps Type(const Steps& steps) {
    Spill("/root/steps", ScriptOf(steps));
    const Finished finished = Run({"bash", "/root/steps"}, kLongest);
    return ResultsOf(steps, finished.out);
  }
};

struct Followed {
  std::string differences;  // between the recipe and what happened
  UserLoad::Counts users;   // who asked from the first deploy on
};

bool Deploys(const Step& step) {
  return step.typed.find("release deploy") != step.typed.npos;
}

// Does what a recipe with this text says.
Followed Follow(const Recipe& recipe, const std::string& text) {
  EmptyMachine machine;
  machine.MakeArchives(recipe.app);
  for (const auto& [path, content] : FilesOf(text)) {
    boost::filesystem::create_directories(
        boost::filesystem::path(path).parent_path());
    Spill(path, content);
  }
  const Steps steps = StepsOf(text);
  const auto served = std::find_if(steps.begin(), steps.end(), Deploys) + 1;
  const Steps before(steps.begin(), served), after(served, steps.end());
  Followed followed;
  followed.differences = Differences(before, machine.Type(before));
  CHECK_MESSAGE(followed.differences == "", followed.differences);
  UserLoad load({"1.4.1", "1.4.3"}, recipe.methods);
  CHECK(load.Await(50));
  followed.differences += Differences(after, machine.Type(after));
  CHECK(load.Await(50));
  followed.users = load.End();
  return followed;
}

}  // namespace

TEST_SUITE("inside a container: recipes") {
  TEST_CASE("each recipe does what it says, and its users notice nothing") {
    for (const Recipe& recipe : Recipes()) {
      CAPTURE(recipe.sections.back());
      const Followed followed = Follow(recipe, TextOf(recipe));
      CHECK(followed.differences == "");
      CAPTURE(followed.users.first_problem);
      CHECK(followed.users.errors == 0);
      CHECK(followed.users.unexpected == 0);
      for (const std::string version : {"1.4.1", "1.4.3"}) {
        CHECK(followed.users.versions.contains(version));
      }
      MESSAGE(recipe.sections.back()
              << ": " << followed.users.good << " requests, no error");
    }
  }

  TEST_CASE("control: without its hook users of a recipe see a bad release") {
    std::string text = TextOf(kPlainPhp);
    const std::size_t hook = text.find("preflight = ");
    REQUIRE(hook != text.npos);
    text.erase(hook, text.find('\n', hook) - hook);
    const Followed followed = Follow(kPlainPhp, text);
    CHECK(followed.differences.find("exit status 4") != std::string::npos);
    CHECK(followed.users.errors > 0);
  }
}

TEST_CASE("the recipes work as they stand") {
  SystemdContainer container;
  CheckSuiteInside(&container, "inside a container: recipes", 2);
}

}  // namespace release
