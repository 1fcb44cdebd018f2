// Reads an archive entry by entry: tar, cpio, zip, 7z; plain or in one layer
// of gzip, bzip2, xz or zstd. From a file or from a stream.
//
// The format is detected by the first bytes, never by the name, and at most one
// layer of compression is taken off. Every byte of the archive passes the
// SHA-256 once, as it is read: the hashed bytes are the unpacked bytes. zip and
// 7z need seeking: they are copied to a nameless file beneath the root first.
//
// An archive that ends early is kArchiveTruncated, a damaged one
// kArchiveCorrupt, one of another format kArchiveUnsupported, an empty file
// kArchiveEmpty; each is an Error naming the archive. An archive that needs
// hundreds of MiB of memory to be read is kLimitExceeded.
#ifndef RELEASE_ARCHIVE_READER_H_
#define RELEASE_ARCHIVE_READER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "archive/blocks.h"
#include "archive/composition.h"
#include "archive/entry.h"
#include "archive/spool.h"
#include "archive/thin_manifest.h"
#include "base/manifest.h"
#include "os/input.h"

namespace release {

// The first entry of an archive that `pack` made.
using CarriedManifest = std::variant<Manifest, ThinManifest>;

class Reader {
 public:
  // Reads the first bytes and detects the format. `name` is for messages.
  Reader(ByteSource source, std::string name, Spool spool);
  ~Reader();
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  // The manifest that the archive carries as its first entry,
  // `.release-manifest`; nullopt if the first entry is another. Call before
  // Next, at most once. The manifest is not an entry that Next returns.
  std::optional<CarriedManifest> TakeManifest();

  // From here on the entries are those of this manifest, and each byte passes
  // its SHA-256; see Composition. A thin archive brings a part of them; for a
  // full one `base` is null. Call before Next. Next and NextBlock throw Error
  // kManifestMismatch if the archive's entries are not exactly those that they
  // must be. `whole` and `base` outlive this, but for the base's manifest.
  void Compose(const Manifest* whole, const ThinBase* base,
               const std::vector<std::string>& reserved);
  // Leaves the content of the current file to the caller, instead of NextBlock.
  // Returns nullopt if it is not one that the base has.
  std::optional<BaseContent> LeaveToCaller();
  // Files that came from the base so far; zero without one.
  TakenOver taken() const;

  // The next entry; nullopt after the last. Skips unread content of the entry
  // before.
  std::optional<ArchiveEntry> Next();

  // The next bytes of the current entry, valid until the next call; empty at
  // its end. Holes of sparse files are read as HoleBytes.
  std::span<const char> NextBlock();
  // Keeps the bytes that NextBlock returned last valid beyond the next call,
  // without copying; null if they cannot be kept.
  SharedBlock Keep(std::span<const char> bytes) const;

  // Accepts a tar without the zero blocks at its end, although it is not
  // compressed: a checksum of the whole archive will be compared.
  void ExpectChecksum();

  // Reads what follows the last entry and checks that the archive is complete:
  // end mark (a compressed tar may lack its own), checksums, nothing after it.
  // Call after Next returned nullopt. Returns the SHA-256 of the whole archive
  // in hex.
  std::string Finish();

  // Bytes read of the archive so far.
  std::uint64_t bytes_read() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace release

#endif  // RELEASE_ARCHIVE_READER_H_
