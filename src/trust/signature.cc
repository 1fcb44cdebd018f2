#include "trust/signature.h"

#include <fmt/format.h>

#include <chrono>
#include <vector>

#include "base/error.h"
#include "base/reason.h"
#include "base/text.h"
#include "os/cancellation.h"
#include "os/input.h"
#include "trust/allowed_signers.h"

namespace release {
namespace {

constexpr std::size_t kMaxKeys = std::size_t{1} << 20;  // bytes

// The paths under which ssh-keygen opens Command::files; see os/runner.h.
constexpr char kSignatureFile[] = "/proc/self/fd/3";
constexpr char kAllowedFile[] = "/proc/self/fd/4";
constexpr char kRevokedFile[] = "/proc/self/fd/5";

// Reads a key file and checks that only root can change it. A missing file is
// an error: without its revocation list a revoked key would be accepted.
std::string ReadKeys(const HostPath& path) {
  std::optional<RegularFile> file;
  Reason danger = "no such file";
  try {
    file = ReadRegularFile(path, kMaxKeys);
  } catch (const Error& error) {
    throw Error(ErrorCode::kKeysUnusable, error.what(), path.string());
  }
  if (file) danger = WhyOthersCanWrite(path);
  if (danger) {
    throw Error(ErrorCode::kKeysUnusable,
                fmt::format("cannot use {}: {}", path, *danger), path.string());
  }
  return file->content;
}

// Runs ssh-keygen up to three times. A single `verify` would do, but it answers
// every failure with the same status. Separate questions tell apart a signature
// that is invalid, a key that is not listed, and a key that is revoked or not
// allowed for this namespace.
class Verification {
 public:
  Verification(Runner* runner, const EvidenceFile& text,
               const EvidenceFile& signature, const TrustedKeys& keys)
      : runner_(runner), text_(text), signature_(signature), keys_(keys) {}

  Signer Run() {
    const CommandResult sound =
        Ask({"check-novalidate", "-n", kSignatureNamespace});
    if (!sound.ok()) {
      Fail(ErrorCode::kSignatureInvalid,
           fmt::format("it is no signature for the namespace {} over {}",
                       kSignatureNamespace, Quoted(text_.origin)),
           sound);
    }
    Signer signer{.principal = "", .key = Fingerprint(sound)};
    // `verify` needs a principal; this finds the first one that has the key.
    const CommandResult known = Ask({"find-principals", "-f", kAllowedFile});
    if (!known.ok()) FailKey(signer, "is not in it, or not valid now", known);
    signer.principal = known.output.substr(0, known.output.find('\n'));
    std::vector<std::string> words = {
        "verify",     "-n", kSignatureNamespace, "-f",
        kAllowedFile, "-I", signer.principal};
    if (keys_.revoked) words.insert(words.end(), {"-r", kRevokedFile});
    const CommandResult allowed = Ask(words);
    if (!allowed.ok()) {
      FailKey(signer,
              fmt::format("is revoked, or not there for the namespace {}",
                          kSignatureNamespace),
              allowed);
    }
    // Both runs must have seen the same key.
    if (Fingerprint(allowed) != signer.key) {
      Fail(ErrorCode::kSignatureInvalid, "ssh-keygen contradicts itself",
           allowed);
    }
    return signer;
  }

 private:
  // Runs `ssh-keygen -Y WORDS -s SIGNATURE` with the text on standard input.
  CommandResult Ask(const std::vector<std::string>& words) {
    Command command;
    command.argv = {"ssh-keygen", "-Y"};
    command.argv.insert(command.argv.end(), words.begin(), words.end());
    command.argv.insert(command.argv.end(), {"-s", kSignatureFile});
    command.input = text_.text;
    command.files = {signature_.text, keys_.allowed,
                     keys_.revoked.value_or("")};
    command.timeout = std::chrono::seconds(30);
    CommandResult result = runner_->Run(command);
    ThrowIfCancelled();
    return result;
  }

  // Extracts the fingerprint from 'Good "release" signature ... with ED25519
  // key SHA256:...'. Searches from the end, because a principal comes before
  // it.
  std::string Fingerprint(const CommandResult& result) const {
    const std::string& output = result.output;
    const std::size_t at = output.rfind(" key SHA256:");
    if (!output.starts_with("Good \"") || at == output.npos) {
      Fail(ErrorCode::kSignatureInvalid, "ssh-keygen names no key", result);
    }
    const std::size_t begin = output.find("SHA256:", at);
    return output.substr(begin, output.find_first_of(" \n", begin) - begin);
  }

  [[noreturn]] void FailKey(const Signer& signer, const std::string& reason,
                            const CommandResult& result) const {
    Fail(ErrorCode::kKeyNotAllowed,
         fmt::format("it is by the key {}, which {} ({})", signer.key, reason,
                     keys_.origin),
         result);
  }

  [[noreturn]] void Fail(ErrorCode code, const std::string& reason,
                         const CommandResult& result) const {
    std::string said =
        result.output.empty() ? result.Describe() : Printable(result.output);
    throw Error(code,
                fmt::format("cannot accept the signature {}: {} (ssh-keygen: "
                            "{})",
                            Quoted(signature_.origin), reason, said),
                signature_.origin);
  }

  Runner* runner_;
  const EvidenceFile& text_;
  const EvidenceFile& signature_;
  const TrustedKeys& keys_;
};

}  // namespace

TrustedKeys ReadTrustedKeys(const VerifyConfig& verify) {
  if (verify.keys.empty()) {
    throw Error(ErrorCode::kKeysUnusable,
                "cannot check a signature: the configuration names no keys in "
                "[verify]");
  }
  TrustedKeys keys{.allowed = ReadKeys(verify.keys),
                   .revoked = std::nullopt,
                   .origin = verify.keys.string()};
  CheckAllowedSigners(keys.allowed, keys.origin);
  if (!verify.revoked.empty()) keys.revoked = ReadKeys(verify.revoked);
  return keys;
}

Signer VerifySignature(Runner* runner, const EvidenceFile& text,
                       const EvidenceFile& signature, const TrustedKeys& keys) {
  return Verification(runner, text, signature, keys).Run();
}

}  // namespace release
