// What a test run says of an archive: an in-toto Statement, version 1.
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

// A predicate of the type test-result, version 0.1.
struct TestResult {
  std::string result;  // "PASSED", "WARNED", "FAILED"
  std::vector<std::string> failed;
  std::optional<std::size_t> passed;  // how many, where they are listed
};

struct Statement {
  std::string sha256;  // of the one subject; lower-case hex
  // The subject's annotations.
  std::string app;
  std::string environment;  // empty: not said
  std::uint64_t serial = 0;
  std::int64_t issued_at = 0;       // wall seconds
  std::optional<TestResult> tests;  // nothing where it is about something else
};

// Reads the text of a statement: one JSON object of at most kMaxStatement
// bytes, no name in it twice, with exactly one subject, whose annotations hold
// `app`, `serial` and `issuedAt`. What else is in it does not count. Throws
// Error kAttestationInvalid, naming `origin` and what is wrong.
Statement ParseStatement(std::string_view text, const std::string& origin);

}  // namespace release

#endif  // RELEASE_TRUST_ATTESTATION_H_
