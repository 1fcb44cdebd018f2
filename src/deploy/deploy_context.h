// The environment of a transaction: one app on one machine.
#ifndef RELEASE_DEPLOY_DEPLOY_CONTEXT_H_
#define RELEASE_DEPLOY_DEPLOY_CONTEXT_H_

#include <functional>
#include <string>
#include <vector>

#include "base/byte_count.h"
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
  std::string text;    // the step's name, or the remark or warning
  double seconds = 0;  // kStepDone: how long the step took
  StepPhase phase = StepPhase::kForward;
  // kStepBegun: how long the step may take; zero: it has no limit.
  Nanoseconds limit{0};
};

struct PreparedNotice {
  Notice notice;
  bool in_outbox = false;  // a durable copy waits in the outbox
};

struct DeployContext {
  Fs* fs = nullptr;  // the app's root
  System system;
  const Config* config = nullptr;
  Identity caller;
  Nanoseconds wait{0};  // the longest wait for the lock
  // The most threads that may work at the same time, including the caller's;
  // at least 1.
  unsigned threads = 1;
  // If true, retention only renames trees to trash, and the caller deletes them
  // (DeleteTrash) after it has reported the outcome.
  bool deletes_later = false;
  // Whether the units of this program, which know only the app's name, use the
  // same configuration and root.
  bool units_know_app = false;
  // Set if the caller must have idle instances ended after it has reported the
  // outcome (DrainByUnit).
  bool leaves_idle = false;
  unsigned cores = 1;  // of this machine
  // Counts the bytes that the step under way handles; null: nobody looks.
  ByteCount* bytes = nullptr;
  std::function<void(const ProgressEvent&)> report = [](const ProgressEvent&) {
  };
  // The notices that this command must still deliver, one for each transaction
  // that it ended. See deploy/notices.h.
  std::vector<PreparedNotice> notices;

  // Returns how many threads to start beside the caller's for work that gains
  // from at most `useful` of them.
  unsigned ThreadsFor(unsigned useful) const;
  // As ThreadsFor, for work that keeps the caller and every thread computing:
  // at most one thread for each other core, but one even on a single core.
  unsigned BusyThreadsFor(unsigned useful) const;
  // Begins to count the bytes of a step that handles `total`; 0: not known.
  void CountBytes(std::uint64_t total) const;
};

// Reports long work that is no step of a record, as if it were one: it begins
// with the object and is done with it. `context` must outlive the object.
class ReportedWork {
 public:
  // `total` as for CountBytes; `limit` as in ProgressEvent.
  ReportedWork(DeployContext* context, std::string name, std::uint64_t total,
               Nanoseconds limit = Nanoseconds(0));
  ~ReportedWork();
  ReportedWork(const ReportedWork&) = delete;
  ReportedWork& operator=(const ReportedWork&) = delete;

 private:
  DeployContext* context_;
  std::string name_;
  Nanoseconds start_;
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
  CommandId command = CommandId::kNone;
  Exit exit = Exit::kDone;
  Result result = Result::kNone;
  std::uint64_t transaction = 0;   // 0: none was begun
  std::optional<Version> version;  // the release that the command was about
  std::string previous;            // live before it; empty: none
  std::string current;             // live now; empty: none
  bool irreversible = false;       // a rollback from it asks for --yes
  std::optional<Failure> error;
  std::vector<std::string> warnings;
  std::vector<StepRecord> steps;
  std::vector<StepRecord> undo_steps;  // empty if nothing had been switched
};

}  // namespace release

#endif  // RELEASE_DEPLOY_DEPLOY_CONTEXT_H_
