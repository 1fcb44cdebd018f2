// Names the archive to stage, before anything is opened.
// deploy/incoming_archive.h opens it.
#ifndef RELEASE_DEPLOY_ARCHIVE_REQUEST_H_
#define RELEASE_DEPLOY_ARCHIVE_REQUEST_H_

#include <optional>
#include <string>

#include "base/version.h"
#include "os/identity.h"
#include "trust/checksum_file.h"
#include "trust/evidence_file.h"

namespace release {

struct ArchiveRequest {
  enum class Location {
    kHost,        // `name` is a path on this machine
    kRoot,        // `name` is a path below the app's root; no link is followed
    kDescriptor,  // `descriptor` is read; `name` appears in messages only
  };
  Location location = Location::kHost;
  std::string name;
  // Borrowed; must stay open while the transaction runs. Read from its current
  // offset to its end.
  int descriptor = -1;
  // The version may be derived from this file name. Empty for a stream.
  std::string file_name;

  std::optional<Version> version;  // --version
  std::string sha256;              // --sha256: 64 hex digits, not yet checked
  std::string attestation_path;    // --attestation
  std::string signature_path;      // --signature
  // Evidence that the caller has read already. For kHost, if the request does
  // not name a checksum or evidence, files beside the archive are used.
  std::optional<ExpectedChecksum> checksum;
  Evidence evidence;

  std::optional<unsigned> strip_components;  // overrides the configuration
  std::optional<OwnerIds> owner;             // of the files that are unpacked
};

}  // namespace release

#endif  // RELEASE_DEPLOY_ARCHIVE_REQUEST_H_
