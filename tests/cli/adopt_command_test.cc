#include "cli/adopt_command.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <boost/filesystem.hpp>
#include <nlohmann/json.hpp>

#include "support/archives.h"
#include "support/command_run.h"

namespace release {
namespace {

namespace bfs = boost::filesystem;
using nlohmann::json;

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// As a shell makes them; the command has cleared the mask of this process.
void MakeDirectories(const std::string& path) {
  const mode_t before = umask(022);
  bfs::create_directories(path);
  umask(before);
}

// A directory beside the place of a root.
struct Served {
  Served() { MakeApp(app()); }
  static void MakeApp(const std::string& path) {
    MakeDirectories(path);
    Spill(path + "/index", "served");
  }
  std::string app() const { return dir.path() + "/app"; }
  std::string root() const { return dir.path() + "/root"; }
  Printed Adopt(std::vector<std::string> more = {}) const {
    more.insert(more.begin(), {"--root", root(), "init", "--adopt"});
    return RunRelease(more);
  }
  Printed AdoptApp(std::vector<std::string> more = {}) const {
    more.insert(more.begin(), {"--from", app()});
    return Adopt(more);
  }
  std::string Index() const { return Slurp(app() + "/index"); }
  TempDir dir;
};

}  // namespace

TEST_CASE("a directory called current is taken over by the command line") {
  const Served it;
  Served::MakeApp(it.root() + "/current");
  const Printed done = it.Adopt({"--version", "1"});
  CAPTURE(done.err);
  CHECK(done.exit == 0);
  CHECK(Has(done.err, "took over what was there; 1 is live"));
  CHECK(bfs::read_symlink(it.root() + "/current") == "releases/1");
  CHECK(Has(it.Adopt().err, "it is taken over already; 1 is live"));
}

TEST_CASE("a link with an absolute path is followed to the release") {
  const Served it;
  Served::MakeApp(it.root() + "/releases/1");
  Served::MakeApp(it.root() + "/releases/2");
  bfs::create_symlink(it.root() + "/releases/2", it.root() + "/current");
  const Printed done = it.Adopt({"--json", "--leave-out", "1"});
  const json object = json::parse(done.out);
  CHECK(object.at("result") == "committed");
  CHECK(object.at("live") == "2");
  CHECK(object.at("warnings").size() == 1);
  CHECK(bfs::read_symlink(it.root() + "/current") == "releases/2");
}

TEST_CASE("what is refused leaves no trace, and a dry run neither") {
  const Served it;
  MakeDirectories(it.root());
  const Printed refused = it.Adopt();
  CHECK(refused.exit == 3);
  CHECK(Has(refused.err, "--from " + it.root()));
  CHECK(bfs::is_empty(it.root()));
  Served::MakeApp(it.root() + "/current");
  const Printed plan = it.Adopt({"--dry-run"});
  CHECK(plan.exit == 0);
  CHECK(Has(plan.out, "let current become releases/"));
  CHECK(!bfs::exists(it.root() + "/.release"));
  CHECK(it.Adopt({"--version", "no/name"}).exit == 2);
}

TEST_CASE("another directory becomes current, and a link stands in its place") {
  const Served it;
  const Printed plan = it.AdoptApp({"--dry-run"});
  CHECK(Has(plan.out, "let " + it.app() + " become " + it.root() + "/current"));
  CHECK(!bfs::exists(it.root()));
  const Printed done = it.AdoptApp({"--version", "1"});
  CAPTURE(done.err);
  CHECK(done.exit == 0);
  CHECK(bfs::read_symlink(it.app()) == it.root() + "/current");
  CHECK(bfs::read_symlink(it.root() + "/current") == "releases/1");
  CHECK(it.Index() == "served");
  CHECK(Has(it.AdoptApp().err, "taken over already"));
}

TEST_CASE("what died after the directory had moved is finished") {
  const Served it;
  MakeDirectories(it.root());
  // As a kill leaves it: before the move, and right after it.
  bfs::create_symlink(it.root() + "/current", it.root() + "/current");
  CHECK(it.AdoptApp({"--version", "1"}).exit == 0);
  CHECK(it.Index() == "served");
  const Served moved;
  MakeDirectories(moved.root());
  bfs::rename(moved.app(), moved.root() + "/current");
  bfs::create_symlink(moved.root() + "/current", moved.app());
  CHECK(moved.AdoptApp({"--version", "1"}).exit == 0);
  CHECK(moved.Index() == "served");
  CHECK(bfs::read_symlink(moved.root() + "/current") == "releases/1");
}

TEST_CASE("a directory that cannot move stays where it is") {
  const Served it;
  const auto refusal = [&](const std::string& from, const std::string& root) {
    const Printed run =
        RunRelease({"--root", root, "init", "--adopt", "--from", from});
    CHECK(run.exit == 3);
    return run.err;
  };
  CHECK(Has(refusal(it.app() + "/none", it.root()), "no such directory"));
  CHECK(Has(refusal(it.app() + "/index", it.root()), "it is no directory"));
  CHECK(Has(refusal(it.app(), it.app() + "/deploy"), "the root"));
  bfs::create_symlink(it.app(), it.dir.path() + "/link");
  CHECK(Has(refusal(it.dir.path() + "/link", it.root()), "symbolic link"));
  MakeDirectories(it.root() + "/current");
  CHECK(Has(refusal(it.app(), it.root()), "already"));
  CHECK(it.Index() == "served");
  CHECK(bfs::is_directory(bfs::symlink_status(it.app())));
}

TEST_CASE("options that belong to --adopt need it") {
  const Served it;
  CHECK(RunRelease({"--root", it.root(), "init", "--from", it.app()}).exit ==
        2);
  CHECK(RunRelease({"--root", it.root(), "init", "--version", "1"}).exit == 2);
  CHECK(!bfs::exists(it.root()));
}

}  // namespace release
