#include "deploy/host.h"

#include <doctest/doctest.h>

namespace release {
namespace {

TEST_CASE("a failure says all that its error said") {
  const Failure failure = FailureOf(Error(
      ErrorCode::kChecksumMismatch, "cannot accept x", "x.tar", "aa", "bb"));
  CHECK(failure.code == ErrorCode::kChecksumMismatch);
  CHECK(failure.message == "cannot accept x");
  CHECK(failure.path == "x.tar");
  CHECK(failure.expected == "aa");
  CHECK(failure.found == "bb");
}

TEST_CASE("a failed call names the file and keeps its code") {
  const Failure failure = FailureOf(FsError("write", "a/b", ENOSPC));
  CHECK(failure.code == ErrorCode::kNoSpace);
  CHECK(failure.path == "a/b");
  CHECK(failure.message.starts_with("cannot write"));
}

TEST_CASE("a host that nobody listens to reports into the void") {
  const Host host;
  host.report({.text = "nobody hears it"});
  CHECK(host.fs == nullptr);
}

TEST_CASE("of the threads allowed one is the caller's") {
  Host host;
  CHECK(host.ThreadsFor(16) == 0);
  host.threads = 3;
  CHECK(host.ThreadsFor(16) == 2);
  CHECK(host.ThreadsFor(1) == 1);
}

TEST_CASE("threads that compute get the other cores, and one at least") {
  Host host;
  CHECK(host.BusyThreadsFor(2) == 0);
  host.threads = 16;
  CHECK(host.BusyThreadsFor(2) == 1);
  host.cores = 2;
  CHECK(host.BusyThreadsFor(2) == 1);
  host.cores = 3;
  CHECK(host.BusyThreadsFor(2) == 2);
  host.cores = 64;
  CHECK(host.BusyThreadsFor(2) == 2);
  host.cores = 0;  // where the system does not tell
  CHECK(host.BusyThreadsFor(2) == 1);
}

}  // namespace
}  // namespace release
