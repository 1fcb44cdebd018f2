// Replays every seed of the fuzz targets; inputs that a fuzzer found are among
// them.
#include <doctest/doctest.h>

#include <boost/filesystem.hpp>

#include "fuzz/targets.h"
#include "support/archives.h"

namespace release {
namespace {

TEST_CASE("the seeds of the fuzz targets do no harm") {
  const std::pair<const char*, void (*)(std::string_view)> targets[] = {
      {"archive", FuzzArchive}, {"config", FuzzConfig},
      {"record", FuzzRecord},   {"manifest", FuzzManifest},
      {"thin", FuzzThin},       {"serve", FuzzServe}};
  for (const auto& [name, target] : targets) {
    unsigned seeds = 0;
    for (const auto& entry : boost::filesystem::directory_iterator(
             std::string(RELEASE_FUZZ_SEEDS "/") + name)) {
      CAPTURE(entry.path().string());
      const std::string bytes = Slurp(entry.path());
      target(bytes);
      // Truncated seeds too; the step keeps the number of runs small.
      for (std::size_t size = 0; size < bytes.size(); size += 61) {
        target(std::string_view(bytes).substr(0, size));
      }
      ++seeds;
    }
    CHECK(seeds >= 2);
  }
}

}  // namespace
}  // namespace release
