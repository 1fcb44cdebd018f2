#include "store/instance_link.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/instance_names.h"
#include "base/text.h"
#include "store/layout.h"

namespace release {
namespace {

[[noreturn]] void Refuse(const std::string& link, const std::string& has) {
  throw Error(ErrorCode::kUnsafeEntry,
              fmt::format("cannot make the link {} to the instance: {} has an "
                          "entry of that name; give [instances] link another",
                          Quoted(link), has),
              link);
}

}  // namespace

bool MakeInstanceLink(Fs* fs, Fs::Handle release, const Config& config,
                      const Version& version) {
  if (!config.instances.configured) return false;
  const std::string& link = config.instances.link;
  const std::string target =
      InstanceDirectory(config.instances, version.name());
  const auto found = fs->Stat(release, link);
  if (found && found->type != FileType::kSymlink) {
    Refuse(link, ReleasePath(version));
  }
  if (found && fs->ReadLink(release, link) == target) return false;
  const std::int64_t modified = fs->StatHandle(release).modified_exactly;
  if (found) fs->RemoveFile(release, link);
  fs->MakeSymlink(target, release, link);
  fs->SetModified(release, "", modified);
  return true;
}

void EnsureInstanceLink(Fs* fs, const Config& config, const Version& version) {
  const ScopedHandle release(
      fs, fs->OpenDirectory(Fs::kRoot, ReleasePath(version)));
  if (!MakeInstanceLink(fs, release.get(), config, version)) return;
  // Users reach the release through this link as soon as it is live.
  fs->Sync(release.get());
}

void RefuseInstanceLink(const Config& config, const Manifest& manifest) {
  if (!config.instances.configured) return;
  const std::string& link = config.instances.link;
  const std::string below = link + "/";
  const auto& entries = manifest.entries;
  if (std::any_of(entries.begin(), entries.end(),
                  [&](const ManifestEntry& entry) {
                    return entry.path == link || entry.path.starts_with(below);
                  })) {
    Refuse(link, "the archive");
  }
}

std::vector<ManifestDifference> WithoutInstanceLink(
    const Config& config, std::vector<ManifestDifference> differences) {
  if (!config.instances.configured) return differences;
  std::erase_if(differences, [&](const ManifestDifference& difference) {
    return difference.what == ManifestDifference::What::kAdded &&
           difference.path == config.instances.link;
  });
  return differences;
}

}  // namespace release
