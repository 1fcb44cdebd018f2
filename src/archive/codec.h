// The decompressors of zlib, bzip2, liblzma and libzstd with one interface.
#ifndef RELEASE_ARCHIVE_CODEC_H_
#define RELEASE_ARCHIVE_CODEC_H_

#include <bzlib.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include <cstdint>
#include <optional>
#include <span>

namespace release {

enum class CodecStep {
  kMore,         // no end yet; without progress at the input's end: cut
  kFrameEnd,     // a whole member, frame or stream has been read and checked
  kCorrupt,      // a checksum or the structure is wrong
  kUnsupported,  // a kind or memory need that is not accepted
};

// After kUnsupported: the memory in bytes that the stream needs, and the most
// that is given; nullopt if that is not the reason or not known.
struct MemoryNeed {
  std::uint64_t needed = 0;
  std::uint64_t limit = 0;
};

// Each has Step: takes from the front of `in`, fills `out` from its front and
// shortens both spans. After kFrameEnd the next Step begins another frame.
class GzipCodec {
 public:
  GzipCodec();
  ~GzipCodec();
  GzipCodec(const GzipCodec&) = delete;
  GzipCodec& operator=(const GzipCodec&) = delete;
  CodecStep Step(std::span<const char>* in, std::span<char>* out);

 private:
  z_stream stream_{};
};

class Bzip2Codec {
 public:
  Bzip2Codec();
  ~Bzip2Codec();
  Bzip2Codec(const Bzip2Codec&) = delete;
  Bzip2Codec& operator=(const Bzip2Codec&) = delete;
  CodecStep Step(std::span<const char>* in, std::span<char>* out);

 private:
  bz_stream stream_{};
};

class XzCodec {
 public:
  XzCodec();
  ~XzCodec();
  XzCodec(const XzCodec&) = delete;
  XzCodec& operator=(const XzCodec&) = delete;
  CodecStep Step(std::span<const char>* in, std::span<char>* out);
  std::optional<MemoryNeed> memory_need() const { return need_; }

 private:
  std::optional<MemoryNeed> need_;
  lzma_stream stream_ = LZMA_STREAM_INIT;
};

class ZstdCodec {
 public:
  ZstdCodec();
  ~ZstdCodec();
  ZstdCodec(const ZstdCodec&) = delete;
  ZstdCodec& operator=(const ZstdCodec&) = delete;
  CodecStep Step(std::span<const char>* in, std::span<char>* out);
  std::optional<MemoryNeed> memory_need() const { return need_; }

 private:
  std::optional<MemoryNeed> need_;
  ZSTD_DCtx* context_;
};

}  // namespace release

#endif  // RELEASE_ARCHIVE_CODEC_H_
