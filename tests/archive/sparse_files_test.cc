// Sparse files as archives have them.
#include <doctest/doctest.h>
#include <sys/stat.h>

#include "support/unpack_bench.h"

namespace release {
namespace {

namespace bfs = boost::filesystem;

// 20 MiB of which few bytes are stored: at the beginning, between holes, and
// none at the end.
void SpillSparse(const bfs::path& path) {
  Shell("truncate -s 20M " + path.string() +
        "; printf begin | dd of=" + path.string() +
        " conv=notrunc status=none; printf middle | dd of=" + path.string() +
        " bs=1M seek=10 conv=notrunc status=none");
}

TEST_CASE("unpack: a sparse file is judged by what it stores") {
  for (const char* form : {"gnu", "pax"}) {
    CAPTURE(std::string(form));
    UnpackBench bench;
    SpillSparse(bench.in / "image");
    bench.Pack(std::string("tar -S --format=") + form + " -czf $a image");
    UnpackOptions options;
    options.max_bytes = std::uint64_t{2} << 20;
    for (const unsigned threads : {0U, 2U}) {
      options.writing_threads = threads;
      const Unpacked unpacked = bench.Run(options);
      CHECK(Find(unpacked, "image").size == std::uint64_t{20} << 20);
      CheckAgainstDisk(unpacked.manifest, bench.out);
      struct stat info = {};
      REQUIRE(stat((bench.out / "image").c_str(), &info) == 0);
      CHECK(info.st_blocks < 2048);
      bfs::remove(bench.out / "image");
    }
    options.max_bytes = std::uint64_t{1} << 17;
    CHECK(bench.CodeOf(options) == ErrorCode::kLimitExceeded);
  }
}

}  // namespace
}  // namespace release
