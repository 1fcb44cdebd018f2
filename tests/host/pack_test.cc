// `pack` must produce the same bytes for another user and umask, for other
// times under SOURCE_DATE_EPOCH, and for files that were created in another
// order.
#include <doctest/doctest.h>

#include "host/command.h"
#include "support/archives.h"
#include "support/temp_dir.h"

namespace release {
namespace {

// Returns a script that makes a tree of 300 files as that user, with that
// umask, order and time, packs it in each compression, and prints one digest of
// all archives.
std::string Script(const std::string& out, const std::string& user,
                   const std::string& umask, const std::string& order,
                   const std::string& time) {
  return "set -e; d=$(mktemp -d " + out +
         "-XXXXXX); chmod 0777 $d; "
         "setpriv --reuid " +
         user + " --regid " + user + " --clear-groups sh -c 'set -e; umask " +
         umask + "; mkdir $1/t $1/t/sub $1/t/sub/deep; for i in $(seq 300 | " +
         order +
         "); do echo content $i > $1/t/sub/file$i; done; echo run > $1/t/run; "
         "chmod u+x $1/t/run; ln -s sub/deep $1/t/link; "
         "touch -h -d \"" +
         time +
         "\" $1/t/run $1/t/sub/file1 $1/t/link; "
         "for s in tar tar.gz tar.xz tar.zst; do "
         "SOURCE_DATE_EPOCH=1714564800 $0 -q pack $1/t -o $1/a.$s --version 1; "
         "done' $d/../release $d; "
         "cat $d/a.* | sha256sum; rm -r $d";
}

}  // namespace

TEST_CASE("the same tree packs to the same bytes for every user and time") {
  const TempDir dir;
  boost::filesystem::permissions(dir.path(), boost::filesystem::perms(0755));
  // A copy, because another user may lack access to the build directory.
  CopyFile(RELEASE_BINARY, dir.path() + "/release");
  const Finished one = RunShell(
      Script(dir.path() + "/one", "0", "022", "sort -n", "2001-01-01"));
  INFO(one.Describe());
  REQUIRE(one.exit == 0);
  const Finished two = RunShell(
      Script(dir.path() + "/two", "65534", "077", "sort -R", "2026-11-25"));
  INFO(two.Describe());
  REQUIRE(two.exit == 0);
  CHECK(one.out == two.out);
  // Control: plain tar gives different bytes.
  const Finished tar = RunShell("cd " + dir.path() +
                                " && mkdir a b && touch -d 2001-01-01 a/f && "
                                "touch b/f && tar -cf - -C a f | sha256sum; "
                                "tar -cf - -C b f | sha256sum");
  CHECK(tar.out.substr(0, 64) != tar.out.substr(68, 64));
}

}  // namespace release
