#include "store/layout.h"

#include <fmt/format.h>

#include <charconv>

namespace release {
namespace {

constexpr std::string_view kAbortPrefix = "abort-";

}  // namespace

std::string ReleasePath(const Version& version) {
  return fmt::format("{}/{}", kReleases, version.name());
}

std::optional<Version> VersionOfTarget(std::string_view target) {
  constexpr std::string_view kPrefix = "releases/";
  if (!target.starts_with(kPrefix)) return std::nullopt;
  return Version::Parse(target.substr(kPrefix.size()));
}

std::string NameOfTarget(const std::optional<std::string>& target) {
  if (!target) return "";
  const auto version = VersionOfTarget(*target);
  return version ? version->name() : *target;
}

std::optional<Version> VersionOfPath(const HostPath& releases,
                                     std::string_view path) {
  if (!path.starts_with(releases.native())) return std::nullopt;
  path.remove_prefix(releases.size());
  if (!path.starts_with('/')) return std::nullopt;
  path.remove_prefix(1);
  return Version::Parse(path.substr(0, path.find('/')));
}

std::string PartialName(std::uint64_t transaction) {
  return fmt::format("{}{:06}", kPartialPrefix, transaction);
}

std::string TrashName(std::uint64_t transaction, const Version& version) {
  return TrashPrefix(transaction) + version.name();
}

std::string TrashPrefix(std::uint64_t transaction) {
  return fmt::format("{}{:06}-", kTrashPrefix, transaction);
}

std::string AsideName(std::uint64_t transaction) {
  return fmt::format("{}{:06}", kAsidePrefix, transaction);
}

std::string RecordName(std::uint64_t transaction) {
  return fmt::format("{:06}.log", transaction);
}

std::string RecordPath(std::uint64_t transaction) {
  return fmt::format("{}/{}", kTransactions, RecordName(transaction));
}

std::string ManifestPath(const Version& version) {
  return fmt::format("{}/{}", kManifests, version.name());
}

std::string PackedManifestPath(const Version& version) {
  return ManifestPath(version) + std::string(kPackedSuffix);
}

std::string LinkPath(unsigned number) {
  return fmt::format("{}/{}{}", kOwn, kLinkPrefix, number);
}

std::string SparePath(unsigned number) {
  const std::string path = fmt::format("{}/.spare", kTransactions);
  return number == 1 ? path : fmt::format("{}-{}", path, number);
}

std::string ConfirmPath(std::uint64_t transaction) {
  return fmt::format("{}/confirm-{:06}", kOwn, transaction);
}

std::string AbortPath(std::uint64_t transaction) {
  return fmt::format("{}/{}{:06}", kOwn, kAbortPrefix, transaction);
}

std::string SharedPath(const std::string& path) {
  return fmt::format("{}/{}", kShared, path);
}

std::string SaidPath(const std::string& name) {
  return fmt::format("{}/said-{}", kOwn, name);
}

std::string UploadNotePath(std::uint64_t transaction) {
  return fmt::format("{}/{}{:06}", kOwn, kUploadNotePrefix, transaction);
}

bool IsAbortName(std::string_view name) {
  return name.starts_with(kAbortPrefix);
}

std::optional<std::uint64_t> ParseRecordName(std::string_view name) {
  constexpr std::string_view kSuffix = ".log";
  const std::string_view whole = name;
  if (!name.ends_with(kSuffix)) return std::nullopt;
  name.remove_suffix(kSuffix.size());
  std::uint64_t number = 0;
  const char* end = name.data() + name.size();
  const auto [stop, error] = std::from_chars(name.data(), end, number);
  if (error != std::errc() || stop != end || number == 0) return std::nullopt;
  if (number >= kRecordLimit) return std::nullopt;
  // Accept only the spelling that RecordName gives: if "0000042.log" counted as
  // 42 too, two files would claim one number.
  if (RecordName(number) != whole) return std::nullopt;
  return number;
}

}  // namespace release
