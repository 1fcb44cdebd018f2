// Opens the archive that an ArchiveRequest names, and reads its evidence.
#ifndef RELEASE_DEPLOY_INCOMING_ARCHIVE_H_
#define RELEASE_DEPLOY_INCOMING_ARCHIVE_H_

#include <cstdint>
#include <optional>
#include <string>

#include "deploy/archive_request.h"
#include "os/fs.h"
#include "os/input.h"

namespace release {

// An open archive before its first byte is read. `source` owns the open file,
// unless the request gave a descriptor.
struct IncomingArchive {
  std::string name;  // for messages
  std::optional<ExpectedChecksum> checksum;
  Evidence evidence;
  std::optional<std::uint64_t> size;  // bytes; nullopt for a pipe
  ByteSource source;
};

// Opens the archive and reads its evidence.
//
// Throws Error kUsage if --sha256 is not a digest, kChecksumUnreadable,
// kEvidenceMissing or kAttestationInvalid if the evidence cannot be read, and
// kArchiveUnreadable if the archive cannot be opened.
IncomingArchive OpenArchive(Fs* fs, const ArchiveRequest& request);

}  // namespace release

#endif  // RELEASE_DEPLOY_INCOMING_ARCHIVE_H_
