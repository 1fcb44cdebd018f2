// Error codes, exit statuses and the one exception type.
//
// A failure is thrown once, as an Error, and caught in two places only: the
// engine, which undoes what the transaction did, and main, which reports it.
// Scripts match on the code, so its kebab-case name must never change. The exit
// status says what became of the service.
#ifndef RELEASE_BASE_ERROR_H_
#define RELEASE_BASE_ERROR_H_

#include <stdexcept>
#include <string>
#include <string_view>

namespace release {

// The exit status of the command: what became of the service.
enum class Exit : int {
  kDone = 0,           // done, warnings included
  kFailed = 1,         // failed; nothing changed
  kUsage = 2,          // usage or configuration error; nothing changed
  kRefused = 3,        // archive or evidence not acceptable; nothing changed
  kUndone = 4,         // failed after the switch; the old release is live again
  kNeedsPerson = 5,    // the undo failed too, or the state is in doubt
  kBusy = 6,           // another transaction holds the lock
  kNoSuchRelease = 7,  // no such release, or nothing to roll back to
  kFoundWrong = 8,     // verify, status --check or check found a problem
};

// The stable error codes. The table in error.cc gives each its name and its
// exit status for a failure before the switch.
enum class ErrorCode {
  // usage and configuration
  kUsage,
  kConfigInvalid,
  kConfigUnreadable,
  kConfigUnsafe,
  kRootUnsafe,
  kKeysUnusable,
  kVersionInvalid,
  kVersionTooLong,
  kNotInitialized,
  kCurrentNotALink,
  kAppUnknown,
  // the archive and the evidence for it
  kArchiveUnreadable,
  kArchiveEmpty,
  kArchiveTruncated,
  kArchiveCorrupt,
  kArchiveUnsupported,
  kChecksumMismatch,
  kChecksumUnreadable,
  kManifestMismatch,
  kBaseMissing,
  kEvidenceMissing,
  kAttestationInvalid,
  kSignatureInvalid,
  kKeyNotAllowed,
  kEvidenceMismatch,
  kEvidenceTooOld,
  kEvidenceFromFuture,
  kEvidenceReplayed,
  kTestsFailed,
  kNotAllowed,
  kUnsafeEntry,
  kLimitExceeded,
  kVersionConflict,
  kLiveDiffers,
  kNotAdoptable,
  // the host
  kPermissionDenied,
  kReadOnly,
  kNoSpace,
  kIoError,
  kSyncFailed,
  kManifestUnreadable,
  kLinkMoved,
  kReleaseAltered,
  kSharedFileMissing,
  kInterrupted,
  kAborted,
  kBusy,
  kNothingRunning,
  kNoticeUndelivered,
  // which release
  kNoSuchRelease,
  kNothingToRollBackTo,
  kIrreversible,
  // hooks, reload and health checks
  kHookFailed,
  kHookTimeout,
  kProgramMissing,
  kReloadFailed,
  kReloadTimeout,
  kServiceDied,
  kServiceRestarted,
  kServiceRunsOldRelease,
  kPeerDiffers,
  kPeerUnknown,
  kFrontFailed,
  kHealthDeadline,
  kHealthLost,
  kWatchFoundBad,
  kNotConfirmed,
  kUndoFailed,
  kInDoubt,
  kInternal,
};

// Returns the stable kebab-case name, e.g. "checksum-mismatch".
std::string_view CodeName(ErrorCode code);

// Returns kInternal for a name that this version does not know.
ErrorCode ParseCodeName(std::string_view name);

// Returns the exit status if the failure happens before the switch.
Exit ExitBeforeSwitch(ErrorCode code);

// A failure. what() reads "cannot ...: reason". `path` names the file or entry
// at fault, if there is one. `expected` and `found` are set if the failure is
// that two values differ, such as checksums.
class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message, std::string path = "",
        std::string expected = "", std::string found = "")
      : std::runtime_error(message),
        code_(code),
        path_(std::move(path)),
        expected_(std::move(expected)),
        found_(std::move(found)) {}

  ErrorCode code() const { return code_; }
  const std::string& path() const { return path_; }
  const std::string& expected() const { return expected_; }
  const std::string& found() const { return found_; }

 private:
  ErrorCode code_;
  std::string path_;
  std::string expected_;
  std::string found_;
};

}  // namespace release

#endif  // RELEASE_BASE_ERROR_H_
