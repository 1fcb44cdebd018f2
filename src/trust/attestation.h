// Parses an in-toto Statement v1: the signed result of a test run on an
// archive.
#ifndef RELEASE_TRUST_ATTESTATION_H_
#define RELEASE_TRUST_ATTESTATION_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace release {

inline constexpr std::size_t kMaxStatement = std::size_t{1} << 20;  // bytes

// The predicate of type test-result, version 0.1.
struct TestResult {
  std::string result;                 // "PASSED", "WARNED", "FAILED"
  std::vector<std::string> failed;    // names of tests
  std::optional<std::size_t> passed;  // number of tests; nullopt if not listed
};

struct Statement {
  // The one subject is an archive, or, if its name is `.release-manifest`, the
  // manifest in it: then the statement covers each archive, full or thin, that
  // gives the release of that manifest.
  enum class Subject { kArchive, kManifest };
  Subject subject = Subject::kArchive;
  std::string sha256;  // digest of the subject, lower-case hex
  // The remaining fields but `tests` come from the subject's annotations.
  std::string app;
  std::string environment;  // empty if the statement names none
  std::uint64_t serial = 0;
  std::int64_t issued_at = 0;       // seconds since 1970
  std::optional<TestResult> tests;  // nullopt if the predicate is another type
};

// Parses the text of a statement: one JSON object of at most kMaxStatement
// bytes without duplicate names. It must have exactly one subject, whose
// annotations contain `app`, `serial` and `issuedAt`. Other members are
// ignored. Throws Error kAttestationInvalid, naming `origin` and the problem.
// The signature is not checked here; see trust/signature.h.
Statement ParseStatement(std::string_view text, const std::string& origin);

}  // namespace release

#endif  // RELEASE_TRUST_ATTESTATION_H_
