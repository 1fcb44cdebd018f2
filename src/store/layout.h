// Where things stand below the root, and what their names mean.
#ifndef RELEASE_STORE_LAYOUT_H_
#define RELEASE_STORE_LAYOUT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/version.h"

namespace release {

inline constexpr char kCurrent[] = "current";
inline constexpr char kReleases[] = "releases";
inline constexpr char kShared[] = "shared";
inline constexpr char kIncoming[] = "incoming";
inline constexpr char kRejected[] = "incoming/rejected";
inline constexpr char kOwn[] = ".release";
inline constexpr char kLock[] = ".release/lock";
inline constexpr char kTransactions[] = ".release/transactions";
inline constexpr char kManifests[] = ".release/manifests";
inline constexpr char kNewest[] = ".release/transactions/.newest";
inline constexpr char kOutbox[] = ".release/outbox";

// What a record's name ends in once it was set aside as damaged.
inline constexpr std::string_view kDamagedSuffix = ".damaged";

// In releases/ and in the root: garbage unless a live transaction owns it.
inline constexpr char kPartialPrefix[] = ".partial-";
inline constexpr char kTrashPrefix[] = ".trash-";
inline constexpr char kTempLinkPrefix[] = ".current-";
// In .release/: the links that are not `current` just now.
inline constexpr char kLinkPrefix[] = "link-";
// In the root: kept for a person; garbage only where it is a link, which is
// then the next `current` that took nothing's place.
inline constexpr char kAsidePrefix[] = "current-before-";
// In manifests/ and the tool's own directory: likewise.
inline constexpr char kTempFilePrefix[] = ".new-";

// "releases/1.4.2": both the directory and what `current` says.
std::string ReleasePath(const Version& version);

// The version that a link target names. Nothing where it is not of the form
// "releases/VERSION", e.g. because a person or another tool made the link.
std::optional<Version> VersionOfTarget(std::string_view target);

std::string PartialName(std::uint64_t transaction);  // ".partial-000042"
std::string TrashName(std::uint64_t transaction, const Version& version);
std::string TrashPrefix(std::uint64_t transaction);  // ".trash-000042-"
// "current-before-000042": what a rollback found in the place of the link.
std::string AsideName(std::uint64_t transaction);
std::string RecordName(std::uint64_t transaction);  // "000042.log"
std::string ManifestPath(const Version& version);

std::string LinkPath(unsigned number);  // ".release/link-1"
// The preallocated files that records are made from: ".spare" in transactions/,
// then ".spare-2" and so on.
std::string SparePath(unsigned number);

// In .release/: how `confirm` and `abort` speak to a running transaction.
std::string ConfirmPath(std::uint64_t transaction);
std::string AbortPath(std::uint64_t transaction);

// The version whose tree an absolute path lies in or is; nothing for any other
// path. `releases` is the absolute path of releases/.
std::optional<Version> VersionOfPath(std::string_view releases,
                                     std::string_view path);

// The number in "000042.log"; nothing for any other name.
std::optional<std::uint64_t> ParseRecordName(std::string_view name);

}  // namespace release

#endif  // RELEASE_STORE_LAYOUT_H_
