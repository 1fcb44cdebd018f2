#include "archive/reader.h"

#include <doctest/doctest.h>

#include <clocale>
#include <map>
#include <memory>
#include <vector>

#include "base/error.h"
#include "base/manifest_text.h"
#include "base/text.h"
#include "os/posix_fs.h"
#include "support/archives.h"
#include "support/byte_sources.h"
#include "support/expect_error.h"
#include "support/tar_builder.h"
#include "support/temp_dir.h"
#include "trust/digest.h"

namespace release {
namespace {

namespace bfs = boost::filesystem;

struct Sample {
  const char* name;
  const char* command;  // in the tree; writes to $out
};

const Sample kSamples[] = {
    {"tar", "tar -cf $out ."},
    {"ustar", "tar --format=ustar -cf $out ."},
    {"pax", "tar --format=pax -cf $out ."},
    {"gnu", "tar --format=gnu -cf $out ."},
    {"v7", "rm -r lib/deep; tar --format=v7 -cf $out ."},
    {"tar.gz", "tar -cf - . | gzip > $out"},
    {"tar.bz2", "tar -cf - . | bzip2 > $out"},
    {"tar.xz", "tar -cf - . | xz > $out"},
    {"tar.zst", "tar -cf - . | zstd -q > $out"},
    {"cpio newc", "find . | cpio --quiet -o -H newc > $out"},
    {"cpio crc", "find . | cpio --quiet -o -H crc > $out"},
    {"cpio odc", "find . | cpio --quiet -o -H odc > $out"},
    {"cpio bin", "find . | cpio --quiet -o -H bin > $out 2>/dev/null"},
    {"cpio.gz", "find . | cpio --quiet -o -H newc | gzip > $out"},
    {"zip", "zip -qry $out ."},
    {"zip by bsdtar", "bsdtar --format zip -cf $out ."},
    {"7z", "bsdtar --format 7zip -cf $out ."},
};

bool IsSeekable(const Sample& sample) {
  const std::string name = sample.name;
  return name.starts_with("zip") || name == "7z";
}

bool IsCompressedStream(const Sample& sample) {
  return std::string(sample.name).find(".") != std::string::npos;
}

// Makes the sample's bytes once for all tests.
const std::string& BytesOf(const Sample& sample) {
  static std::map<std::string, std::string> made;
  std::string& bytes = made[sample.name];
  if (bytes.empty()) {
    TempDir dir;
    MakeTree(dir.path() + "/tree");
    const std::string out = dir.path() + "/out.zip";
    Shell("out=" + out + "; cd " + dir.path() + "/tree; " + sample.command);
    bytes = Slurp(out);
  }
  return bytes;
}

struct Contents {
  std::map<std::string, std::string> files;
  std::map<std::string, std::string> links;
  std::map<std::string, unsigned> modes;
  std::string sha256;
  std::uint64_t bytes_read = 0;
};

class SpoolRoom {
 public:
  SpoolRoom() : fs_(dir_.path()) {}
  Spool spool() { return {&fs_, Fs::kRoot, "spool", 0}; }
  bool empty() const { return bfs::is_empty(dir_.path()); }
  PosixFs& fs() { return fs_; }

 private:
  TempDir dir_;
  PosixFs fs_;
};

std::string Plain(std::string path) {
  if (path.starts_with("./")) path.erase(0, 2);
  return path;
}

Contents ReadAll(Reader* reader) {
  Contents out;
  while (const auto entry = reader->Next()) {
    const std::string path = Plain(entry->path);
    out.modes[path] = entry->mode;
    if (entry->kind == ArchiveEntry::Kind::kSymlink) {
      out.links[path] = entry->target;
    }
    if (entry->kind != ArchiveEntry::Kind::kFile) continue;
    std::string& content = out.files[path];
    while (true) {
      const auto block = reader->NextBlock();
      if (block.empty()) break;
      content.append(block.data(), block.size());
    }
  }
  out.sha256 = reader->Finish();
  out.bytes_read = reader->bytes_read();
  return out;
}

Contents ReadAll(const std::string& bytes, std::size_t piece = 70'001,
                 unsigned threads = 0) {
  SpoolRoom room;
  Spool spool = room.spool();
  spool.threads = threads;
  Reader reader(InPieces(bytes, piece), "sample", spool);
  Contents out = ReadAll(&reader);
  CHECK(room.empty());
  return out;
}

// The code of the failure; kInternal where there is none.
ErrorCode CodeOf(const std::string& bytes) {
  static SpoolRoom room;
  try {
    Reader reader(InPieces(bytes, 1 << 20), "sample", room.spool());
    ReadAll(&reader);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kUnsafeEntry) {
      CHECK(std::string(error.what()).find("sample") != std::string::npos);
    }
    return error.code();
  }
  return ErrorCode::kInternal;
}

std::string Name(ErrorCode code) { return std::string(CodeName(code)); }

std::string Run(const std::string& input, const std::string& command) {
  TempDir dir;
  Spill(dir.path() + "/in", input);
  Shell("cd " + dir.path() + "; " + command);
  return Slurp(dir.path() + "/out");
}

TEST_CASE("reader: every format gives what was put in, from a pipe too") {
  TempDir dir;
  MakeTree(dir.path());
  for (const Sample& sample : kSamples) {
    CAPTURE(std::string(sample.name));
    const std::string& bytes = BytesOf(sample);
    const Contents contents = ReadAll(bytes);
    CHECK((ReadAll(bytes, 70'001, 1).files == contents.files));
    CHECK(contents.files.at("bin/run") == "#!/bin/sh\nexit 0\n");
    CHECK(contents.modes.at("bin/run") == 0755);
    CHECK(contents.modes.at("nothing") == 0644);
    CHECK(contents.files.at("nothing").empty());
    CHECK(contents.files.at("caf\xC3\xA9 \xE6\x97\xA5") == "accents\n");
    CHECK(contents.links.at("lib/run") == "../bin/run");
    CHECK(contents.links.at("link") == "nothing");
    if (std::string(sample.name) != "v7") {
      CHECK((contents.files.at("lib/deep/big") ==
             Slurp(dir.path() + "/lib/deep/big")));
    }
    Sha256 hash;
    hash.Update(bytes);
    CHECK(contents.sha256 == hash.Finish());
    CHECK(contents.bytes_read == bytes.size());
  }
}

TEST_CASE("reader: names are UTF-8 whatever the locale") {
  REQUIRE(std::string(std::setlocale(LC_CTYPE, nullptr)) == "C");
  // The directory's name has no slash at its end; reading adds it, in the
  // locale's wide characters where it can.
  const std::string bytes =
      Run("",
          "python3 -c \"import zipfile; z = zipfile.ZipFile('out', 'w');"
          "d = zipfile.ZipInfo('gr\\u00fcn'); d.external_attr = 0o40755 << 16;"
          "z.writestr(d, ''); z.writestr('gr\\u00fcn/\\u65e5', 'accents')\"");
  const Contents contents = ReadAll(bytes);
  CHECK(contents.modes.at("gr\xC3\xBCn/") == 0755);
  CHECK(contents.files.at("gr\xC3\xBCn/\xE6\x97\xA5") == "accents");
}

TEST_CASE("reader: bytes that come one by one make no difference") {
  TempDir dir;
  Spill(dir.path() + "/f", "content");
  Shell("cd " + dir.path() + "; tar -cf t f; gzip -k t");
  for (const char* name : {"/t", "/t.gz"}) {
    const Contents contents = ReadAll(Slurp(dir.path() + name), 1);
    CHECK(contents.files.at("f") == "content");
  }
}

std::vector<std::size_t> Cuts(const Sample& sample, std::size_t size) {
  std::vector<std::size_t> cuts;
  for (std::size_t i = 1; i < 50; ++i) cuts.push_back(i * size / 50);
  for (std::size_t i = 1; i <= 16; ++i) cuts.push_back(size - i);
  for (std::size_t i = 1; i <= 8; ++i) cuts.push_back(i);
  const bool blocks =
      !IsSeekable(sample) && !IsCompressedStream(sample) &&
      std::string(sample.name).find("cpio") == std::string::npos;
  if (blocks) {
    for (std::size_t at = 512; at < size; at += 512) {
      if (at < 40'000 || at + 40'000 > size) cuts.push_back(at);
    }
  }
  return cuts;
}

// Whether only padding is lost by the cut, which nobody can tell.
bool LosesPaddingOnly(const Sample& sample, const std::string& bytes,
                      std::size_t cut) {
  if (IsSeekable(sample) || IsCompressedStream(sample)) return false;
  const std::size_t last = bytes.find_last_not_of('\0') + 1;
  if (std::string(sample.name).starts_with("cpio")) return cut > last;
  const std::size_t end = (last + 511) / 512 * 512;
  return cut >= end + 1024 && cut % 512 == 0;
}

TEST_CASE("reader: an archive cut anywhere is truncated") {
  for (const Sample& sample : kSamples) {
    CAPTURE(std::string(sample.name));
    const std::string& bytes = BytesOf(sample);
    for (const std::size_t cut : Cuts(sample, bytes.size())) {
      if (LosesPaddingOnly(sample, bytes, cut)) continue;
      // A plain tar of a few bytes is but a name, such as "./".
      const bool plain_text = cut <= 100 && bytes.find('\0') >= cut;
      CAPTURE(cut);
      const ErrorCode code = CodeOf(bytes.substr(0, cut));
      if (plain_text) {
        CHECK(code != ErrorCode::kInternal);
      } else {
        CHECK(Name(code) == "archive-truncated");
      }
    }
  }
}

// bzip2 hands a block out before its checksum is known, so the damage may show
// first as an entry that no archive would have.
TEST_CASE("reader: a damaged archive is corrupt") {
  for (const Sample& sample : kSamples) {
    if (!IsCompressedStream(sample) && !IsSeekable(sample)) continue;
    CAPTURE(std::string(sample.name));
    std::string bytes = BytesOf(sample);
    bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 0x40);
    const bool late = std::string(sample.name).find("bz2") != std::string::npos;
    const std::string code = Name(CodeOf(bytes));
    CHECK((code == "archive-corrupt" || (late && code == "unsafe-entry")));
  }
}

TEST_CASE("reader: the header of a damaged tar is corrupt") {
  std::string bytes = BytesOf(kSamples[0]);
  bytes[1] = 'x';
  CHECK(Name(CodeOf(bytes)) == "archive-corrupt");
}

TEST_CASE("reader: the checksum of a gzip member is checked") {
  std::string bytes = BytesOf(kSamples[5]);
  REQUIRE(std::string(kSamples[5].name) == "tar.gz");
  bytes[bytes.size() - 5] = static_cast<char>(bytes[bytes.size() - 5] ^ 1);
  CHECK(Name(CodeOf(bytes)) == "archive-corrupt");
}

TEST_CASE("reader: data after the end is corrupt") {
  for (const Sample& sample : kSamples) {
    CAPTURE(std::string(sample.name));
    const std::string& bytes = BytesOf(sample);
    CHECK(Name(CodeOf(bytes + "garbage")) == "archive-corrupt");
    CHECK(Name(CodeOf(bytes + std::string(10'240, 'x'))) == "archive-corrupt");
  }
}

TEST_CASE("reader: a tar may lack its end if something else shows a cut") {
  const std::string& whole = BytesOf(kSamples[0]);
  const std::size_t last = whole.find_last_not_of('\0') + 1;
  for (const std::size_t zeros : {0, 512}) {
    CAPTURE(zeros);
    const std::string bytes = whole.substr(0, (last + 511) / 512 * 512 + zeros);
    CHECK(Name(CodeOf(bytes)) == "archive-truncated");
    for (const char* command : {"gzip < in > out", "zstd -q < in > out"}) {
      CHECK(CodeOf(Run(bytes, command)) == ErrorCode::kInternal);
      // A cut within an entry shows all the same.
      CHECK(Name(CodeOf(Run(bytes.substr(0, 5'000), command))) ==
            "archive-truncated");
    }
    Reader reader(InPieces(bytes, 10'000), "archive", {});
    reader.ExpectChecksum();
    while (reader.Next()) {
    }
    CHECK(reader.Finish().size() == 64);
  }
}

TEST_CASE("reader: another tar after the end of a tar is corrupt") {
  const std::string& bytes = BytesOf(kSamples[0]);
  CHECK(Name(CodeOf(bytes + bytes)) == "archive-corrupt");
}

TEST_CASE("reader: an empty file is empty, text is no archive") {
  CHECK(Name(CodeOf("")) == "archive-empty");
  CHECK(Name(CodeOf(Run("", "gzip < in > out"))) == "archive-empty");
  CHECK(Name(CodeOf("hello\n")) == "archive-unsupported");
  std::string text;
  for (int i = 0; i < 2000; ++i) text += "some line of text\n";
  CHECK(Name(CodeOf(text)) == "archive-unsupported");
  CHECK(Name(CodeOf(Noise(5000, 1))) == "archive-unsupported");
  CHECK(Name(CodeOf(Run(text, "zstd -q < in > out"))) == "archive-unsupported");
}

TEST_CASE("reader: only one layer of compression is taken off") {
  CHECK(Name(CodeOf(Run(BytesOf(kSamples[5]), "gzip < in > out"))) ==
        "archive-unsupported");
  CHECK(Name(CodeOf(Run(BytesOf(kSamples[5]), "xz < in > out"))) ==
        "archive-unsupported");
}

TEST_CASE("reader: compressed pieces behind one another are one") {
  const std::string& tar = BytesOf(kSamples[0]);
  for (const char* tool : {"gzip", "bzip2", "xz", "zstd -q"}) {
    CAPTURE(tool);
    const std::string command = "(head -c 300000 in | " + std::string(tool) +
                                "; tail -c +300001 in | " + tool + ") > out";
    const std::string joined = Run(tar, command);
    CHECK(ReadAll(joined).files == ReadAll(tar).files);
    CHECK(Name(CodeOf(joined.substr(0, joined.size() - 3))) ==
          "archive-truncated");
  }
}

TEST_CASE("reader: zstd frames to be skipped are skipped") {
  const std::string skipped("\x50\x2A\x4D\x18\x03\x00\x00\x00xyz", 11);
  const std::string bytes = Run(BytesOf(kSamples[0]), "zstd -q < in > out");
  CHECK(ReadAll(skipped + bytes + skipped).files.size() > 5);
}

TEST_CASE("reader: encrypted entries are unsupported") {
  CHECK(
      Name(CodeOf(Run("secret", "zip -qP word out.zip in; mv out.zip out"))) ==
      "archive-unsupported");
}

TEST_CASE("reader: a zip whose two lists disagree is corrupt") {
  const std::string zip = Run("text", "zip -q out.zip in; mv out.zip out");
  REQUIRE(zip.substr(30, 2) == "in");
  std::string other = zip;
  other[31] = 'o';
  CHECK(Name(CodeOf(other)) == "archive-corrupt");
  CHECK(ReadAll(zip).files.at("in") == "text");
}

TEST_CASE("reader: a zip is not copied beyond the limit") {
  SpoolRoom room;
  Spool spool = room.spool();
  spool.max_size = 1000;
  try {
    Reader reader(InPieces(BytesOf(kSamples[14]), 4096), "big.zip", spool);
    FAIL("copied");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::kLimitExceeded);
  }
  CHECK(room.empty());
}

TEST_CASE("reader: what the source throws comes through unchanged") {
  for (const Sample& sample : kSamples) {
    CAPTURE(std::string(sample.name));
    SpoolRoom room;
    try {
      Reader reader(InPieces(BytesOf(sample), BytesOf(sample).size() / 25, 20,
                             Error(ErrorCode::kInterrupted, "stopped here")),
                    "sample", room.spool());
      ReadAll(&reader);
      FAIL("read through");
    } catch (const Error& error) {
      CHECK(Name(error.code()) == "interrupted");
      CHECK(std::string(error.what()) == "stopped here");
    }
  }
}

TEST_CASE("reader: a manifest in an archive that is none is corrupt") {
  const std::string tar =
      TarBuilder().File(".release-manifest", "none").File("a", "x").Bytes();
  SpoolRoom room;
  Reader reader(InPieces(tar, 999), "t", room.spool());
  const Error error = ErrorOf([&] { reader.TakeManifest(); });
  CHECK(Name(error.code()) == "archive-corrupt");
}

TEST_CASE("reader: a small archive cut at any byte is refused") {
  TempDir dir;
  Spill(dir.path() + "/f", "content");
  Shell("cd " + dir.path() +
        "; tar -cf - f | head -c 2048 > plain; echo f | cpio --quiet -o -H "
        "newc > newc; zip -q zip.zip f; bsdtar --format 7zip -cf seven f;"
        "for p in gzip bzip2 xz 'zstd -q'; do $p < plain > ${p%% *}; done");
  for (const char* name :
       {"plain", "newc", "zip.zip", "seven", "gzip", "bzip2", "xz", "zstd"}) {
    const std::string whole = Slurp(dir.path() + "/" + name);
    CAPTURE(name);
    CHECK(ReadAll(whole).files.at("f") == "content");
    // cpio pads after its end, which nobody misses.
    const std::size_t last = std::string(name) == "newc"
                                 ? whole.find_last_not_of('\0')
                                 : whole.size();
    for (std::size_t size = 0; size < last; ++size) {
      CAPTURE(size);
      CHECK(ExitBeforeSwitch(CodeOf(whole.substr(0, size))) == Exit::kRefused);
    }
  }
}

TEST_CASE("reader: what unpacks to far more than its size is refused") {
  const char* bombs[] = {
      "truncate -s 100M f; tar -cf - f | bzip2 > out",
      "truncate -s 100M f; tar -cf - f | xz -0 > out",
      "truncate -s 100M f; tar -cf - f | zstd -q > out",
      "truncate -s 100M f; tar -cf - f | gzip > out",
      "truncate -s 100M f; zip -q out.zip f; mv out.zip out",
      "truncate -s 100M f; zip -q0 - f | zstd -q > out",
  };
  for (const char* bomb : bombs) {
    CAPTURE(std::string(bomb));
    CHECK(Name(CodeOf(Run("", bomb))) == "limit-exceeded");
  }
  // A fourth of it may be nothing but zeros.
  CHECK(ReadAll(Run("", "truncate -s 60M f; tar -cf - f | zstd -q > out"))
            .files.at("f")
            .size() == 60U << 20);
}

TEST_CASE("reader: holes in files are zeros") {
  const std::string tar =
      Run("",
          "truncate -s 300000 in; printf x >> in; truncate -s 900000 in;"
          "tar -Scf out in");
  REQUIRE(tar.size() < 100'000);
  std::string expected(900'000, '\0');
  expected[300'000] = 'x';
  CHECK((ReadAll(tar).files.at("in") == expected));
}

TEST_CASE("reader: an unread entry is skipped") {
  SpoolRoom room;
  Reader reader(InPieces(BytesOf(kSamples[8]), 5000), "sample", room.spool());
  std::size_t entries = 0;
  while (reader.Next()) ++entries;
  CHECK(entries >= 18);
  CHECK(reader.Finish().size() == 64);
}

TEST_CASE("reader: the manifest that comes first is taken, never returned") {
  Manifest manifest;
  manifest.version = Version::Parse("1.4.2");
  manifest.entries.push_back(
      {EntryKind::kFile, "a", 0644, 1, HashContent(std::string_view("x")), ""});
  TempDir dir;
  Spill(dir.path() + "/.release-manifest", FormatManifest(manifest));
  Spill(dir.path() + "/a", "x");
  Shell("cd " + dir.path() + "; tar -cf t .release-manifest a; tar -cf u a");
  SpoolRoom room;
  for (const bool take : {true, false}) {
    Reader reader(InPieces(Slurp(dir.path() + "/t"), 999), "t", room.spool());
    if (take) {
      const auto taken = reader.TakeManifest();
      REQUIRE(taken);
      const auto& whole = std::get<Manifest>(*taken);
      CHECK(whole.version == manifest.version);
      CHECK(whole.entries == manifest.entries);
    }
    CHECK(reader.Next()->path == "a");
    CHECK_FALSE(reader.Next());
    reader.Finish();
  }
  Reader reader(InPieces(Slurp(dir.path() + "/u"), 999), "u", room.spool());
  CHECK_FALSE(reader.TakeManifest());
  CHECK(reader.Next()->path == "a");
}

}  // namespace
}  // namespace release
