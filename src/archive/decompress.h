// Reads the bytes of an archive from their source: hashes them and takes one
// layer of compression off.
#ifndef RELEASE_ARCHIVE_DECOMPRESS_H_
#define RELEASE_ARCHIVE_DECOMPRESS_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "archive/blocks.h"
#include "os/input.h"

namespace release {

// The uncompressed bytes of a stream that is plain or compressed by a kind of
// archive/compression.h. Streams put behind one another (gzip members, zstd
// frames, xz and bzip2 streams) are read as one.
class Decompressor {
 public:
  // `name` is for messages. With `hashing_threads` over 0 a thread of its own
  // computes the SHA-256 beside the caller's.
  Decompressor(ByteSource source, std::string name,
               unsigned hashing_threads = 0);
  ~Decompressor();
  Decompressor(const Decompressor&) = delete;
  Decompressor& operator=(const Decompressor&) = delete;

  // The next bytes, valid until the next call; empty at the end, which is
  // reached only after every checksum in the stream held. An empty stream
  // throws Error kArchiveEmpty. A stream that ends early throws Error
  // kArchiveTruncated; a damaged one, or one with other bytes behind it,
  // kArchiveCorrupt; one that needs more than 256 MiB of memory
  // kArchiveUnsupported. An error of the source passes through.
  std::span<const char> Next();
  // The block that holds those bytes; null if they cannot be kept.
  SharedBlock Kept() const;

  // Whether the end of the stream is marked, so that Next reaches it only if
  // nothing is missing. Call after the first Next.
  bool is_compressed() const;
  // Bytes read from the source so far.
  std::uint64_t bytes_read() const;
  // The SHA-256 in hex of all bytes read; call once, last.
  std::string FinishHash();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace release

#endif  // RELEASE_ARCHIVE_DECOMPRESS_H_
