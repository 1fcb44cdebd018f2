#include "cli/run_command.h"

#include <doctest/doctest.h>

#include "support/command_run.h"

namespace release {
namespace {

// Runs one command in the rig's root.
Printed Run(const CommandRig& rig, CommandWords words) {
  GlobalOptions global;
  global.root = rig.root();
  return PrintedBy([&] { return RunCommand(&global, &words); });
}

}  // namespace

TEST_CASE("operands and options reach the command") {
  const CommandRig rig;
  CHECK(Run(rig, {.command = CommandId::kDeploy,
                  .operands = {rig.Archive("1")},
                  .options = {{Option::kVersion, {"1"}}}})
            .exit == 0);
  CHECK(Run(rig, {.command = CommandId::kStage,
                  .operands = {rig.Archive("2")},
                  .options = {{Option::kVersion, {"2"}}}})
            .err.find("2 is staged; 1 is live") != std::string::npos);
  CHECK(Run(rig, {.command = CommandId::kActivate, .operands = {"2"}}).exit ==
        0);
  CHECK(Run(rig, {.command = CommandId::kDiff, .operands = {"1", "2"}}).exit ==
        0);
  CHECK(Run(rig, {.command = CommandId::kPin, .operands = {"1"}}).err ==
        "1 is pinned\n");
  CHECK(Run(rig, {.command = CommandId::kUnpin, .operands = {"1"}}).err ==
        "1 is unpinned\n");
  CHECK(Run(rig, {.command = CommandId::kRollback,
                  .options = {{Option::kReason, {"slow"}}}})
            .exit == 0);
  const Printed history = Run(rig, {.command = CommandId::kHistory,
                                    .options = {{Option::kCount, {"1"}}}});
  CHECK(history.out.find("rollback") != std::string::npos);
  CHECK(history.out.find("activate") == std::string::npos);
}

TEST_CASE("the content of served evidence is not taken for a path") {
  const CommandRig rig;
  const auto deploy = [&](FileValue files) {
    return Run(rig, {.command = CommandId::kDeploy,
                     .files = files,
                     .operands = {rig.Archive("1")},
                     .options = {{Option::kVersion, {"1"}},
                                 {Option::kAttestation, {"/no/such/file"}}}});
  };
  const Printed by_path = deploy(FileValue::kPath);
  CHECK(by_path.exit == 3);
  CHECK(by_path.err.find("/no/such/file") != std::string::npos);
  CHECK(deploy(FileValue::kContent).err.find("no such file") ==
        std::string::npos);
}

}  // namespace release
