// Checks the file of keys that may sign releases. The format is that of
// ssh-keygen(1), ALLOWED SIGNERS, with stricter rules.
#ifndef RELEASE_TRUST_ALLOWED_SIGNERS_H_
#define RELEASE_TRUST_ALLOWED_SIGNERS_H_

#include <string>
#include <string_view>

namespace release {

// The namespace that a signature must carry: `ssh-keygen -Y sign -n release`.
inline constexpr char kSignatureNamespace[] = "release";

// Refuses a file that could admit more keys than an admin expects when reading
// it. Each line that is neither empty nor a comment must be
//
//   PRINCIPAL[,PRINCIPAL] namespaces="NAME[,NAME]"[,OPTION...] KEYTYPE KEY
//
// Principals and namespaces must not contain patterns, valid-after and
// valid-before are the only other options, and each key may be listed once.
// The file must contain at least one key. `text` is the file's content. Throws
// Error kKeysUnusable, naming `origin`, the line and the problem.
void CheckAllowedSigners(std::string_view text, const std::string& origin);

}  // namespace release

#endif  // RELEASE_TRUST_ALLOWED_SIGNERS_H_
