#include "deploy/restart.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "base/instance_names.h"
#include "store/instance_link.h"
#include "store/layout.h"
#include "store/packed_manifest.h"
#include "store/releases.h"
#include "store/republish.h"

namespace release {
namespace {

// Returns the release that `version` is a restart of, or `version` itself.
std::string OriginOf(const Ledger& ledger, const Version& version) {
  const LedgerEntry* entry = ledger.Find(version);
  return entry == nullptr ? version.name() : entry->origin();
}

bool IsFree(const DeploymentState& state, const Version& version) {
  const auto& unknown = state.listing.unknown_entries;
  return !state.listing.versions.contains(version) &&
         std::find(unknown.begin(), unknown.end(), version.name()) ==
             unknown.end();
}

// Returns nullopt if what is made gets the owner of the live release anyway.
Staging::Owner OwnerOfLive(Fs* fs, const FileInfo& wanted,
                           const Staging& staging) {
  const FileInfo made = fs->StatHandle(staging.directory());
  if (made.owner == wanted.owner && made.group == wanted.group) {
    return std::nullopt;
  }
  return OwnerIds{wanted.owner, wanted.group};
}

}  // namespace

Version NextRestart(const DeploymentState& state) {
  const std::string origin = OriginOf(state.ledger, *state.live);
  unsigned number = RestartNumber(state.live->name(), origin);
  for (;;) {
    ++number;
    const std::string name = RestartName(origin, number);
    const std::optional<Version> next = Version::Parse(name);
    if (!next) {
      throw Error(
          ErrorCode::kVersionTooLong,
          fmt::format("cannot restart {}: its next name, {}, would have more "
                      "than 128 characters",
                      state.live->name(), name),
          state.live->name());
    }
    if (IsFree(state, *next)) return *next;
  }
}

void RequireRestartable(const Config& config, const DeploymentState& state) {
  if (!state.live) {
    throw Error(ErrorCode::kNoSuchRelease,
                "cannot restart the service: no release is live");
  }
  const bool possible = config.service.configured() &&
                        config.service.action != ServiceAction::kNone;
  if (possible) return;
  throw Error(ErrorCode::kConfigInvalid,
              "cannot restart the service: the configuration has no [service], "
              "or its action is \"none\"");
}

void PrepareRestart(const DeployContext& context, const DeploymentState& state,
                    PreparedTransaction* prepared) {
  const Version next = NextRestart(state);
  prepared->to = next;
  if (const Reason problem = WhyTooLong(*context.config, next.name())) {
    throw Error(ErrorCode::kVersionTooLong,
                fmt::format("cannot start {}: {}", next.name(), *problem),
                next.name());
  }
  prepared->restart_of = OriginOf(state.ledger, *state.live);
  prepared->bytes = LoadManifest(context.fs, *state.live).TotalBytes();
  const LedgerEntry* live = state.ledger.Find(*state.live);
  if (live != nullptr) prepared->evidence = live->evidence;
  prepared->creates = true;
}

void PublishRestart(const DeploymentState& state, StepRecorder* recorder,
                    PreparedTransaction* prepared) {
  DeployContext* context = recorder->context();
  Fs* fs = context->fs;
  const Manifest manifest = LoadManifest(fs, *state.live);
  Staging staging(fs, recorder->number());
  // Recovery compares this inode with releases/VERSION. It must not delete a
  // tree that somebody else put there.
  recorder->NoteTree(fs->Stat(staging.directory(), "")->inode);
  recorder->Step("publish", [&] {
    const std::uint64_t copied =
        RepublishTree(fs, *state.live, manifest, staging.directory());
    if (copied != 0) {
      recorder->Remark(
          fmt::format("copied {} files that could not be hard-linked", copied));
    }
    MakeInstanceLink(fs, staging.directory(), *context->config, *prepared->to);
    // An adopted release may have a top directory that is closed to others.
    const FileInfo live = *fs->Stat(Fs::kRoot, ReleasePath(*state.live));
    staging.Publish(
        *prepared->to,
        {manifest, ReadPackedManifest(fs, *state.live).value_or("")},
        OwnerOfLive(fs, live, staging), live.mode);
  });
}

}  // namespace release
