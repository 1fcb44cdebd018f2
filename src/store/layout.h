// The names of files and directories below the root, and what they mean. Every
// path is relative to the root. docs/formats.md shows the whole layout.
#ifndef RELEASE_STORE_LAYOUT_H_
#define RELEASE_STORE_LAYOUT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/host_path.h"
#include "base/version.h"

namespace release {

inline constexpr char kCurrent[] = "current";
inline constexpr char kReleases[] = "releases";
inline constexpr char kShared[] = "shared";
inline constexpr char kIncoming[] = "incoming";
inline constexpr char kRejected[] = "incoming/rejected";
inline constexpr char kOwn[] = ".release";
inline constexpr char kLock[] = ".release/lock";
inline constexpr char kFoldedRecords[] = ".release/history";
inline constexpr char kTransactions[] = ".release/transactions";
inline constexpr char kManifests[] = ".release/manifests";
inline constexpr char kNewest[] = ".release/transactions/.newest";
inline constexpr char kWarm[] = ".release/warm";
inline constexpr char kWatchNote[] = ".release/watch";
inline constexpr char kWatchStop[] = ".release/watch-stop";
inline constexpr char kWatchLock[] = ".release/watch.lock";
inline constexpr char kOutbox[] = ".release/outbox";

// The suffix of a record that was set aside because its beginning is damaged.
inline constexpr std::string_view kDamagedSuffix = ".damaged";

inline constexpr std::string_view kPackedSuffix = "@packed";

// In releases/ (partial, trash) and in the root (current): garbage unless a
// running transaction owns it.
inline constexpr char kPartialPrefix[] = ".partial-";
inline constexpr char kTrashPrefix[] = ".trash-";
inline constexpr char kTempLinkPrefix[] = ".current-";
// In .release/: the links made in advance for swaps (store/current.h).
inline constexpr char kLinkPrefix[] = "link-";
// In the root: the entry that a rollback found in the place of the link. Kept
// for a person. A symlink of this name is garbage instead: it is left over from
// an exchange that was interrupted.
inline constexpr char kAsidePrefix[] = "current-before-";
// In manifests/, outbox/ and .release/: a file being written; garbage after a
// crash.
inline constexpr char kTempFilePrefix[] = ".new-";

// "releases/1.4.2": the path of the release's directory, and the target of
// `current`.
std::string ReleasePath(const Version& version);

// Returns the version that a link target names. Returns nullopt if the target
// does not have the form "releases/VERSION", e.g. because a person or another
// tool made the link.
std::optional<Version> VersionOfTarget(std::string_view target);

// Returns the version's name, or the target itself if it names no version here.
// Returns "" for nullopt.
std::string NameOfTarget(const std::optional<std::string>& target);

std::string PartialName(std::uint64_t transaction);  // ".partial-000042"
std::string TrashName(std::uint64_t transaction, const Version& version);
std::string TrashPrefix(std::uint64_t transaction);  // ".trash-000042-"
// "current-before-000042".
std::string AsideName(std::uint64_t transaction);
std::string RecordName(std::uint64_t transaction);  // "000042.log"
// ".release/transactions/000042.log".
std::string RecordPath(std::uint64_t transaction);
std::string ManifestPath(const Version& version);
// ".release/manifests/1.4.2@packed": the manifest as `pack` wrote it. No
// version has such a name.
std::string PackedManifestPath(const Version& version);

std::string LinkPath(unsigned number);  // ".release/link-1"
// The path of a preallocated record file: ".spare" in transactions/ for 1,
// ".spare-2" for 2, and so on.
std::string SparePath(unsigned number);

// In .release/: an empty file by which `confirm` or `abort` signals a running
// transaction.
std::string ConfirmPath(std::uint64_t transaction);
std::string AbortPath(std::uint64_t transaction);
// Returns whether `name` is one that AbortPath gives to a file of .release/.
bool IsAbortName(std::string_view name);

std::string SharedPath(const std::string& path);  // "shared/PATH"

// In .release/: the mark that a warning of this name has been given.
std::string SaidPath(const std::string& name);  // ".release/said-NAME"

// In .release/: the note about an upload that the transaction takes in.
std::string UploadNotePath(std::uint64_t transaction);  // ".release/intake-..."
inline constexpr char kUploadNotePrefix[] = "intake-";

// Returns the version of the release whose directory contains, or is, the
// absolute path `path`; nullopt if none does. `releases` is the absolute path
// of releases/.
std::optional<Version> VersionOfPath(const HostPath& releases,
                                     std::string_view path);

// Transactions have smaller numbers. A file in transactions/ with a larger one
// is not a record: the number after it could not be counted.
inline constexpr std::uint64_t kRecordLimit = 1'000'000'000'000;

// Returns the number in "000042.log", nullopt for any other name.
std::optional<std::uint64_t> ParseRecordName(std::string_view name);

}  // namespace release

#endif  // RELEASE_STORE_LAYOUT_H_
