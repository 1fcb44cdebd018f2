// Real packages from the registries that this machine uses. The command and
// bsdtar unpack each one, and the trees are compared.
#include <doctest/doctest.h>

#include <boost/filesystem.hpp>
#include <map>
#include <string>

#include "archive/unpack.h"
#include "base/error.h"
#include "os/input.h"
#include "os/posix_fs.h"
#include "support/archives.h"
#include "support/temp_dir.h"

namespace release {
namespace {

namespace bfs = boost::filesystem;

std::string CacheDirectory() {
  const char* cache = std::getenv("RELEASE_TEST_CACHE");
  const char* home = std::getenv("HOME");
  const std::string out = cache != nullptr ? std::string(cache)
                          : home != nullptr
                              ? std::string(home) + "/.cache/release-tests"
                              : "/var/tmp/release-tests";
  bfs::create_directories(out);
  return out;
}

// Returns the path of the cached file. If it is missing, runs `command` in an
// empty directory, which must make it as $out. Throws if that fails.
std::string Fetched(const std::string& name, const std::string& command) {
  const std::string path = CacheDirectory() + "/" + name;
  if (bfs::exists(path)) return path;
  TempDir work;
  Shell("cd " + work.path() + "; out=" + work.path() + "/made; " + command);
  if (!bfs::exists(work.path() + "/made")) {
    throw std::runtime_error("cannot download " + name);
  }
  CopyFile(work.path() + "/made", path + ".new");
  bfs::rename(path + ".new", path);
  return path;
}

std::string NpmPackage(const std::string& file, const std::string& spec) {
  return Fetched(file, "npm pack --silent " + spec + " >&2; mv *.tgz $out");
}

// Returns a file of a Debian source package. The list of source repositories is
// derived from the machine's binary ones, used for this download and discarded.
std::string DebianSource(const std::string& package, const std::string& pattern,
                         const std::string& file) {
  return Fetched(
      file,
      "mkdir -p apt/lists/partial apt/archives/partial; "
      "for f in /etc/apt/sources.list.d/*.sources; do"
      " if [ -e $f ]; then cat $f; echo; fi; done |"
      " sed 's/^Types:.*/Types: deb-src/' > apt/src.sources; "
      "for f in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do"
      " if [ -e $f ]; then sed -n 's/^deb /deb-src /p' $f; fi; done"
      " > apt/src.list; "
      "if [ -s apt/src.list ]; then l=src.list; else l=src.sources; fi; "
      "o=\"-qq -o Dir::Etc::sourcelist=$PWD/apt/$l"
      " -o Dir::Etc::sourceparts=- -o Dir::State::lists=$PWD/apt/lists"
      " -o Dir::Cache=$PWD/apt -o APT::Sandbox::User=root\"; "
      "apt-get $o update >&2; "
      "apt-get $o source --download-only " +
          package + " >&2; mv " + pattern + " $out");
}

// Returns the tar with the files of a binary package.
std::string DebianFiles(const std::string& package, const std::string& file) {
  return Fetched(file, "apt-get -qq -o APT::Sandbox::User=root download " +
                           package +
                           " >&2; dpkg-deb --fsys-tarfile *.deb > $out");
}

struct Node {
  char kind = '?';
  bool executable = false;
  std::string content;  // of a file, or the target of a link

  bool operator==(const Node&) const = default;
};

std::map<std::string, Node> TreeAt(const bfs::path& top) {
  std::map<std::string, Node> out;
  for (const auto& found : bfs::recursive_directory_iterator(top)) {
    Node& node = out[found.path().lexically_relative(top).string()];
    const bfs::file_status status = found.symlink_status();
    if (bfs::is_symlink(status)) {
      node = {'l', false, bfs::read_symlink(found.path()).string()};
    } else if (bfs::is_directory(status)) {
      node.kind = 'd';
    } else {
      const auto exec = status.permissions() & bfs::owner_exe;
      node = {'f', exec != bfs::no_perms, Slurp(found.path())};
    }
  }
  return out;
}

Unpacked UnpackOurs(const std::string& archive, const std::string& top) {
  PosixFs fs(top);
  fs.MakeDirectory(Fs::kRoot, "ours", 0700);
  ScopedHandle directory(&fs, fs.OpenDirectory(Fs::kRoot, "ours"));
  Reader reader(ByteSource(Input::Open(archive)), archive,
                {&fs, Fs::kRoot, "spool", 0});
  return Unpack(&reader, &fs, directory.get(), {});
}

void Compare(const std::string& archive, std::size_t at_least) {
  CAPTURE(archive);
  TempDir dir;
  bfs::create_directory(dir.path() + "/theirs");
  Shell("bsdtar -C " + dir.path() + "/theirs -xf " + archive);
  const Unpacked unpacked = UnpackOurs(archive, dir.path());
  const auto theirs = TreeAt(dir.path() + "/theirs");
  const auto ours = TreeAt(dir.path() + "/ours");
  CHECK(ours.size() >= at_least);
  CHECK(ours.size() == unpacked.manifest.entries.size());
  CHECK(ours.size() == theirs.size());
  for (const auto& [path, node] : theirs) {
    const auto it = ours.find(path);
    const bool same = it != ours.end() && it->second == node;
    if (!same) FAIL_CHECK("differs: ", path);
  }
  CHECK(unpacked.archive_bytes == bfs::file_size(archive));
}

// Packs the files of an archive in another format, and compares the trees that
// come out of it.
void CompareRepacked(const std::string& archive, const std::string& command,
                     std::size_t at_least) {
  CAPTURE(command);
  TempDir dir;
  bfs::create_directory(dir.path() + "/in");
  const std::string out = dir.path() + "/repacked";
  Shell("bsdtar -C " + dir.path() + "/in -xf " + archive + "; cd " +
        dir.path() + "/in; out=" + out + "; " + command);
  Compare(out, at_least);
}

std::string Express() {
  return NpmPackage("express-4.18.2.tgz", "express@4.18.2");
}

TEST_CASE("real npm packages unpack as bsdtar unpacks them") {
  Compare(Express(), 16);
  Compare(NpmPackage("typescript-5.4.5.tgz", "typescript@5.4.5"), 116);
}

TEST_CASE("real Debian sources unpack as bsdtar unpacks them") {
  Compare(DebianSource("hello", "*.orig.tar.*z", "hello.orig.tar"), 100);
  Compare(DebianSource("hello", "*.debian.tar.xz", "hello.debian.tar.xz"), 5);
  Compare(DebianSource("zlib", "*.orig.tar.*2", "zlib.orig.tar.bz2"), 100);
}

TEST_CASE("a real package with links unpacks as bsdtar unpacks it") {
  const std::string files = DebianFiles("xz-utils", "xz-utils.tar");
  Compare(files, 50);
  TempDir dir;
  std::size_t links = 0;
  for (const auto& entry : UnpackOurs(files, dir.path()).manifest.entries) {
    if (entry.kind == EntryKind::kSymlink) ++links;
  }
  CHECK(links > 10);
}

TEST_CASE("a real package in every other format unpacks the same") {
  for (const char* command :
       {"zip -qry $out.zip . && mv $out.zip $out",
        "tar -cf - . | zstd -q > $out", "bsdtar --format 7zip -cf $out .",
        "find . | cpio --quiet -o -H newc | gzip > $out", "tar -cjf $out .",
        "tar --format=ustar -cJf $out ."}) {
    CompareRepacked(Express(), command, 16);
    CompareRepacked(DebianFiles("xz-utils", "xz-utils.tar"), command, 50);
  }
}

TEST_CASE("a real package of more than 20,000 files unpacks the same") {
  Compare(
      NpmPackage("mui-icons-material-5.15.0.tgz", "@mui/icons-material@5.15.0"),
      20'000);
}

}  // namespace
}  // namespace release
