// Identifies the caller, for records, and resolves users and groups of this
// host.
#ifndef RELEASE_OS_IDENTITY_H_
#define RELEASE_OS_IDENTITY_H_

#include <cstdint>
#include <string>

namespace release {

// Describes the caller to people. Parts come from the environment, which can be
// forged, so never use it for a decision. The texts are not escaped.
struct Identity {
  std::string user;        // "alice", or through sudo "alice (as root)"
  std::string host;        // this host
  std::string ssh_client;  // address; empty if not called through SSH
  int pid = 0;             // of this process
  std::string command;     // our command line; words with spaces are quoted
};

// Returns "alice@10.0.0.7", or "alice" if no SSH client is known.
std::string CallerName(const Identity& identity);

// Never fails: unknown fields are empty, and a user without a name is given as
// "uid 1000".
Identity Caller();

struct OwnerIds {
  std::uint32_t user = 0;
  std::uint32_t group = 0;

  bool operator==(const OwnerIds&) const = default;
};

// Resolves "user:group", given as names or numbers. "user" alone must be a
// name; its primary group is used. Throws Error kConfigInvalid, naming the user
// or group that does not exist.
OwnerIds ResolveOwner(const std::string& owner);

struct UserRecord {
  std::string name;
  OwnerIds ids;  // the user and its primary group
  std::string home;
  std::string shell;
};

// Throws Error kConfigInvalid if this host has no user of that name.
UserRecord ResolveUser(const std::string& name);

}  // namespace release

#endif  // RELEASE_OS_IDENTITY_H_
