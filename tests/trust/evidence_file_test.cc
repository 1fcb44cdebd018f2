#include "trust/evidence_file.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include "support/archives.h"
#include "support/expect_error.h"
#include "support/temp_dir.h"
#include "trust/attestation.h"

namespace release {

TEST_CASE("evidence is found beside the archive") {
  const TempDir dir;
  const std::string archive = dir.path() + "/shop-1.tar";
  CHECK_FALSE(EvidenceBeside(archive).any());
  Spill(archive + ".sig", "s");
  CHECK_FALSE(EvidenceBeside(archive).any());
  Spill(archive + ".intoto.json", "a");
  const Evidence both = EvidenceBeside(archive);
  CHECK(both.attestation->text == "a");
  CHECK(both.attestation->origin == archive + ".intoto.json");
  CHECK(both.signature->text == "s");
}

TEST_CASE("a fifo beside an archive is not waited for") {
  const TempDir dir;
  const std::string archive = dir.path() + "/shop-1.tar";
  REQUIRE(mkfifo((archive + ".intoto.json").c_str(), 0600) == 0);
  CHECK(ErrorOf([&] { EvidenceBeside(archive); }).code() ==
        ErrorCode::kAttestationInvalid);
}

TEST_CASE("named evidence must exist and not be too large") {
  const TempDir dir;
  CHECK(ErrorOf([&] { ReadEvidence(dir.path() + "/none"); }).code() ==
        ErrorCode::kEvidenceMissing);
  CHECK(ErrorOf([&] { ReadEvidence(dir.path()); }).code() ==
        ErrorCode::kAttestationInvalid);
  Spill(dir.path() + "/big.intoto.json", std::string(kMaxStatement + 1, 'x'));
  CHECK(ErrorOf([&] { EvidenceBeside(dir.path() + "/big"); }).code() ==
        ErrorCode::kAttestationInvalid);
}

}  // namespace release
