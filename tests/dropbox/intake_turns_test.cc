// Several uploads, or several commands that take them in.
#include <doctest/doctest.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <vector>

#include "dropbox/intake.h"
#include "store/journal.h"
#include "support/drop_box.h"

namespace release {

TEST_CASE("several uploads that stay incomplete are waited for together") {
  DropBox box;
  box.world.clock.wall_seconds = 0;  // their dates lie in the future
  for (const char* name : {"a.tar", "b.tar", "c.tar"}) {
    box.Put(std::string(name) + ".sha256", "");
  }
  const Nanoseconds before = box.world.clock.SinceBoot();
  box.Take();
  CHECK(box.taken.size() == 3);
  CHECK(box.world.clock.SinceBoot() - before >= std::chrono::seconds(5));
  CHECK(box.world.clock.SinceBoot() - before < std::chrono::seconds(6));
}

TEST_CASE("an upload that another command puts live is not refused") {
  DropBox box;
  box.Put("shop-1.0.tar.sha256", "");
  box.world.clock.wall_seconds = 0;  // the file is new
  // While this command waits for the checksum, another one takes the upload.
  std::vector<UploadResult> others;
  box.world.clock.At(box.world.clock.SinceBoot() + std::chrono::seconds(1),
                     [&] {
                       box.UploadVersion("1.0");
                       others = TakeUploads(&box.world.context, {});
                     });
  CHECK(box.TakeMore() == 0);
  REQUIRE(others.size() == 1);
  CHECK(others[0].outcome.exit == Exit::kDone);
  CHECK(box.world.Current() == "releases/1.0");
  CHECK(ListRecords(&box.world.disk).size() == 1);
  CHECK(!box.There("rejected"));
}

TEST_CASE("of uploads of the same time the lower number comes first") {
  DropBox box;
  for (const char* version : {"1.10", "1.9", "1.2"}) box.UploadVersion(version);
  for (const char* version : {"1.10", "1.9", "1.2"}) {
    box.world.disk.SetModified(
        Fs::kRoot, std::string("incoming/shop-") + version + ".tar.sha256", 0);
  }
  CHECK(ReadyUploads(&box.world.disk) ==
        std::vector<std::string>{"shop-1.2.tar", "shop-1.9.tar",
                                 "shop-1.10.tar"});
}

TEST_CASE("the exit of an intake is the gravest of its uploads") {
  const Exit rising[] = {Exit::kDone, Exit::kRefused, Exit::kFailed,
                         Exit::kUndone, Exit::kNeedsPerson};
  for (const Exit graver : rising) {
    for (const Exit other : rising) {
      const Exit gravest =
          GravestExit({{.upload = "a", .outcome = {.exit = graver}},
                       {.upload = "b", .outcome = {.exit = other}},
                       {.upload = "c", .outcome = {.exit = Exit::kDone}}});
      CHECK(std::find(std::begin(rising), std::end(rising), gravest) ==
            std::max(std::find(std::begin(rising), std::end(rising), graver),
                     std::find(std::begin(rising), std::end(rising), other)));
    }
  }
  // A deploy has no other exit; one that had would count as a failure.
  CHECK(GravestExit({{.upload = "a", .outcome = {.exit = Exit::kRefused}},
                     {.upload = "b", .outcome = {.exit = Exit::kUsage}}}) ==
        Exit::kUsage);
  CHECK(GravestExit({}) == Exit::kDone);
}

}  // namespace release
