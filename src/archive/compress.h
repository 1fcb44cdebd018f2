// Compression of an archive that is being written. The same bytes in give the
// same bytes out: the level is fixed, one thread works, and no time or name is
// stored.
#ifndef RELEASE_ARCHIVE_COMPRESS_H_
#define RELEASE_ARCHIVE_COMPRESS_H_

#include <functional>
#include <memory>
#include <span>

#include "archive/compression.h"

namespace release {

// Receives bytes in order. Throws Error if it cannot take them.
using ByteSink = std::function<void(std::span<const char>)>;

class Compressor {
 public:
  virtual ~Compressor() = default;
  // Throws Error kInternal if compression fails; errors of the sink pass
  // through.
  virtual void Write(std::span<const char> bytes) = 0;
  // Writes what is left; call once, last.
  virtual void Finish() = 0;
};

enum class Effort {
  kSmall,  // for an archive: compressed once, sent and read often
  kFast,   // for a file that one host keeps; only zstd differs
};

std::unique_ptr<Compressor> MakeCompressor(Compression compression,
                                           ByteSink sink,
                                           Effort effort = Effort::kSmall);

}  // namespace release

#endif  // RELEASE_ARCHIVE_COMPRESS_H_
