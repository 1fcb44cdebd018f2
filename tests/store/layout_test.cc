#include "store/layout.h"

#include <doctest/doctest.h>

namespace release {
namespace {

Version V(const std::string& name) { return Version::ParseOrThrow(name); }

TEST_CASE("names below the root are as the contract shows them") {
  CHECK(ReleasePath(V("1.4.2")) == "releases/1.4.2");
  CHECK(PartialName(42) == ".partial-000042");
  CHECK(TrashName(43, V("1.3.9")) == ".trash-000043-1.3.9");
  CHECK(TrashPrefix(43) == ".trash-000043-");
  CHECK(LinkPath(3) == ".release/link-3");
  CHECK(SparePath(1) == ".release/transactions/.spare");
  CHECK(SparePath(2) == ".release/transactions/.spare-2");
  CHECK(RecordName(42) == "000042.log");
  CHECK(RecordPath(42) == ".release/transactions/000042.log");
  CHECK(RecordName(1'234'567) == "1234567.log");
  CHECK(ManifestPath(V("1.4.2")) == ".release/manifests/1.4.2");
  CHECK(ConfirmPath(7) == ".release/confirm-000007");
  CHECK(AbortPath(7) == ".release/abort-000007");
}

TEST_CASE("a link target names a version only in the tool's own form") {
  CHECK(VersionOfTarget("releases/1.4.2") == V("1.4.2"));
  for (const char* other :
       {"", "releases", "releases/", "releases/1/", "releases/1/public",
        "releases/..", "releases/.partial-000001", "./releases/1",
        "/srv/shop/releases/1", "elsewhere/1", "1"}) {
    CAPTURE(other);
    CHECK(!VersionOfTarget(other));
  }
}

TEST_CASE("a record's number is read back from its name") {
  for (const std::uint64_t number : std::initializer_list<std::uint64_t>{
           1, 42, 999'999, 1'234'567, kRecordLimit - 1}) {
    CHECK(ParseRecordName(RecordName(number)) == number);
  }
}

TEST_CASE("other files among the records are not taken for records") {
  for (const char* name :
       {"", ".log", ".spare", "000000.log", "42.log", "000042", "000042.txt",
        "000042.log.damaged", "-00042.log", "+00042.log", "00004x.log",
        "000042.log~", " 000042.log", "0000042.log", "00000000000042.log",
        "99999999999999999999999.log", "1000000000000.log",
        "18446744073709551615.log"}) {
    CAPTURE(name);
    CHECK(!ParseRecordName(name));
  }
}

TEST_CASE("a target is named by its version, else by itself") {
  CHECK(NameOfTarget("releases/1.4.2") == "1.4.2");
  CHECK(NameOfTarget("/srv/elsewhere") == "/srv/elsewhere");
  CHECK(NameOfTarget(std::nullopt).empty());
}

TEST_CASE("a path below releases/ names the release it belongs to") {
  const auto version = [](const char* path) {
    const auto v = VersionOfPath("/srv/shop/releases", path);
    return v ? v->name() : std::string("none");
  };
  CHECK(version("/srv/shop/releases/1.4.2/bin/app") == "1.4.2");
  CHECK(version("/srv/shop/releases/1.4.2") == "1.4.2");
  CHECK(version("/srv/shop/releases") == "none");
  CHECK(version("/srv/shop/releases-old/1.4.2") == "none");
  CHECK(version("/srv/shop/releases/.partial-000001/a") == "none");
}

}  // namespace
}  // namespace release
