#include "dropbox/intake.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "base/text.h"
#include "deploy/attempt.h"
#include "deploy/deployment_state.h"
#include "deploy/locked_root.h"
#include "dropbox/rejected.h"
#include "dropbox/upload.h"
#include "dropbox/upload_try.h"
#include "store/layout.h"
#include "trust/attestation.h"
#include "trust/checksum_file.h"

namespace release {
namespace {

constexpr std::size_t kMaxChecksumFile = 64 * 1024;
// The longest time to wait for a checksum file to be filled: a copy over the
// network creates the file first and writes its content later.
constexpr Nanoseconds kFillingUp = std::chrono::seconds(5);
constexpr Nanoseconds kPoll = std::chrono::milliseconds(100);

[[noreturn]] void Refuse(ErrorCode code, const std::string& path,
                         const std::string& why) {
  throw Error(code, fmt::format("cannot read {}: {}", Quoted(path), why), path);
}

// A file of an upload that is being read. Follows no link.
class OpenUpload {
 public:
  OpenUpload(Fs* fs, const std::string& path, ErrorCode code) : fs_(fs) {
    const auto info = fs->Stat(Fs::kRoot, path);
    if (!info) Refuse(code, path, "there is no such file");
    if (info->type != FileType::kFile) Refuse(code, path, "it is no file");
    size_ = info->size;
    file_ = ScopedHandle(fs, fs->Open(Fs::kRoot, path, OpenMode::kRead));
  }

  std::size_t Read(std::span<char> buffer) {
    const std::size_t count = fs_->ReadAt(file_.get(), buffer, offset_);
    offset_ += count;
    return count;
  }
  std::uint64_t size() const { return size_; }

 private:
  Fs* fs_;
  ScopedHandle file_;
  std::uint64_t size_ = 0;
  std::uint64_t offset_ = 0;
};

std::string ReadChecksum(Fs* fs, const std::string& upload) {
  const std::string path = InBox(ChecksumName(upload));
  OpenUpload file(fs, path, ErrorCode::kChecksumUnreadable);
  // The uploader decides the size, so bound what is read into memory.
  std::string text(std::min<std::uint64_t>(file.size(), kMaxChecksumFile), 0);
  text.resize(file.Read(text));
  const auto found = FindChecksum(text, upload, /*sole=*/true, path);
  if (!found) {
    Refuse(ErrorCode::kChecksumUnreadable, path,
           fmt::format("no line speaks of {}", Quoted(upload)));
  }
  return *found;
}

std::optional<EvidenceFile> ReadEvidenceFile(Fs* fs, const std::string& name) {
  const std::string path = InBox(name);
  if (name.size() > kLongestName || !fs->Stat(Fs::kRoot, path))
    return std::nullopt;
  OpenUpload file(fs, path, ErrorCode::kAttestationInvalid);
  if (file.size() > kMaxStatement) {
    Refuse(ErrorCode::kAttestationInvalid, path, "it is too large");
  }
  std::string text(file.size(), 0);
  text.resize(file.Read(text));
  return EvidenceFile{text, path};
}

Evidence ReadEvidenceOf(Fs* fs, const std::string& upload) {
  Evidence evidence;
  evidence.attestation =
      ReadEvidenceFile(fs, upload + std::string(kStatementSuffix));
  if (evidence.attestation) {
    evidence.signature =
        ReadEvidenceFile(fs, upload + std::string(kSignatureSuffix));
  }
  return evidence;
}

// Returns whether the checksum file holds a whole checksum and the archive is
// there. Also returns true if waiting cannot help: the checksum is gone, or it
// is not a file.
bool LooksComplete(Fs* fs, const std::string& upload) {
  const auto checksum = fs->Stat(Fs::kRoot, InBox(ChecksumName(upload)));
  if (!checksum) return true;
  if (checksum->type != FileType::kFile) return true;
  constexpr std::size_t kDigits = 64;
  return checksum->size >= kDigits &&
         fs->Stat(Fs::kRoot, InBox(upload)).has_value();
}

// When this run first saw each upload, in time since boot.
using FirstSeen = std::map<std::string, Nanoseconds>;

// Waits until the upload looks complete, for at most kFillingUp since it was
// first seen: many uploads that will never be complete must not each cost five
// seconds. The name of the checksum file can appear before its content does.
void AwaitComplete(DeployContext* context, const std::string& upload,
                   Nanoseconds first_seen) {
  Clock* clock = context->system.clock;
  const auto checksum = StampOf(context->fs, InBox(ChecksumName(upload)));
  const std::int64_t age =
      checksum ? clock->WallSeconds() - checksum->modified : 0;
  // Do not wait for an old one.
  if (age >= kFillingUp / std::chrono::seconds(1)) return;
  const Nanoseconds end = first_seen + kFillingUp;
  while (!LooksComplete(context->fs, upload) && clock->SinceBoot() < end) {
    clock->Sleep(kPoll);
  }
}

[[noreturn]] void GiveUp(const std::string& upload, unsigned deaths) {
  const std::string path = InBox(upload);
  throw Error(ErrorCode::kInterrupted,
              fmt::format("gave up on {}: the process died {} times in a row "
                          "while deploying it; it is not tried again",
                          Quoted(path), deaths),
              path);
}

TransactionSpec MakeSpec(Fs* fs, const std::string& upload,
                         const IntakeOptions& options,
                         const UploadTry& attempt) {
  ArchiveRequest request{.location = ArchiveRequest::Location::kRoot,
                         .name = InBox(upload),
                         .file_name = upload,
                         .owner = options.owner};
  // An upload that is refused here still gets a record.
  std::optional<Failure> refusal;
  try {
    if (InBox(upload) == kRejected) {
      Refuse(ErrorCode::kArchiveUnreadable, kRejected,
             "the drop box uses this name for its own directory; rename the "
             "upload");
    }
    if (attempt.given_up()) GiveUp(upload, attempt.deaths());
    request.checksum =
        ExpectedChecksum{ReadChecksum(fs, upload), InBox(ChecksumName(upload))};
    request.evidence = ReadEvidenceOf(fs, upload);
  } catch (const Error& error) {
    refusal = FailureOf(error);
  }
  return {.kind = TransactionKind::kDeploy,
          .archive = std::move(request),
          .refusal = std::move(refusal)};
}

// Returns whether another command has taken in this very upload since it was
// listed. The upload may have left the drop box already.
bool WasTakenIn(Fs* fs, const std::string& upload) {
  if (!fs->Stat(Fs::kRoot, InBox(ChecksumName(upload)))) return true;
  const std::vector<UploadNote> notes = ReadUploadNotes(fs);
  return std::any_of(notes.begin(), notes.end(), [&](const UploadNote& note) {
    return note.upload == upload && note.IsStillThere(fs) && FindEnd(fs, note);
  });
}

// Sets `attempt` with the lock held: if several commands want the same upload,
// only the one that deploys it counts a try. Returns nullopt if another one has
// just taken it in.
std::optional<Outcome> DeployUpload(DeployContext* context,
                                    const std::string& upload,
                                    const IntakeOptions& options,
                                    const Stamps& files,
                                    std::optional<UploadTry>* attempt) {
  LockedRoot root(context);
  // The outcome is that of the recovery: the upload has not been tried.
  if (!root.recovered()) return root.Run({.kind = TransactionKind::kPrune});
  if (WasTakenIn(context->fs, upload)) return std::nullopt;
  attempt->emplace(context->fs,
                   UploadNote{.transaction = root.state().newest + 1,
                              .upload = upload,
                              .files = files});
  return root.Run(MakeSpec(context->fs, upload, options, **attempt));
}

// What became of an upload in the drop box.
enum class Taken {
  kGone,      // deployed or rejected
  kStopped,   // it stays, and so do all others: the deploy was interrupted, or
              // an earlier transaction needs manual intervention
  kLeftThere  // it could neither be removed nor rejected
};

// Removes an upload that went live, or rejects one that did not.
void TakeAway(Fs* fs, const UploadResult& result, const Stamps& files,
              const IntakeOptions& options) {
  if (result.outcome.exit == Exit::kDone) {
    RemoveIfSame(fs, files);
  } else {
    Reject(fs, result.upload, options.reason(result));
  }
}

std::string CannotTakeAway(const std::string& upload, const Failure& failure) {
  return fmt::format(
      "cannot take {} out of the drop box: {}; remove it by "
      "hand",
      Quoted(InBox(upload)), failure.message);
}

// Deploys one upload and appends its result to `results`.
Taken TakeOne(DeployContext* context, const std::string& upload,
              const IntakeOptions& options, Nanoseconds first_seen,
              std::vector<UploadResult>* results) {
  Fs* fs = context->fs;
  AwaitComplete(context, upload, first_seen);
  const Stamps before = StampsOf(fs, upload);
  // Trim first: the space that rejected uploads hold may be what this one
  // needs.
  TrimRejected(fs);
  std::optional<UploadTry> attempt;
  auto outcome = DeployUpload(context, upload, options, before, &attempt);
  if (!outcome) return Taken::kLeftThere;
  results->push_back({upload, std::move(*outcome)});
  UploadResult& last = results->back();
  const auto& error = last.outcome.error;
  const bool interrupted = error && error->code == ErrorCode::kInterrupted;
  if (!attempt || (interrupted && !attempt->given_up())) {
    options.report(last);
    return Taken::kStopped;
  }
  const auto failure = Attempt([&] { TakeAway(fs, last, before, options); });
  if (failure) {
    attempt->Keep();
    last.outcome.warnings.push_back(CannotTakeAway(upload, *failure));
  }
  for (std::string& problem : TrimRejected(fs)) {
    last.outcome.warnings.push_back(std::move(problem));
  }
  options.report(last);
  return failure ? Taken::kLeftThere : Taken::kGone;
}

// The result of an upload that an earlier command took in.
UploadResult ResultOf(const UploadNote& note, const EndRecord& end) {
  UploadResult result{.upload = note.upload, .outcome = {}};
  result.outcome.command = TraitsOf(TransactionKind::kDeploy).command;
  result.outcome.transaction = note.transaction;
  result.outcome.exit = end.exit;
  result.outcome.result = end.result;
  if (!end.committed) {
    result.outcome.error =
        Failure{.code = ParseCodeName(end.code), .message = end.message};
  }
  return result;
}

// The result of the try to take away such an upload.
UploadResult LeftThere(DeployContext* context, const UploadNote& note,
                       const Failure& failure) {
  UploadResult result{.upload = note.upload, .outcome = {}};
  Outcome& outcome = result.outcome;
  outcome.command = TraitsOf(TransactionKind::kDeploy).command;
  outcome.exit = Exit::kFailed;
  outcome.result = Result::kFailed;
  outcome.current = ReadDeploymentState(context->fs).CurrentName();
  outcome.previous = outcome.current;
  outcome.error = failure;
  outcome.error->message = fmt::format(
      "{}; it is not deployed again, because transaction {} took it in",
      CannotTakeAway(note.upload, failure), note.transaction);
  return result;
}

// Takes the uploads out of the drop box that earlier commands took in and left
// there, because a file could not be removed or the process was killed. Returns
// the names of those that still stay.
std::set<std::string> FinishEarlier(DeployContext* context,
                                    const IntakeOptions& options,
                                    std::vector<UploadResult>* results) {
  Fs* fs = context->fs;
  std::set<std::string> left_there;
  for (const UploadNote& note : ReadUploadNotes(fs)) {
    const bool ready = note.IsStillThere(fs);
    const auto end = FindEnd(fs, note);
    if (!end && ready) continue;
    std::optional<Failure> failure;
    // Without its checksum a rejected upload has left the drop box; a file of
    // its name is part of the next one.
    if (end && (ready || end->committed)) {
      failure = Attempt(
          [&] { TakeAway(fs, ResultOf(note, *end), note.files, options); });
    }
    if (!failure) {
      RemoveUploadNote(fs, note.transaction);
      continue;
    }
    if (ready) left_there.insert(note.upload);
    results->push_back(LeftThere(context, note, *failure));
    options.report(results->back());
  }
  return left_there;
}

int Gravity(Exit exit) {
  constexpr Exit kRising[] = {Exit::kDone, Exit::kRefused, Exit::kFailed,
                              Exit::kUndone, Exit::kNeedsPerson};
  const auto* found = std::find(std::begin(kRising), std::end(kRising), exit);
  // A deploy ends in none of the other exits; count them as kFailed.
  if (found == std::end(kRising)) return 2;
  return static_cast<int>(found - std::begin(kRising));
}

}  // namespace

std::vector<std::string> ReadyUploads(Fs* fs) {
  struct Ready {
    std::int64_t modified;
    std::string name;
  };
  std::vector<Ready> ready;
  if (!fs->Stat(Fs::kRoot, kIncoming)) return {};
  for (const DirEntry& entry : fs->List(Fs::kRoot, kIncoming)) {
    const bool counts =
        entry.name.ends_with(kChecksumSuffix) && !entry.name.starts_with(".");
    if (!counts) continue;
    const auto info = fs->Stat(Fs::kRoot, InBox(entry.name));
    if (!info) continue;
    ready.push_back(
        {info->modified,
         entry.name.substr(0, entry.name.size() - kChecksumSuffix.size())});
  }
  std::sort(ready.begin(), ready.end(), [](const Ready& a, const Ready& b) {
    if (a.modified != b.modified) return a.modified < b.modified;
    return strverscmp(a.name.c_str(), b.name.c_str()) < 0;
  });
  std::vector<std::string> names;
  for (Ready& each : ready) names.push_back(std::move(each.name));
  return names;
}

std::vector<UploadResult> TakeUploads(DeployContext* context,
                                      const IntakeOptions& options) {
  std::vector<UploadResult> results;
  std::set<std::string> left_there = FinishEarlier(context, options, &results);
  FirstSeen first_seen;
  for (;;) {
    // List anew each time: more uploads may have arrived meanwhile.
    std::vector<std::string> ready = ReadyUploads(context->fs);
    std::erase_if(ready, [&](const std::string& name) {
      return left_there.contains(name);
    });
    if (ready.empty()) return results;
    for (const std::string& name : ready) {
      first_seen.try_emplace(name, context->system.clock->SinceBoot());
    }
    const Taken taken = TakeOne(context, ready.front(), options,
                                first_seen[ready.front()], &results);
    // Another upload may get the name.
    first_seen.erase(ready.front());
    if (taken == Taken::kStopped) return results;
    if (taken == Taken::kLeftThere) left_there.insert(ready.front());
  }
}

Exit GravestExit(const std::vector<UploadResult>& taken) {
  Exit gravest = Exit::kDone;
  for (const UploadResult& each : taken) {
    if (Gravity(each.outcome.exit) > Gravity(gravest)) {
      gravest = each.outcome.exit;
    }
  }
  return gravest;
}

}  // namespace release
