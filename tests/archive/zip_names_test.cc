// Names in zips of other systems, read through Reader.
#include <doctest/doctest.h>

#include "archive/reader.h"
#include "base/text.h"
#include "os/posix_fs.h"
#include "support/archives.h"
#include "support/byte_sources.h"
#include "support/temp_dir.h"

namespace release {
namespace {

// Returns a zip of one file whose name has a byte that is no UTF-8. `system`
// made it; `flag` is the high byte of its flags.
std::string ZipMadeBy(char system, char flag) {
  const TempDir dir;
  Spill(dir.path() + "/N.txt", "x");
  Shell("cd " + dir.path() + "; zip -qX out.zip N.txt");
  std::string zip = Slurp(dir.path() + "/out.zip");
  for (std::size_t at = 0; (at = zip.find("N.txt", at)) != zip.npos; ++at) {
    zip[at] = '\x84';
  }
  const std::size_t listed = zip.find("PK\x01\x02");
  zip[listed + 5] = system;
  zip[listed + 9] = flag;
  return zip;
}

std::string NameIn(const std::string& zip) {
  const TempDir dir;
  PosixFs fs(dir.path());
  Reader reader(InPieces(zip, 1000), "sample", {&fs, Fs::kRoot, "spool", 0});
  return reader.Next().value().path;
}

}  // namespace

TEST_CASE("zip names: letters of DOS and Windows are converted, others not") {
  CHECK(NameIn(ZipMadeBy(0, 0)) == "\xC3\xA4.txt");
  CHECK(NameIn(ZipMadeBy(11, 0)) == "\xC3\xA4.txt");
  CHECK_FALSE(IsUtf8(NameIn(ZipMadeBy(3, 0))));
}

}  // namespace release
