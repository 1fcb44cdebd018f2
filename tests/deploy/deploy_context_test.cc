#include "deploy/deploy_context.h"

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
  const DeployContext context;
  context.report({.text = "nobody hears it"});
  CHECK(context.fs == nullptr);
}

TEST_CASE("of the threads allowed one is the caller's") {
  DeployContext context;
  CHECK(context.ThreadsFor(16) == 0);
  context.threads = 3;
  CHECK(context.ThreadsFor(16) == 2);
  CHECK(context.ThreadsFor(1) == 1);
}

TEST_CASE("threads that compute get the other cores, and one at least") {
  DeployContext context;
  CHECK(context.BusyThreadsFor(2) == 0);
  context.threads = 16;
  CHECK(context.BusyThreadsFor(2) == 1);
  context.cores = 2;
  CHECK(context.BusyThreadsFor(2) == 1);
  context.cores = 3;
  CHECK(context.BusyThreadsFor(2) == 2);
  context.cores = 64;
  CHECK(context.BusyThreadsFor(2) == 2);
  context.cores = 0;  // where the system does not tell
  CHECK(context.BusyThreadsFor(2) == 1);
}

}  // namespace
}  // namespace release
