// The SHA-256 that an archive is expected to have.
#ifndef RELEASE_TRUST_CHECKSUM_FILE_H_
#define RELEASE_TRUST_CHECKSUM_FILE_H_

#include <optional>
#include <string>
#include <string_view>

namespace release {

// 64 hex digits in either case, made lower case; nothing otherwise.
std::optional<std::string> ParseSha256(std::string_view hex);

// What the text of a `.sha256` or SHA256SUMS file says of `file_name`: lines
// "HEX  NAME", "HEX *NAME" or "SHA256 (NAME) = HEX". NAME may carry
// directories; only its last component counts. With `sole`, a file that holds
// one bare digest and no name speaks of the file it stands beside. Throws Error
// kChecksumUnreadable, naming `origin`, where no line is of any such form, or
// where two lines give the file different digests.
std::optional<std::string> FindChecksum(std::string_view text,
                                        std::string_view file_name, bool sole,
                                        const std::string& origin);

struct ExpectedChecksum {
  std::string sha256;  // lower-case hex
  std::string origin;  // where it was found: a path, or "--sha256"
};

// Looks beside the archive for ARCHIVE.sha256, then SHA256SUMS. Nothing where
// neither speaks of it. An ARCHIVE.sha256 that does not speak of it, or cannot
// be read, throws Error kChecksumUnreadable: it was put there to be used.
std::optional<ExpectedChecksum> ChecksumBeside(const std::string& archive_path);

}  // namespace release

#endif  // RELEASE_TRUST_CHECKSUM_FILE_H_
