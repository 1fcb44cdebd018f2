// From an archive to a published release: the gate, the unpacking, the name.
#ifndef RELEASE_DEPLOY_STAGING_H_
#define RELEASE_DEPLOY_STAGING_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "archive/reader.h"
#include "archive/unpack.h"
#include "deploy/admission.h"
#include "deploy/deploy_context.h"
#include "deploy/deployment_state.h"
#include "deploy/transaction.h"
#include "os/identity.h"
#include "os/input.h"
#include "store/releases.h"
#include "trust/checksum_file.h"

namespace release {

// An archive on its way in.
struct ArchiveRequest {
  // Fills in what is known only once the archive is opened: source, size, and
  // the checksum and evidence beside it. Called once, inside the transaction;
  // may be empty.
  std::function<void(ArchiveRequest*)> open;
  ByteSource source;
  std::string name;                   // for messages, e.g. its path
  std::string file_name;              // its last component; empty for a stream
  std::optional<std::uint64_t> size;  // bytes, where known
  std::optional<Version> version;     // --version
  std::optional<ExpectedChecksum> checksum;  // given, or found beside it
  Evidence evidence;                         // likewise
  std::optional<unsigned> strip_components;  // over the config's
  std::optional<OwnerIds> owner;
};

class ArchiveStaging {
 public:
  ArchiveStaging(DeployContext* context, ArchiveRequest request);

  // Opens the archive, finds its version, and looks whether it may go: throws
  // what refuses it before a byte is unpacked.
  void Prepare(const DeploymentState& state, TransactionSpec* spec);

  // Reads the whole archive, writing nothing, and throws what would refuse it:
  // for --dry-run. Call after Prepare, instead of Stage.
  Manifest Examine();

  // Unpacks, verifies and publishes; where the release is there already,
  // compares instead.
  void Stage(Transaction* transaction);

 private:
  Version ChooseVersion(const std::optional<Manifest>& manifest) const;
  void Admit(const DeploymentState& state, TransactionSpec* spec);
  void CheckSpace(const DeploymentState& state);
  void DeleteTrashFirst();
  void CheckArchive(const Unpacked& unpacked) const;
  UnpackOptions MakeOptions(std::function<void()> between) const;
  Manifest ReadOnly(std::function<void()> between);
  void Create(Transaction* transaction);
  Unpacked UnpackInto(const Staging& staging, Transaction* transaction);
  // Throws Error kVersionConflict where releases/VERSION has other content.
  void CompareWithExisting(const Manifest& offered) const;

  DeployContext* context_;
  ArchiveRequest request_;
  std::unique_ptr<Reader> reader_;
  std::optional<Manifest> carried_;       // the manifest in the archive
  std::optional<Version> existing_;       // the release that is there already
  std::optional<GateFacts> admitted_;     // where evidence came with it
  std::vector<std::string> undeletable_;  // of what was set aside before
};

}  // namespace release

#endif  // RELEASE_DEPLOY_STAGING_H_
