// Evidence for an archive, tampered with in every way and submitted in every
// way, with the real ssh-keygen.
#include <doctest/doctest.h>

#include <boost/filesystem.hpp>

#include "host/site.h"
#include "host/submission.h"
#include "support/archives.h"
#include "support/statements.h"

namespace release {
namespace {

using nlohmann::json;

namespace bfs = boost::filesystem;

// A site that requires signed test results, with release 1 live, and keys of
// which only ci and ci2 are allowed now.
class VouchedSite {
 public:
  VouchedSite() {
    Shell("cd " + site.files() +
          "; for k in ci ci2 stranger expired later elsewhere; do "
          "ssh-keygen -q -t ed25519 -N '' -C '' -f $k; done");
    Spill(site.files() + "/shop.keys",
          Line("ci", "") + Line("ci2", "") +
              Line("expired", ",valid-before=\"20200101\"") +
              Line("later", ",valid-after=\"20990101\"") +
              Line("elsewhere", "", "git"));
    Spill(site.files() + "/revoked", "");
    Configure("");
    Vouch("1", 1);
    const Finished first = Deploy("1");
    INFO(first.Describe());
    REQUIRE(first.exit == 0);
  }

  void Configure(const std::string& more) {
    config = site.ConfigFile("shop.toml",
                             "[verify]\nrequire = [\"signature\", \"tests\"]\n"
                             "keys = \"" +
                                 site.files() +
                                 "/shop.keys\"\n"
                                 "revoked = \"" +
                                 site.files() +
                                 "/revoked\"\n"
                                 "environment = \"production\"\n" +
                                 more);
  }

  std::string Archive(const std::string& version) const {
    return Submission(&site, config).Archive(version);
  }
  static json Good(const std::string& archive, std::uint64_t serial) {
    return StatementFor(Sha256Of(Slurp(archive)), serial);
  }

  // Makes the archive, and valid evidence in files beside it.
  void Vouch(const std::string& version, std::uint64_t serial) {
    const std::string archive = site.Archive(version);
    Write(archive, Good(archive, serial));
  }
  void Write(const std::string& archive, const json& statement,
             const std::string& key = "ci",
             const std::string& space = "release") {
    const std::string path = archive + ".intoto.json";
    Spill(path, statement.dump());
    Shell("cd " + site.files() + "; rm -f " + path +
          ".sig; ssh-keygen -q -Y sign -f " + key + " -n " + space + " " +
          path + " 2>/dev/null; mv " + path + ".sig " + archive + ".sig");
  }

  Finished Run(const std::vector<std::string>& words) const {
    return Submission(&site, config).Run(words);
  }
  Finished Deploy(const std::string& version, Way way = Way::kBeside) const {
    return Submission(&site, config).Deploy(version, way);
  }

  // Checks that a deploy of version 2 is refused with this code in every way,
  // and that nothing changes.
  void CheckRefused(const std::string& code) const {
    for (const Way way : kWays) {
      CAPTURE(static_cast<int>(way));
      CheckRefused(code, way);
    }
  }

  void CheckRefused(const std::string& code, Way way) const {
    const auto before = Listing(site.root(), {".release", "incoming"});
    const Finished finished = Deploy("2", way);
    INFO(finished.Describe());
    json object = json::parse(finished.out, nullptr, false);
    CHECK(finished.exit == 3);
    if (way == Way::kDropBox) object = object["uploads"][0];
    CHECK(object["error"]["code"] == code);
    CHECK(object["result"] == "refused");
    CHECK(site.Live() == "1");
    CHECK(site.Releases() == std::vector<std::string>{"1"});
    CHECK(Listing(site.root(), {".release", "incoming"}) == before);
    CHECK(Garbage(site.root()).empty());
    const json last = json::parse(
        Run({"--json", "history", "-n", "1"}).out)["transactions"][0];
    CHECK(last["code"] == code);
    CHECK(last["exit"] == 3);
    CHECK(last["transaction"] == object["transaction"]);
  }

  Site site;
  std::string config;

 private:
  std::string Line(const std::string& key, const std::string& options,
                   const std::string& space = "release") const {
    const std::string line = Slurp(site.files() + "/" + key + ".pub");
    return key + "@example.org namespaces=\"" + space + "\"" + options + " " +
           line.substr(0, line.find('\n')) + "\n";
  }
};

void FlipByte(const std::string& path, std::size_t at) {
  std::string bytes = Slurp(path);
  REQUIRE(at < bytes.size());
  bytes[at] ^= 1;
  Spill(path, bytes);
}

}  // namespace

TEST_CASE("an archive with signed test results goes live") {
  VouchedSite world;
  world.Vouch("2", 2);
  CHECK(world.Deploy("2").exit == 0);
  CHECK(world.site.Live() == "2");
  const json history =
      json::parse(world.Run({"--json", "history", "-n", "1"}).out);
  const json facts = history["transactions"][0]["facts"];
  CHECK(facts["signed_by"] == "ci@example.org");
  CHECK(facts["key"].get<std::string>().starts_with("SHA256:"));
  CHECK(facts["tests"] == "2 tests passed");
  CHECK(facts["issued_at"] == "2026-11-23T11:40:45Z");
  const json status = json::parse(world.Run({"--json", "status"}).out);
  CHECK(status["release"]["evidence"] ==
        "signed by ci@example.org, serial 2, 2 tests passed");
  CHECK(world.Run({"status"}).out.find("evidence     signed by ci@") !=
        std::string::npos);
  // The same archive again changes nothing; an earlier one is refused as a
  // replay; a rollback needs no evidence.
  CHECK(json::parse(world.Deploy("2").out)["result"] == "unchanged");
  CHECK(json::parse(world.Deploy("1").out)["error"]["code"] ==
        "evidence-replayed");
  CHECK(world.Run({"rollback"}).exit == 0);
  CHECK(world.site.Live() == "1");
}

// Control for the refusals below.
TEST_CASE("an archive with evidence goes live in each way") {
  VouchedSite world;
  std::uint64_t serial = 1;
  for (const Way way : kWays) {
    const std::string version = std::to_string(++serial);
    world.Vouch(version, serial);
    const Finished finished = world.Deploy(version, way);
    INFO(finished.Describe());
    CHECK(finished.exit == 0);
    CHECK(world.site.Live() == version);
  }
}

TEST_CASE("a changed byte in archive, statement or signature is refused") {
  VouchedSite world;
  world.Vouch("2", 2);
  const std::string archive = world.Archive("2");
  const std::string whole = Slurp(archive);
  for (const std::size_t at :
       {std::size_t{0}, std::size_t{600}, whole.size() - 1}) {
    FlipByte(archive, at);
    world.CheckRefused("evidence-mismatch");
    Spill(archive, whole);
  }
  Spill(archive, whole + "x");
  world.CheckRefused("evidence-mismatch");
  Spill(archive, whole.substr(0, whole.size() - 512));
  world.CheckRefused("evidence-mismatch");
  Spill(archive, whole);
  for (const std::size_t at : {0, 50, 300}) {
    FlipByte(archive + ".intoto.json", at);
    world.CheckRefused("signature-invalid");
    FlipByte(archive + ".intoto.json", at);
  }
  FlipByte(archive + ".sig", 200);
  world.CheckRefused("signature-invalid");
  FlipByte(archive + ".sig", 200);
  CHECK(world.Deploy("2").exit == 0);
}

TEST_CASE("evidence for another purpose is refused") {
  VouchedSite world;
  const std::string archive = world.site.Archive("2");
  const auto with = [&](const char* pointer, const json& value) {
    json statement = VouchedSite::Good(archive, 2);
    statement[json::json_pointer(pointer)] = value;
    return statement;
  };
  world.Write(archive, with("/subject/0/annotations/app", "other"));
  world.CheckRefused("evidence-mismatch");
  world.Write(archive, with("/subject/0/annotations/environment", "staging"));
  world.CheckRefused("evidence-mismatch");
  world.Write(archive, VouchedSite::Good(world.Archive("1"), 2));
  world.CheckRefused("evidence-mismatch");
  world.Write(archive, with("/predicate/result", "FAILED"));
  world.CheckRefused("tests-failed");
  world.Write(archive, with("/predicate/failedTests", {"checkout"}));
  world.CheckRefused("tests-failed");
  world.Write(archive, with("/predicate/passedTests", json::array()));
  world.CheckRefused("evidence-missing");
  world.Write(archive,
              with("/predicateType", "https://slsa.dev/provenance/v1"));
  world.CheckRefused("evidence-missing");
  world.Write(archive, with("/subject/0/annotations/serial", 1));
  world.CheckRefused("evidence-replayed");
  world.Write(archive, with("/subject/0/annotations/serial", 0));
  world.CheckRefused("evidence-replayed");
  world.Write(archive, with("/subject", json::array()));
  world.CheckRefused("attestation-invalid");
}

TEST_CASE("a key that is unknown, expired, revoked or misused is refused") {
  VouchedSite world;
  const std::string archive = world.site.Archive("2");
  const json good = VouchedSite::Good(archive, 2);
  world.Write(archive, good, "stranger");
  world.CheckRefused("key-not-allowed");
  for (const char* key : {"expired", "later", "elsewhere"}) {
    CAPTURE(key);
    world.Write(archive, good, key);
    world.CheckRefused("key-not-allowed");
  }
  world.Write(archive, good, "ci", "git");
  world.CheckRefused("signature-invalid");
  world.Write(archive, good);
  const std::string revoked = world.site.files() + "/revoked";
  CopyFile(world.site.files() + "/ci.pub", revoked);
  world.CheckRefused("key-not-allowed");
  // Another key is still allowed, and serial 1 was not used with it.
  world.Write(archive, VouchedSite::Good(archive, 1), "ci2");
  CHECK(world.Deploy("2").exit == 0);
}

TEST_CASE("evidence that is missing or too old is refused") {
  VouchedSite world;
  const std::string archive = world.site.Archive("2");
  world.CheckRefused("evidence-missing");
  world.Vouch("2", 2);
  const std::string signature = Slurp(archive + ".sig");
  bfs::remove(archive + ".sig");
  world.CheckRefused("evidence-missing");
  Spill(archive + ".sig", signature);
  bfs::remove(archive + ".intoto.json");
  world.CheckRefused("evidence-missing");
  json old = VouchedSite::Good(archive, 2);
  old["subject"][0]["annotations"]["issuedAt"] = "2020-01-01T00:00:00Z";
  world.Write(archive, old);
  world.Configure("max_age = \"1h\"\n");
  world.CheckRefused("evidence-too-old");
  old["subject"][0]["annotations"]["issuedAt"] = "2099-01-01T00:00:00Z";
  world.Write(archive, old);
  world.CheckRefused("evidence-from-future");
  world.Configure("");
  CHECK(world.Deploy("2").exit == 0);
}

TEST_CASE("key files that others can write or that admit anybody are refused") {
  VouchedSite world;
  world.Vouch("2", 2);
  const std::string keys = world.site.files() + "/shop.keys";
  const std::string text = Slurp(keys);
  const auto code = [&] {
    const Finished finished = world.Deploy("2");
    CHECK(finished.exit == 2);
    CHECK(world.site.Live() == "1");
    return json::parse(finished.out)["error"]["code"];
  };
  Spill(keys, "*" + text.substr(text.find(' ')));
  CHECK(code() == "keys-unusable");
  Spill(keys, text);
  bfs::permissions(keys, bfs::perms(0666));
  CHECK(code() == "keys-unusable");
  bfs::permissions(keys, bfs::perms(0644));
  CHECK(world.Deploy("2").exit == 0);
}

}  // namespace release
