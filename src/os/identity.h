// Who is calling, for the record, and who is to own what is unpacked.
#ifndef RELEASE_OS_IDENTITY_H_
#define RELEASE_OS_IDENTITY_H_

#include <cstdint>
#include <string>

namespace release {

// What the caller looks like from here. For people: the environment tells
// part of it, so it decides nothing. The texts are unescaped.
struct Identity {
  std::string user;        // "alice", or through sudo "alice (as root)"
  std::string host;        // this host
  std::string ssh_client;  // address; empty: not through SSH
  int pid = 0;             // ours
  std::string command;     // our command line; words with spaces quoted
};

// "alice@10.0.0.7", or "alice" where no SSH client is known.
std::string CallerName(const Identity& identity);

// Never fails: what cannot be found out is empty, an unnamed user "uid 1000".
Identity Caller();

struct OwnerIds {
  std::uint32_t user = 0;
  std::uint32_t group = 0;

  bool operator==(const OwnerIds&) const = default;
};

// Of "user:group", names or numbers; "user" alone takes the user's own group.
// Throws Error kConfigInvalid naming what does not exist.
OwnerIds ResolveOwner(const std::string& owner);

}  // namespace release

#endif  // RELEASE_OS_IDENTITY_H_
