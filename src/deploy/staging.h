// Stages a release from an archive: admission, unpacking, publishing.
#ifndef RELEASE_DEPLOY_STAGING_H_
#define RELEASE_DEPLOY_STAGING_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "archive/reader.h"
#include "archive/unpack.h"
#include "deploy/admission.h"
#include "deploy/archive_request.h"
#include "deploy/deploy_context.h"
#include "deploy/deployment_state.h"
#include "deploy/step_recorder.h"
#include "deploy/thin_base.h"
#include "deploy/transaction_spec.h"
#include "store/releases.h"

namespace release {

// Stages one archive. Call Prepare first, then either Stage or Examine, once.
// `context` must outlive the object.
class ArchiveStaging {
 public:
  ArchiveStaging(DeployContext* context, ArchiveRequest request);

  // Returns the version that the request names, by --version or by the file
  // name; nullopt if only the archive's manifest or the time gives one.
  std::optional<Version> ExpectedVersion() const;

  // Checks the root's file system, opens the archive, judges its evidence,
  // chooses the version, and checks the free space. Throws the Error that
  // refuses the archive, for example kVersionConflict or kNoSpace, before a
  // byte is unpacked. `trash` says whether to delete the trees that earlier
  // transactions set aside; if it leaves them, too little space is no error
  // while there are any.
  void Prepare(const DeploymentState& state, TrashPolicy trash,
               PreparedTransaction* prepared);

  // For --dry-run, without the lock: reads the whole archive without unpacking
  // it, and throws the Error that would refuse it. Returns the manifest of the
  // release. Sets `prepared->creates` if the release was removed meanwhile.
  Manifest Examine(PreparedTransaction* prepared);

  // Unpacks, verifies and publishes the release; it is durable on return. If it
  // exists already, compares it with the archive instead, and throws
  // Error kVersionConflict if its manifest differs, or kReleaseAltered if its
  // files are no longer those of its manifest.
  void Stage(const DeploymentState& state, StepRecorder* recorder,
             PreparedTransaction* prepared);

  // Returns what the admin may have forgotten, for a release that was staged
  // and does not work; nullopt if there is no sign of anything.
  std::optional<std::string> Hint() const;

 private:
  // Sets `version_origin_`, too.
  Version ChooseVersion(const DeploymentState& state);
  void Admit(const DeploymentState& state, PreparedTransaction* prepared);
  void TakeManifest(const DeploymentState& state);
  void AdmitManifest();
  void CheckSpace(const DeploymentState& state, TrashPolicy trash);
  void DeleteTrashFirst();
  void CheckArchive(const Unpacked& unpacked) const;
  unsigned StripComponents() const;
  UnpackOptions MakeOptions() const;
  std::optional<Version> Earlier(const DeploymentState& state) const;
  void NoteTakenOver(StepRecorder* recorder) const;
  Manifest ReadOnly();
  void Create(const DeploymentState& state, StepRecorder* recorder,
              PreparedTransaction* prepared);
  Unpacked UnpackInto(const Staging& staging, const DeploymentState& state,
                      StepRecorder* recorder);
  void CompareWithExisting(const Manifest& offered) const;
  void WarnOfStripped(const Unpacked& unpacked, StepRecorder* recorder) const;

  DeployContext* context_;
  ArchiveRequest request_;
  IncomingArchive archive_;
  std::unique_ptr<KeptBase> base_;  // of a thin archive; else null
  std::unique_ptr<Reader> reader_;
  std::optional<Manifest> carried_;  // the manifest of the whole release
  std::string version_origin_;  // of a version that the request does not name
  std::optional<Version> existing_;  // set if the release exists already
  std::optional<std::string> top_directory_;  // that has all else below it
  std::optional<GateFacts> admitted_;     // if the archive came with evidence
  std::vector<std::string> undeletable_;  // trash that could not be deleted
};

}  // namespace release

#endif  // RELEASE_DEPLOY_STAGING_H_
