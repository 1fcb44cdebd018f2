// What a transaction works with: one app on one machine.
#ifndef RELEASE_DEPLOY_DEPLOY_CONTEXT_H_
#define RELEASE_DEPLOY_DEPLOY_CONTEXT_H_

#include <functional>
#include <string>
#include <vector>

#include "base/config.h"
#include "base/error.h"
#include "os/fs.h"
#include "service/notice.h"
#include "service/service.h"
#include "store/journal.h"

namespace release {

// Progress, as it happens.
struct ProgressEvent {
  enum class Kind { kStepBegun, kStepDone, kRemark, kWarning };
  Kind kind = Kind::kRemark;
  std::uint64_t transaction = 0;
  std::string text;    // the step's name, or the words
  double seconds = 0;  // of a step that is done
};

struct PreparedNotice {
  Notice notice;
  bool in_outbox = false;  // it is durable there
};

struct DeployContext {
  Fs* fs = nullptr;  // the app's root
  System system;
  const Config* config = nullptr;
  Identity caller;
  Nanoseconds wait{0};  // for the lock
  // That may work at the same time; 1: no thread but the caller's.
  unsigned threads = 1;
  // A deploy leaves the trees that retention sets aside to its caller, who has
  // them deleted (DeleteTrash) once the outcome is told.
  bool deletes_later = false;
  unsigned cores = 1;  // of this machine
  std::function<void(const ProgressEvent&)> report = [](const ProgressEvent&) {
  };
  // What this command has to tell, until it is told at its end; one for each
  // transaction that it ended. See deploy/notices.h.
  std::vector<PreparedNotice> notices;

  // Threads beside the caller's, for work that gains from so many.
  unsigned ThreadsFor(unsigned useful) const;
  // As ThreadsFor, where the caller and they all have plenty to compute: no
  // more than other cores, and one at least.
  unsigned BusyThreadsFor(unsigned useful) const;
};

// A failure as a value, for reports and records.
struct Failure {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;
  std::string path;
  std::string expected;
  std::string found;
};
Failure FailureOf(const Error& error);

// How a command ended: what became of the service, and why.
struct Outcome {
  std::string command;
  Exit exit = Exit::kDone;
  std::string result;              // as EndRecord::result
  std::uint64_t transaction = 0;   // 0: none was begun
  std::optional<Version> version;  // what the command was about
  std::string previous;            // live before it; empty: none
  std::string current;             // live now; empty: none
  std::optional<Failure> error;
  std::vector<std::string> warnings;
  std::vector<StepRecord> steps;
};

}  // namespace release

#endif  // RELEASE_DEPLOY_DEPLOY_CONTEXT_H_
