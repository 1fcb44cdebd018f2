// Takes one layer of compression off a stream of bytes.
#ifndef RELEASE_ARCHIVE_DECOMPRESS_H_
#define RELEASE_ARCHIVE_DECOMPRESS_H_

#include <memory>
#include <span>
#include <string>

#include "archive/blocks.h"
#include "os/input.h"

namespace release {

// The uncompressed bytes of a stream that is plain or compressed by a
// kind of archive/compression.h. Streams put behind one another (gzip members,
// zstd frames, xz and bzip2 streams) are read as one.
class Decompressor {
 public:
  // `name` is for messages. What the source has put into a buffer stays there
  // until it was called once more, or this goes.
  Decompressor(ByteSource source, std::string name);
  ~Decompressor();
  Decompressor(const Decompressor&) = delete;
  Decompressor& operator=(const Decompressor&) = delete;

  // The next bytes, valid until the next call; empty at the end, which is
  // reached only after every checksum in the stream held. An empty stream
  // throws Error kArchiveEmpty. A stream that ends early throws Error
  // kArchiveTruncated; a damaged one, or one with other bytes behind it,
  // kArchiveCorrupt; one that needs more than 256 MiB of memory
  // kArchiveUnsupported. What the source throws passes through.
  std::span<const char> Next();
  // Where those bytes lie; null where nothing can keep them.
  SharedBlock Kept() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace release

#endif  // RELEASE_ARCHIVE_DECOMPRESS_H_
