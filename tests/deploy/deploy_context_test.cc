#include "deploy/deploy_context.h"

#include <doctest/doctest.h>

namespace release {
namespace {

TEST_CASE("a failure keeps everything that its error says") {
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

TEST_CASE("a context without a listener discards its reports") {
  const DeployContext context;
  context.report({.text = "nobody hears it"});
  CHECK(context.fs == nullptr);
}

TEST_CASE("the caller's thread is one of those allowed") {
  DeployContext context;
  CHECK(context.ThreadsFor(16) == 0);
  context.threads = 3;
  CHECK(context.ThreadsFor(16) == 2);
  CHECK(context.ThreadsFor(1) == 1);
}

TEST_CASE("computing threads get the other cores, but at least one") {
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
  context.cores = 0;  // the system does not report the number
  CHECK(context.BusyThreadsFor(2) == 1);
}

}  // namespace
}  // namespace release
