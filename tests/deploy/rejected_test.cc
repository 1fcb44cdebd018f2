#include "deploy/rejected.h"

#include <doctest/doctest.h>

#include "store/durable.h"
#include "store/layout.h"
#include "support/mem_fs.h"
#include "support/root_files.h"

namespace release {
namespace {

struct Box {
  Box() { disk.MakeDirectory(Fs::kRoot, kIncoming, 0755); }

  void RejectOne(const std::string& name, std::size_t bytes = 10) {
    PutFile(&disk, "incoming/" + name, std::string(bytes, 'x'));
    PutFile(&disk, "incoming/" + name + ".sha256", "sum");
    Reject(&disk, name, "why " + name);
  }
  bool There(const std::string& name) {
    return Exists(&disk, "incoming/rejected/" + name);
  }
  MemFs disk;
};

}  // namespace

TEST_CASE("a rejected upload lies beside its reason") {
  Box box;
  box.RejectOne("1.tar");
  CHECK(box.There("1.tar"));
  CHECK(box.There("1.tar.sha256"));
  CHECK(ReadWhole(&box.disk, "incoming/rejected/1.tar.reason.json") ==
        "why 1.tar");
  CHECK(box.disk.List(Fs::kRoot, kIncoming).size() == 1);
}

}  // namespace release
