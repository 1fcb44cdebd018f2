#include "base/error.h"

#include "base/name_table.h"

namespace release {
namespace {

struct Row {
  ErrorCode value;
  std::string_view name;
  Exit exit;
};

constexpr Row kTable[] = {
    {ErrorCode::kUsage, "usage", Exit::kUsage},
    {ErrorCode::kConfigInvalid, "config-invalid", Exit::kUsage},
    {ErrorCode::kConfigUnreadable, "config-unreadable", Exit::kUsage},
    {ErrorCode::kConfigUnsafe, "config-unsafe", Exit::kUsage},
    {ErrorCode::kRootUnsafe, "root-unsafe", Exit::kUsage},
    {ErrorCode::kKeysUnusable, "keys-unusable", Exit::kUsage},
    {ErrorCode::kVersionInvalid, "version-invalid", Exit::kUsage},
    {ErrorCode::kVersionTooLong, "version-too-long", Exit::kUsage},
    {ErrorCode::kNotInitialized, "not-initialized", Exit::kUsage},
    {ErrorCode::kCurrentNotALink, "current-not-a-link", Exit::kUsage},
    {ErrorCode::kAppUnknown, "app-unknown", Exit::kUsage},
    {ErrorCode::kArchiveUnreadable, "archive-unreadable", Exit::kRefused},
    {ErrorCode::kArchiveEmpty, "archive-empty", Exit::kRefused},
    {ErrorCode::kArchiveTruncated, "archive-truncated", Exit::kRefused},
    {ErrorCode::kArchiveCorrupt, "archive-corrupt", Exit::kRefused},
    {ErrorCode::kArchiveUnsupported, "archive-unsupported", Exit::kRefused},
    {ErrorCode::kChecksumMismatch, "checksum-mismatch", Exit::kRefused},
    {ErrorCode::kChecksumUnreadable, "checksum-unreadable", Exit::kRefused},
    {ErrorCode::kManifestMismatch, "manifest-mismatch", Exit::kRefused},
    {ErrorCode::kBaseMissing, "base-missing", Exit::kRefused},
    {ErrorCode::kEvidenceMissing, "evidence-missing", Exit::kRefused},
    {ErrorCode::kAttestationInvalid, "attestation-invalid", Exit::kRefused},
    {ErrorCode::kSignatureInvalid, "signature-invalid", Exit::kRefused},
    {ErrorCode::kKeyNotAllowed, "key-not-allowed", Exit::kRefused},
    {ErrorCode::kEvidenceMismatch, "evidence-mismatch", Exit::kRefused},
    {ErrorCode::kEvidenceTooOld, "evidence-too-old", Exit::kRefused},
    {ErrorCode::kEvidenceFromFuture, "evidence-from-future", Exit::kRefused},
    {ErrorCode::kEvidenceReplayed, "evidence-replayed", Exit::kRefused},
    {ErrorCode::kTestsFailed, "tests-failed", Exit::kRefused},
    {ErrorCode::kNotAllowed, "not-allowed", Exit::kRefused},
    {ErrorCode::kUnsafeEntry, "unsafe-entry", Exit::kRefused},
    {ErrorCode::kLimitExceeded, "limit-exceeded", Exit::kRefused},
    {ErrorCode::kVersionConflict, "version-conflict", Exit::kRefused},
    {ErrorCode::kLiveDiffers, "live-differs", Exit::kRefused},
    {ErrorCode::kNotAdoptable, "not-adoptable", Exit::kRefused},
    {ErrorCode::kPermissionDenied, "permission-denied", Exit::kFailed},
    {ErrorCode::kReadOnly, "read-only", Exit::kFailed},
    {ErrorCode::kNoSpace, "no-space", Exit::kFailed},
    {ErrorCode::kIoError, "io-error", Exit::kFailed},
    {ErrorCode::kSyncFailed, "sync-failed", Exit::kFailed},
    {ErrorCode::kManifestUnreadable, "manifest-unreadable", Exit::kFailed},
    {ErrorCode::kLinkMoved, "link-moved", Exit::kFailed},
    {ErrorCode::kReleaseAltered, "release-altered", Exit::kFailed},
    {ErrorCode::kSharedFileMissing, "shared-file-missing", Exit::kFailed},
    {ErrorCode::kInterrupted, "interrupted", Exit::kFailed},
    {ErrorCode::kAborted, "aborted", Exit::kFailed},
    {ErrorCode::kBusy, "busy", Exit::kBusy},
    {ErrorCode::kNothingRunning, "nothing-running", Exit::kFailed},
    {ErrorCode::kNoticeUndelivered, "notice-undelivered", Exit::kFailed},
    {ErrorCode::kNoSuchRelease, "no-such-release", Exit::kNoSuchRelease},
    {ErrorCode::kNothingToRollBackTo, "nothing-to-roll-back-to",
     Exit::kNoSuchRelease},
    {ErrorCode::kIrreversible, "irreversible", Exit::kUsage},
    {ErrorCode::kHookFailed, "hook-failed", Exit::kFailed},
    {ErrorCode::kHookTimeout, "hook-timeout", Exit::kFailed},
    {ErrorCode::kProgramMissing, "program-missing", Exit::kFailed},
    {ErrorCode::kReloadFailed, "reload-failed", Exit::kFailed},
    {ErrorCode::kReloadTimeout, "reload-timeout", Exit::kFailed},
    {ErrorCode::kServiceDied, "service-died", Exit::kFailed},
    {ErrorCode::kServiceRestarted, "service-restarted", Exit::kFailed},
    {ErrorCode::kServiceRunsOldRelease, "service-runs-old-release",
     Exit::kFailed},
    {ErrorCode::kPeerDiffers, "peer-differs", Exit::kFailed},
    {ErrorCode::kPeerUnknown, "peer-unknown", Exit::kFailed},
    {ErrorCode::kFrontFailed, "front-failed", Exit::kFailed},
    {ErrorCode::kHealthDeadline, "health-deadline", Exit::kFailed},
    {ErrorCode::kHealthLost, "health-lost", Exit::kFailed},
    {ErrorCode::kWatchFoundBad, "watch-found-bad", Exit::kFoundWrong},
    {ErrorCode::kNotConfirmed, "not-confirmed", Exit::kFailed},
    {ErrorCode::kUndoFailed, "undo-failed", Exit::kNeedsPerson},
    {ErrorCode::kInDoubt, "in-doubt", Exit::kNeedsPerson},
    {ErrorCode::kInternal, "internal", Exit::kFailed},
};

static_assert(FollowsEnum(kTable, ErrorCode::kInternal));

}  // namespace

std::string_view CodeName(ErrorCode code) { return RowAt(kTable, code).name; }

ErrorCode ParseCodeName(std::string_view name) {
  return FindByName(kTable, name).value_or(ErrorCode::kInternal);
}

Exit ExitBeforeSwitch(ErrorCode code) { return RowAt(kTable, code).exit; }

}  // namespace release
