// The file of keys whose signatures count: ssh-keygen(1), ALLOWED SIGNERS, and
// stricter.
#ifndef RELEASE_TRUST_ALLOWED_SIGNERS_H_
#define RELEASE_TRUST_ALLOWED_SIGNERS_H_

#include <string>
#include <string_view>

namespace release {

// What a signature must be made for: `ssh-keygen -Y sign -n release`.
inline constexpr char kSignatureNamespace[] = "release";

// Refuses a file that lets in more than its lines seem to say. Each line is
//
//   PRINCIPAL[,PRINCIPAL] namespaces="NAME[,NAME]"[,OPTION...] KEYTYPE KEY
//
// with no patterns in principals and namespaces, no option beside valid-after
// and valid-before, no key twice, and at least one key in all. Throws Error
// kKeysUnusable with `origin`, the line's number, and what is wrong.
void CheckAllowedSigners(std::string_view text, const std::string& origin);

}  // namespace release

#endif  // RELEASE_TRUST_ALLOWED_SIGNERS_H_
