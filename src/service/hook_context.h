// What hooks, probes and notifiers are told about the transaction.
#ifndef RELEASE_SERVICE_HOOK_CONTEXT_H_
#define RELEASE_SERVICE_HOOK_CONTEXT_H_

#include <cstdint>
#include <map>
#include <string>

namespace release {

struct HookContext {
  std::string app;
  std::string version;   // the release that `current` names, or is about to
  std::string previous;  // the one before it; empty where there was none
  std::string root;      // absolute
  std::uint64_t transaction = 0;
  std::string step;    // "pre-activate", "health", ...
  std::string result;  // empty while it runs; "committed", "undone", ...
  std::string reason;  // of a failure
  // What is known of the archive and what vouches for it: "sha256",
  // "signed_by", "tests", ...
  std::map<std::string, std::string> facts;

  // The release's directory, absolute.
  std::string Directory() const { return root + "/releases/" + version; }

  // RELEASE_APP ... RELEASE_REASON, as documented, and RELEASE_SHA256,
  // RELEASE_SIGNED_BY, RELEASE_TESTS, which are empty where there is no such
  // fact.
  std::map<std::string, std::string> Environment() const;
};

}  // namespace release

#endif  // RELEASE_SERVICE_HOOK_CONTEXT_H_
