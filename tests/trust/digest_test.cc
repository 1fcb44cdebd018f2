#include "trust/digest.h"

#include <doctest/doctest.h>

#include <cstdio>

namespace release {
namespace {

std::string Hex(const ContentHash& hash) {
  std::string out;
  for (const unsigned char byte : hash) {
    char digits[3];
    std::snprintf(digits, sizeof digits, "%02x", byte);
    out += digits;
  }
  return out;
}

std::string Sha256Of(std::string_view text) {
  Sha256 hash;
  hash.Update(text);
  return hash.Finish();
}

TEST_CASE("digest: SHA-256 gives the values of FIPS 180-4") {
  CHECK(Sha256Of("") ==
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(Sha256Of("abc") ==
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(Sha256Of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST_CASE("digest: SHA-256 in pieces equals SHA-256 of the whole") {
  Sha256 pieces;
  const std::string_view text = "the quick brown fox";
  for (const char& c : text) pieces.Update({&c, 1});
  CHECK(pieces.Finish() == Sha256Of(text));
}

TEST_CASE("digest: XXH3-128 gives the values of its reference") {
  CHECK(Hex(HashContent(std::string_view(""))) ==
        "99aa06d3014798d86001c324468d497f");
  CHECK(Hex(HashContent(std::string_view("abc"))) ==
        "06b05ab6733a618578af5f94892f3950");
}

TEST_CASE("digest: pieces hash like the whole, also after Reset") {
  const std::string text(100'000, 'x');
  ContentHasher hasher;
  hasher.Update(std::string_view("left over"));
  hasher.Reset();
  hasher.Update(std::string_view(text).substr(0, 777));
  hasher.Update(std::string_view(text).substr(777));
  CHECK(hasher.Finish() == HashContent(text));
  CHECK(hasher.Finish() != HashContent(text.substr(1)));
}

}  // namespace
}  // namespace release
