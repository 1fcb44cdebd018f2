// A world whose root has a drop box, and an uploader.
#ifndef RELEASE_TESTS_SUPPORT_DROP_BOX_H_
#define RELEASE_TESTS_SUPPORT_DROP_BOX_H_

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "dropbox/intake.h"
#include "support/root_files.h"
#include "support/world.h"
#include "trust/digest.h"

namespace release {

inline std::string Sha256Hex(std::string_view bytes) {
  Sha256 digest;
  digest.Update(bytes);
  return digest.Finish();
}

// A world with a drop box to put uploads in.
struct DropBox {
  World world;
  std::vector<UploadResult> taken;

  void Put(const std::string& name, const std::string& bytes) {
    PutFile(&world.disk, "incoming/" + name, bytes);
  }
  void Upload(const std::string& name, const std::string& bytes) {
    Put(name, bytes);
    Put(name + ".sha256", Sha256Hex(bytes) + "  " + name + "\n");
  }
  void UploadVersion(const std::string& version) {
    Upload("shop-" + version + ".tar", World::ArchiveOf(version));
  }
  const UploadResult& Take() {
    REQUIRE(TakeMore() > 0);
    return taken.back();
  }
  // Returns the number of results.
  std::size_t TakeMore() {
    taken = TakeUploads(&world.context,
                        {.reason = [](const UploadResult&) { return "why"; }});
    return taken.size();
  }
  bool There(const std::string& name) {
    return world.disk.Stat(Fs::kRoot, "incoming/" + name).has_value();
  }
  void CheckRejected(const std::string& name, ErrorCode code) {
    const UploadResult& last = Take();
    CHECK(last.upload == name);
    REQUIRE(last.outcome.error);
    CHECK(last.outcome.error->code == code);
    CHECK(!There(name));
    CHECK(!There(name + ".sha256"));
    CHECK(There("rejected/" + name + ".reason.json"));
    CHECK(There("rejected/" + name + ".sha256"));
    CHECK(world.Current() == "");
  }
};

}  // namespace release

#endif  // RELEASE_TESTS_SUPPORT_DROP_BOX_H_
