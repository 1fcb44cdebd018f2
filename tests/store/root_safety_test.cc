#include "store/root_safety.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/filesystem.hpp>

#include "support/command_run.h"
#include "support/expect_error.h"
#include "support/temp_dir.h"

namespace release {
namespace {

// The commands that the advice ends with.
std::string CommandsIn(const std::string& words) {
  const std::string before = "or type: ";
  const std::size_t at = words.find(before);
  return at == words.npos ? "" : words.substr(at + before.size());
}

}  // namespace

TEST_CASE("the advice for a root of another user mends all of it at once") {
  if (geteuid() != 0) return;
  const CommandRig rig;
  const std::string root = rig.root();
  CHECK_FALSE(FindUnsafeRoot(root));
  for (const char* part : {"", "/releases", "/.release", "/.release/outbox"}) {
    REQUIRE(chown((root + part).c_str(), 12345, 12345) == 0);
  }
  REQUIRE(chmod((root + "/releases").c_str(), 0777) == 0);
  const auto unsafe = FindUnsafeRoot(root);
  REQUIRE(unsafe);
  CHECK(unsafe->path == root);
  const std::string commands = CommandsIn(unsafe->words);
  CHECK(commands == "chown root:root " + root + " " + root +
                        "/releases && chown -R root:root " + root +
                        "/.release && chmod go-w " + root + "/releases");
  REQUIRE(system(commands.c_str()) == 0);
  CHECK_FALSE(FindUnsafeRoot(root));
}

TEST_CASE("a directory above the root counts, and a missing root is no fault") {
  if (geteuid() != 0) return;
  const TempDir dir;
  const std::string above = dir.path() + "/with blank";
  boost::filesystem::create_directory(above);
  REQUIRE(chmod(above.c_str(), 0755) == 0);
  CHECK_FALSE(FindUnsafeRoot(above + "/a/srv"));
  // Like /tmp: others cannot replace what root makes there.
  REQUIRE(chmod(above.c_str(), 01777) == 0);
  CHECK_FALSE(FindUnsafeRoot(above + "/srv"));
  REQUIRE(chmod(above.c_str(), 0755) == 0);
  REQUIRE(chown(above.c_str(), 12345, 0) == 0);
  const auto unsafe = FindUnsafeRoot(above + "/a/srv");
  REQUIRE(unsafe);
  CHECK(CommandsIn(unsafe->words) == "chown root:root '" + above + "'");
  CHECK(ErrorOf([&] { RequireSafeRoot(above + "/srv"); }).code() ==
        ErrorCode::kRootUnsafe);
}

TEST_CASE("every command gives the same advice for a root of another user") {
  if (geteuid() != 0) return;
  const CommandRig rig;
  const std::string archive = rig.Archive("1");
  REQUIRE(chown(rig.root().c_str(), 12345, 12345) == 0);
  const std::string advice = "or type: chown root:root " + rig.root() + "\n";
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"init"},
        {"check"},
        {"deploy", archive},
        {"rollback"},
        {"prune"},
        {"recover"},
        {"intake"},
        {"confirm"},
        {"abort"}}) {
    CAPTURE(words[0]);
    const Printed printed = rig.Run(words);
    CHECK(printed.exit == (words[0] == "check" ? 8 : 2));
    CHECK((printed.err + printed.out).find(advice) != std::string::npos);
  }
  REQUIRE(chown(rig.root().c_str(), 0, 0) == 0);
  CHECK(rig.Run({"deploy", archive}).exit == 0);
}

}  // namespace release
