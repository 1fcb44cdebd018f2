#include "archive/parser_words.h"

#include <doctest/doctest.h>

namespace release {

// As libarchive 3.6 says them.
TEST_CASE("parser words: owners and ACLs do not matter, names do") {
  CHECK(IsHarmless("Uname can't be converted from UTF-8 to current locale."));
  CHECK(IsHarmless("Parse error: SCHILY.acl.access ACL"));
  const char* name =
      "Pathname can't be converted from UTF-8 to current locale.";
  CHECK_FALSE(IsHarmless(name));
  CHECK(IsAboutName(name));
  CHECK(IsAboutName("Linkname can't be converted from UTF-8"));
  CHECK_FALSE(IsAboutName("Ignoring malformed pax extended attribute"));
}

TEST_CASE("parser words: what cannot be read is told from what is damaged") {
  for (const char* message :
       {"Unsupported ZIP compression method (9: deflate64)",
        "Crypto codec not supported yet (ID: 0x6f10701)",
        "Encrypted file is unsupported",
        "Passphrase required for this entry"}) {
    CAPTURE(message);
    CHECK(IsAboutSupport(message));
  }
  CHECK_FALSE(IsAboutSupport("Damaged 7-Zip archive"));
  CHECK(IsAboutFormat("Unrecognized archive format"));
  CHECK_FALSE(IsAboutFormat("Damaged tar archive"));
}

}  // namespace release
