#include "deploy/incoming_archive.h"

#include <doctest/doctest.h>

#include "support/archive_bytes.h"
#include "support/archives.h"
#include "support/expect_error.h"
#include "support/mem_fs.h"
#include "support/root_files.h"
#include "support/temp_dir.h"

namespace release {
namespace {

using Location = ArchiveRequest::Location;

const std::string kDigest(64, 'a');

std::string ReadAll(IncomingArchive* archive) {
  std::string text;
  char buffer[4];
  while (const std::size_t count = archive->source.Read(buffer)) {
    text.append(buffer, count);
  }
  return text;
}

}  // namespace

TEST_CASE("an archive on the host is read, with what lies beside it") {
  MemFs disk;
  TempDir dir;
  const std::string path = dir.path() + "/a.tar";
  Spill(path, "archive");
  Spill(path + ".sha256", kDigest + "  a.tar\n");
  Spill(path + ".intoto.json", "{}");
  IncomingArchive archive = OpenArchive(&disk, {.name = path});
  CHECK(archive.size == 7u);
  REQUIRE(archive.checksum);
  CHECK(archive.checksum->sha256 == kDigest);
  REQUIRE(archive.evidence.attestation);
  CHECK(archive.evidence.attestation->text == "{}");
  CHECK(ReadAll(&archive) == "archive");
}

TEST_CASE("named evidence replaces the files beside the archive") {
  MemFs disk;
  TempDir dir;
  const std::string path = dir.path() + "/a.tar";
  Spill(path, "archive");
  Spill(path + ".sha256", "no digest\n");
  Spill(path + ".intoto.json", "beside");
  Spill(dir.path() + "/named", "named");
  const IncomingArchive archive =
      OpenArchive(&disk, {.name = path,
                          .sha256 = std::string(64, 'B'),
                          .attestation_path = dir.path() + "/named"});
  REQUIRE(archive.checksum);
  CHECK(archive.checksum->sha256 == std::string(64, 'b'));
  CHECK(archive.checksum->origin == "--sha256");
  REQUIRE(archive.evidence.attestation);
  CHECK(archive.evidence.attestation->text == "named");
}

TEST_CASE("a --sha256 that is not a digest is a usage error") {
  MemFs disk;
  CHECK(ErrorOf([&] {
          OpenArchive(&disk, {.name = "a.tar", .sha256 = "abc"});
        }).code() == ErrorCode::kUsage);
}

TEST_CASE("an archive that cannot be opened is unreadable") {
  MemFs disk;
  TempDir dir;
  for (const ArchiveRequest& request :
       {ArchiveRequest{.name = dir.path() + "/missing"},
        ArchiveRequest{.name = dir.path()},
        ArchiveRequest{.location = Location::kRoot, .name = "missing"},
        ArchiveRequest{.location = Location::kDescriptor,
        .name = "standard input",
        .descriptor = 999'999}}) {
    CAPTURE(request.name);
    CHECK(ErrorOf([&] { OpenArchive(&disk, request); }).code() ==
          ErrorCode::kArchiveUnreadable);
  }
}

TEST_CASE("an address is refused with what fetches it") {
  MemFs disk;
  const Error error = ErrorOf([&] {
    OpenArchive(&disk, {.name = "https://example.org/shop-1.4.2.tar.gz"});
  });
  CHECK(error.code() == ErrorCode::kArchiveUnreadable);
  CHECK(std::string(error.what())
            .find("`curl -fsS ADDRESS | release deploy -`") !=
        std::string::npos);
}

TEST_CASE("an archive below the root is read, and a link to one is not") {
  MemFs disk;
  PutFile(&disk, "a.tar", "archive");
  PutLink(&disk, "link.tar", "a.tar");
  IncomingArchive archive =
      OpenArchive(&disk, {.location = Location::kRoot, .name = "a.tar"});
  CHECK(archive.size == 7u);
  CHECK(ReadAll(&archive) == "archive");
  CHECK(ErrorOf([&] {
          OpenArchive(&disk, {.location = Location::kRoot, .name = "link.tar"});
        }).code() == ErrorCode::kArchiveUnreadable);
}

TEST_CASE("a descriptor is read from where it is, and stays open") {
  MemFs disk;
  const ArchiveRequest request = RequestOfBytes("descriptor", "a.tar");
  IncomingArchive archive = OpenArchive(&disk, request);
  CHECK(archive.size == 10u);
  CHECK(!archive.checksum);
  CHECK(ReadAll(&archive) == "descriptor");
  IncomingArchive again = OpenArchive(&disk, request);
  CHECK(ReadAll(&again).empty());
}

}  // namespace release
