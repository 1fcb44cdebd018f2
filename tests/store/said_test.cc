#include "store/said.h"

#include <doctest/doctest.h>

#include <cerrno>

#include "deploy/operations.h"
#include "support/fault_fs.h"
#include "support/mem_fs.h"

namespace release {

TEST_CASE("a warning is new once in a root") {
  MemFs disk;
  InitializeLayout(&disk);
  const std::vector<std::string> warnings = {"mind this"};
  CHECK(IfFirstTime(&disk, kUnseenService, {}).empty());
  CHECK(IfFirstTime(&disk, kUnseenService, warnings) == warnings);
  CHECK(IfFirstTime(&disk, kUnseenService, warnings).empty());
  CHECK(IfFirstTime(&disk, "another", warnings) == warnings);
}

TEST_CASE("a warning that cannot be remembered is given again") {
  MemFs disk;
  InitializeLayout(&disk);
  FaultFs fs(&disk);
  fs.FailAt(1, ENOSPC, FsCall::kOpen);
  const std::vector<std::string> warnings = {"mind this"};
  CHECK(IfFirstTime(&fs, kUnseenService, warnings) == warnings);
  CHECK(IfFirstTime(&fs, kUnseenService, warnings) == warnings);
  CHECK(IfFirstTime(&fs, kUnseenService, warnings).empty());
}

}  // namespace release
