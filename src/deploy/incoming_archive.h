// Opens the archive that an ArchiveRequest names, and reads what vouches for
// it.
#ifndef RELEASE_DEPLOY_INCOMING_ARCHIVE_H_
#define RELEASE_DEPLOY_INCOMING_ARCHIVE_H_

#include <cstdint>
#include <optional>
#include <string>

#include "deploy/archive_request.h"
#include "os/fs.h"
#include "os/input.h"

namespace release {

// An open archive, none of whose bytes has been read yet.
struct IncomingArchive {
  std::string name;  // for messages
  std::optional<ExpectedChecksum> checksum;
  Evidence evidence;
  std::optional<std::uint64_t> size;  // bytes; nullopt for a pipe
  ByteSource source;
};

// Throws Error kUsage if --sha256 is not a digest, kChecksumUnreadable,
// kEvidenceMissing or kAttestationInvalid if the evidence cannot be read, and
// kArchiveUnreadable if the archive cannot be opened.
IncomingArchive OpenArchive(Fs* fs, const ArchiveRequest& request);

}  // namespace release

#endif  // RELEASE_DEPLOY_INCOMING_ARCHIVE_H_
