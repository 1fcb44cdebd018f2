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
#include "deploy/transaction_spec.h"
#include "store/releases.h"

namespace release {

class ArchiveStaging {
 public:
  ArchiveStaging(DeployContext* context, ArchiveRequest request);

  // The version that the request alone tells; nullopt if only the archive
  // itself, or the time, will.
  std::optional<Version> ExpectedVersion() const;

  // Opens the archive, finds its version, and decides whether it may come in:
  // throws what refuses it before a byte is unpacked.
  void Prepare(const DeploymentState& state, PreparedTransaction* prepared);

  // Reads the whole archive without writing anything, and throws what would
  // refuse it: for --dry-run. Call after Prepare, instead of Stage.
  Manifest Examine();

  // Unpacks, verifies and publishes the release. If it is there already,
  // compares it with the archive instead; throws Error kVersionConflict if they
  // differ.
  void Stage(const DeploymentState& state, StepRecorder* recorder,
             PreparedTransaction* prepared);

 private:
  Version ChooseVersion() const;
  void Admit(const DeploymentState& state, PreparedTransaction* prepared);
  void CheckSpace(const DeploymentState& state);
  void DeleteTrashFirst();
  void CheckArchive(const Unpacked& unpacked) const;
  // `recorder` is asked whether to stop; null: only signals stop the work.
  UnpackOptions MakeOptions(const StepRecorder* recorder) const;
  Manifest ReadOnly(const StepRecorder* recorder);
  void Create(const DeploymentState& state, StepRecorder* recorder,
              PreparedTransaction* prepared);
  Unpacked UnpackInto(const Staging& staging, const DeploymentState& state,
                      StepRecorder* recorder);
  void CompareWithExisting(const Manifest& offered) const;

  DeployContext* context_;
  ArchiveRequest request_;
  IncomingArchive archive_;
  std::unique_ptr<Reader> reader_;
  std::optional<Manifest> carried_;       // the manifest in the archive
  std::optional<Version> existing_;       // the release that is there already
  std::optional<GateFacts> admitted_;     // if the archive came with evidence
  std::vector<std::string> undeletable_;  // trash that could not be deleted
};

}  // namespace release

#endif  // RELEASE_DEPLOY_STAGING_H_
