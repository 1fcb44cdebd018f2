#include "store/warm.h"

#include <doctest/doctest.h>

#include "store/layout.h"
#include "support/fake_clock.h"
#include "support/mem_fs.h"
#include "support/root_files.h"

namespace release {

using namespace std::chrono_literals;

TEST_CASE("an instance is warm until its time, and not after a boot") {
  MemFs fs;
  FakeClock clock;
  fs.MakeDirectory(Fs::kRoot, kOwn, 0750);
  CHECK_FALSE(ReadWarm(&fs, &clock));
  WriteWarm(&fs, {.version = Version::ParseOrThrow("1.4.1"),
                  .boot = clock.BootId(),
                  .until = clock.SinceBoot() + 10s});
  REQUIRE(ReadWarm(&fs, &clock));
  CHECK(ReadWarm(&fs, &clock)->version.name() == "1.4.1");
  CHECK(ReadWarm(&fs, &clock)->until == clock.SinceBoot() + 10s);

  clock.boot_id = "boot-2";
  CHECK_FALSE(ReadWarm(&fs, &clock));
  clock.boot_id = "boot-1";
  clock.Advance(10s);
  CHECK_FALSE(ReadWarm(&fs, &clock));
  ForgetWarm(&fs);
  CHECK_FALSE(fs.Stat(Fs::kRoot, kWarm));
}

TEST_CASE("a note that is not whole means that nothing is warm") {
  MemFs fs;
  FakeClock clock;
  fs.MakeDirectory(Fs::kRoot, kOwn, 0750);
  for (const char* text : {"", "1.4.1", "1.4.1 boot-1",
                           "- boot-1 99999999999999", "1.4.1 boot-1 x"}) {
    CAPTURE(text);
    PutFile(&fs, kWarm, text);
    CHECK_FALSE(ReadWarm(&fs, &clock));
  }
}

}  // namespace release
