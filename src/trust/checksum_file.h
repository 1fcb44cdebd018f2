// Finds the SHA-256 that an archive is expected to have.
#ifndef RELEASE_TRUST_CHECKSUM_FILE_H_
#define RELEASE_TRUST_CHECKSUM_FILE_H_

#include <optional>
#include <string>
#include <string_view>

namespace release {

// Returns the digest in lower case, or nullopt if `hex` is not exactly 64 hex
// digits (of either case).
std::optional<std::string> ParseSha256(std::string_view hex);

// Returns the digest of `file_name` listed in the text of a `.sha256` or
// SHA256SUMS file, or nullopt if no line names it. Lines have the forms of
// coreutils, BSD and OpenSSL, in UTF-8 or, after a mark, UTF-16. Others are
// skipped. Only the last component of a name is compared. With `sole`, a
// file whose only such line is a bare digest applies to `file_name`. Throws
// Error kChecksumUnreadable, naming `origin`, if no line contains a digest or
// if two lines give `file_name` different digests.
std::optional<std::string> FindChecksum(std::string_view text,
                                        std::string_view file_name, bool sole,
                                        const std::string& origin);

struct ExpectedChecksum {
  std::string sha256;  // lower-case hex
  std::string origin;  // its source: a path, or "--sha256"
};

// Looks beside the archive for ARCHIVE.sha256, then SHA256SUMS. Returns nullopt
// if there is neither, or if only SHA256SUMS exists and does not list the
// archive. Throws Error kChecksumUnreadable if a file cannot be read or used,
// or if ARCHIVE.sha256 does not list the archive: somebody put it there to be
// checked, so ignoring it would be unsafe.
std::optional<ExpectedChecksum> ChecksumBeside(const std::string& archive_path);

}  // namespace release

#endif  // RELEASE_TRUST_CHECKSUM_FILE_H_
