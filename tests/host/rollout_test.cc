// The Ansible collection without machines: its documentation, and a rollout
// over twenty roots of this machine.
#include <doctest/doctest.h>

#include "host/command.h"

namespace release {
namespace {

constexpr char kRig[] = RELEASE_SOURCE_DIR "/tests/host/rig/";
constexpr char kCollection[] = RELEASE_SOURCE_DIR "/scripts/ansible";

}  // namespace

TEST_CASE("the documentation of the collection is that of its code") {
  const Finished checked =
      Run({"/usr/bin/python3", std::string(kRig) + "collection_docs.py",
           kCollection},
          std::chrono::seconds(600));
  CHECK_MESSAGE(checked.exit == 0, checked.Describe());
}

TEST_CASE(
    "a rollout over twenty hosts stops, and exactly those that have it go "
    "back") {
  const Finished rolled =
      Run({"/usr/bin/python3", std::string(kRig) + "rollout.py", "stopped",
           "--hosts", "20", "--release", RELEASE_BINARY, "--collection",
           kCollection},
          std::chrono::seconds(1500));
  CHECK_MESSAGE(rolled.exit == 0, rolled.Describe());
}

}  // namespace release
