#include "deploy/deploy_context.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <utility>

namespace release {

unsigned DeployContext::ThreadsFor(unsigned useful) const {
  // `threads` counts the caller's thread too.
  return std::min(threads - 1, useful);
}

unsigned DeployContext::BusyThreadsFor(unsigned useful) const {
  // With two cores a second writer only takes turns with the caller: unpacking
  // then takes about a tenth longer.
  return std::min(ThreadsFor(useful), std::max(cores, 2U) - 1);
}

void DeployContext::CountBytes(std::uint64_t total) const {
  if (bytes != nullptr) bytes->Begin(total);
}

ReportedWork::ReportedWork(DeployContext* context, std::string name,
                           std::uint64_t total, Nanoseconds limit)
    : context_(context),
      name_(std::move(name)),
      start_(context->system.clock->SinceBoot()) {
  context_->report(
      {.kind = ProgressEvent::Kind::kStepBegun, .text = name_, .limit = limit});
  context_->CountBytes(total);
}

ReportedWork::~ReportedWork() {
  const Nanoseconds took = context_->system.clock->SinceBoot() - start_;
  try {
    context_->report({.kind = ProgressEvent::Kind::kStepDone,
                      .text = name_,
                      .seconds = std::chrono::duration<double>(took).count()});
  } catch (const std::exception&) {
    // A display must not end the work, nor hide why it failed.
  }
}

Failure FailureOf(const Error& error) {
  return {.code = error.code(),
          .message = error.what(),
          .path = error.path(),
          .expected = error.expected(),
          .found = error.found()};
}

}  // namespace release
