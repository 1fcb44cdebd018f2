// Attestation statements about archives, for tests.
#ifndef RELEASE_TESTS_SUPPORT_STATEMENTS_H_
#define RELEASE_TESTS_SUPPORT_STATEMENTS_H_

#include <nlohmann/json.hpp>
#include <string>

#include "trust/digest.h"

namespace release {

// Returns the digest in hexadecimal.
inline std::string Sha256Of(const std::string& bytes) {
  Sha256 digest;
  digest.Update(bytes);
  return digest.Finish();
}

// Returns a statement that admits the archive with that digest to the app shop
// in production.
inline nlohmann::json StatementFor(const std::string& sha256,
                                   std::uint64_t serial = 1) {
  return {{"_type", "https://in-toto.io/Statement/v1"},
          {"subject",
           {{{"name", "shop.tar"},
             {"digest", {{"sha256", sha256}}},
             {"annotations",
              {{"app", "shop"},
               {"environment", "production"},
               {"serial", serial},
               {"issuedAt", "2026-11-23T11:40:45Z"}}}}}},
          {"predicateType", "https://in-toto.io/attestation/test-result/v0.1"},
          {"predicate",
           {{"result", "PASSED"},
            {"configuration", nlohmann::json::array()},
            {"passedTests", {"a", "b"}},
            {"failedTests", nlohmann::json::array()}}}};
}

}  // namespace release

#endif  // RELEASE_TESTS_SUPPORT_STATEMENTS_H_
