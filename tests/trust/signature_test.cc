// Tests signatures with the real ssh-keygen.
#include "trust/signature.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/cancellation.h"
#include "os/posix_runner.h"
#include "support/archives.h"
#include "support/expect_error.h"
#include "support/fake_runner.h"
#include "support/temp_dir.h"

namespace release {
namespace {

// A directory with the key pairs ci and other, and a text signed by ci.
class Signed {
 public:
  Signed() {
    Shell("cd " + dir.path() +
          "; ssh-keygen -q -t ed25519 -N '' -C '' -f ci;"
          "ssh-keygen -q -t ed25519 -N '' -C '' -f other");
    Sign("ci", "release");
  }

  void Sign(const std::string& key, const std::string& space) {
    Spill(dir.path() + "/text", text.text);
    Shell("cd " + dir.path() + "; rm -f text.sig; ssh-keygen -q -Y sign -f " +
          key + " -n " + space + " text 2>/dev/null");
    signature.text = Slurp(dir.path() + "/text.sig");
  }
  std::string PublicKey(const std::string& name) const {
    const std::string line = Slurp(dir.path() + "/" + name + ".pub");
    return line.substr(0, line.find('\n'));
  }
  void Allow(const std::string& options, const std::string& key = "ci") {
    keys.allowed =
        "ci@example.org,second " + options + " " + PublicKey(key) + "\n";
  }

  Signer Verify() {
    PosixRunner runner;
    return VerifySignature(&runner, text, signature, keys);
  }
  ErrorCode Code() {
    return ErrorOf([&] { Verify(); }).code();
  }

  TempDir dir;
  EvidenceFile text{"what is vouched for\n", "statement"};
  EvidenceFile signature{"", "statement.sig"};
  TrustedKeys keys{"", std::nullopt, "/etc/keys"};
};

constexpr char kRelease[] = "namespaces=\"release\"";

}  // namespace

TEST_CASE("a signature by an allowed key names its signer") {
  Signed world;
  world.Allow(kRelease);
  const Signer signer = world.Verify();
  CHECK(signer.principal == "ci@example.org");
  CHECK(signer.key.starts_with("SHA256:"));
  CHECK(signer.key.size() == 50);
}

TEST_CASE("a signature over another text or for another purpose is refused") {
  Signed world;
  world.Allow(kRelease);
  world.text.text[3] ^= 1;
  CHECK(world.Code() == ErrorCode::kSignatureInvalid);
  world.text.text[3] ^= 1;
  CHECK_NOTHROW(world.Verify());
  world.Sign("ci", "git");
  CHECK(world.Code() == ErrorCode::kSignatureInvalid);
  world.signature.text = "";
  CHECK(world.Code() == ErrorCode::kSignatureInvalid);
}

TEST_CASE("a signature with any character changed is refused") {
  Signed world;
  world.Allow(kRelease);
  const std::string whole = world.signature.text;
  const std::size_t begin = whole.find('\n') + 1;
  const std::size_t end = whole.find("\n-----END");
  for (std::size_t at = begin; at < end; at += 29) {
    if (whole[at] == '\n') continue;
    CAPTURE(at);
    world.signature.text = whole;
    world.signature.text[at] = whole[at] == 'A' ? 'B' : 'A';
    const ErrorCode code = world.Code();
    CHECK((code == ErrorCode::kSignatureInvalid ||
           code == ErrorCode::kKeyNotAllowed));
  }
}

TEST_CASE(
    "a key that is unknown, expired, revoked or for other use is refused") {
  Signed world;
  world.Allow(kRelease, "other");
  CHECK(world.Code() == ErrorCode::kKeyNotAllowed);
  world.Allow("namespaces=\"release\",valid-before=\"20200101\"");
  CHECK(world.Code() == ErrorCode::kKeyNotAllowed);
  world.Allow("namespaces=\"release\",valid-after=\"20990101\"");
  CHECK(world.Code() == ErrorCode::kKeyNotAllowed);
  world.Allow("namespaces=\"git\"");
  CHECK(world.Code() == ErrorCode::kKeyNotAllowed);
  world.Allow(kRelease);
  world.keys.revoked = world.PublicKey("other") + "\n";
  CHECK_NOTHROW(world.Verify());
  world.keys.revoked = world.PublicKey("ci") + "\n";
  CHECK(world.Code() == ErrorCode::kKeyNotAllowed);
  // A binary key revocation list works as well as a list of public keys.
  Shell("cd " + world.dir.path() + "; ssh-keygen -q -k -f krl ci.pub");
  world.keys.revoked = Slurp(world.dir.path() + "/krl");
  CHECK(world.Code() == ErrorCode::kKeyNotAllowed);
  world.keys.revoked = "no list of keys\n";
  CHECK(world.Code() == ErrorCode::kKeyNotAllowed);
}

TEST_CASE("no signature passes if ssh-keygen is missing or answers oddly") {
  Signed world;
  world.Allow(kRelease);
  FakeRunner runner;
  const auto code = [&] {
    return ErrorOf([&] {
             VerifySignature(&runner, world.text, world.signature, world.keys);
           })
        .code();
  };
  runner.On("ssh-keygen", {CommandResult::End::kNotStarted, ENOENT, ""});
  CHECK(code() == ErrorCode::kSignatureInvalid);
  runner.On("ssh-keygen", Exited(0, ""));
  CHECK(code() == ErrorCode::kSignatureInvalid);
  runner.On("novalidate", Exited(0, "Good \"x\" with ED25519 key SHA256:a\n"));
  runner.On("find-principals", Exited(0, "ci\n"));
  runner.On(" verify ", Exited(0, "Good \"x\" with ED25519 key SHA256:b\n"));
  CHECK(code() == ErrorCode::kSignatureInvalid);
  SetInterruptSignal(15);
  CHECK(code() == ErrorCode::kInterrupted);
  SetInterruptSignal(0);
}

TEST_CASE("key files are refused if missing or writable by others") {
  Signed world;
  world.Allow(kRelease);
  const std::string path = world.dir.path() + "/keys";
  const auto code = [&](const VerifyConfig& verify) {
    return ErrorOf([&] { ReadTrustedKeys(verify); }).code();
  };
  CHECK(code({}) == ErrorCode::kKeysUnusable);
  CHECK(code({.keys = path}) == ErrorCode::kKeysUnusable);
  Spill(path, world.keys.allowed);
  CHECK(ReadTrustedKeys({.keys = path}).allowed == world.keys.allowed);
  REQUIRE(mkfifo((path + "fifo").c_str(), 0600) == 0);
  CHECK(code({.keys = path, .revoked = path + "fifo"}) ==
        ErrorCode::kKeysUnusable);
  CHECK(code({.keys = path, .revoked = path + "no"}) ==
        ErrorCode::kKeysUnusable);
  CHECK(ReadTrustedKeys({.keys = path, .revoked = path}).revoked ==
        world.keys.allowed);
  Spill(path, "* " + world.keys.allowed);
  CHECK(code({.keys = path}) == ErrorCode::kKeysUnusable);
  Spill(path, world.keys.allowed);
  boost::filesystem::permissions(path, boost::filesystem::perms(0664));
  if (geteuid() == 0) {
    CHECK(code({.keys = path}) == ErrorCode::kKeysUnusable);
  } else {
    CHECK_NOTHROW(ReadTrustedKeys({.keys = path}));
  }
}

}  // namespace release
