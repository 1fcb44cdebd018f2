#include "archive/codec.h"

#include <zstd_errors.h>

#include <array>
#include <cstdint>
#include <new>

namespace release {
namespace {

constexpr std::uint64_t kMemoryLimit = std::uint64_t{256} << 20;
constexpr int kGzipOnly = 16 + MAX_WBITS;

void Require(bool done) {
  if (!done) throw std::bad_alloc();
}

template <typename Stream, typename Byte>
void Lend(std::span<const char> in, std::span<char> out, Stream* stream) {
  stream->next_in = reinterpret_cast<Byte*>(const_cast<char*>(in.data()));
  stream->next_out = reinterpret_cast<Byte*>(out.data());
  stream->avail_in = static_cast<decltype(stream->avail_in)>(in.size());
  stream->avail_out = static_cast<decltype(stream->avail_out)>(out.size());
}

template <typename Stream>
void TakeBack(const Stream& stream, std::span<const char>* in,
              std::span<char>* out) {
  *in = in->last(stream.avail_in);
  *out = out->last(stream.avail_out);
}

}  // namespace

GzipCodec::GzipCodec() { Require(inflateInit2(&stream_, kGzipOnly) == Z_OK); }

GzipCodec::~GzipCodec() { inflateEnd(&stream_); }

CodecStep GzipCodec::Step(std::span<const char>* in, std::span<char>* out) {
  Lend<z_stream, Bytef>(*in, *out, &stream_);
  const int result = inflate(&stream_, Z_NO_FLUSH);
  TakeBack(stream_, in, out);
  Require(result != Z_MEM_ERROR);
  if (result == Z_STREAM_END) {
    Require(inflateReset(&stream_) == Z_OK);
    return CodecStep::kFrameEnd;
  }
  const bool fine = result == Z_OK || result == Z_BUF_ERROR;
  return fine ? CodecStep::kMore : CodecStep::kCorrupt;
}

Bzip2Codec::Bzip2Codec() {
  Require(BZ2_bzDecompressInit(&stream_, 0, 0) == BZ_OK);
}

Bzip2Codec::~Bzip2Codec() { BZ2_bzDecompressEnd(&stream_); }

CodecStep Bzip2Codec::Step(std::span<const char>* in, std::span<char>* out) {
  Lend<bz_stream, char>(*in, *out, &stream_);
  const int result = BZ2_bzDecompress(&stream_);
  TakeBack(stream_, in, out);
  Require(result != BZ_MEM_ERROR);
  if (result == BZ_STREAM_END) {
    BZ2_bzDecompressEnd(&stream_);
    stream_ = {};
    Require(BZ2_bzDecompressInit(&stream_, 0, 0) == BZ_OK);
    return CodecStep::kFrameEnd;
  }
  return result == BZ_OK ? CodecStep::kMore : CodecStep::kCorrupt;
}

XzCodec::XzCodec() {
  Require(lzma_stream_decoder(&stream_, kMemoryLimit, 0) == LZMA_OK);
}

XzCodec::~XzCodec() { lzma_end(&stream_); }

CodecStep XzCodec::Step(std::span<const char>* in, std::span<char>* out) {
  stream_.next_in = reinterpret_cast<const std::uint8_t*>(in->data());
  stream_.avail_in = in->size();
  stream_.next_out = reinterpret_cast<std::uint8_t*>(out->data());
  stream_.avail_out = out->size();
  const lzma_ret result = lzma_code(&stream_, LZMA_RUN);
  TakeBack(stream_, in, out);
  Require(result != LZMA_MEM_ERROR);
  switch (result) {
    case LZMA_OK:
    case LZMA_BUF_ERROR:
      return CodecStep::kMore;
    case LZMA_STREAM_END:
      Require(lzma_stream_decoder(&stream_, kMemoryLimit, 0) == LZMA_OK);
      return CodecStep::kFrameEnd;
    case LZMA_MEMLIMIT_ERROR:
      need_ = {lzma_memusage(&stream_), kMemoryLimit};
      return CodecStep::kUnsupported;
    case LZMA_OPTIONS_ERROR:
      return CodecStep::kUnsupported;
    default:
      return CodecStep::kCorrupt;
  }
}

namespace {

// libzstd's own limit for a frame's window.
constexpr std::uint64_t kZstdLimit = std::uint64_t{128} << 20;

// Returns the size of the content that the header of a frame gives.
std::optional<std::uint64_t> ContentOf(std::span<const char> frame) {
  constexpr std::size_t kDescriptor = 4;
  constexpr std::array<std::size_t, 4> kIdBytes = {0, 1, 2, 4};
  constexpr std::array<std::size_t, 4> kSizeBytes = {1, 2, 4, 8};
  const auto descriptor = static_cast<unsigned char>(frame[kDescriptor]);
  const std::size_t begin = kDescriptor + 1 + kIdBytes[descriptor & 3];
  const std::size_t count = kSizeBytes[descriptor >> 6];
  if (frame.size() < begin + count) return std::nullopt;
  std::uint64_t size = 0;
  for (std::size_t i = count; i-- > 0;) {
    size = size << 8 | static_cast<unsigned char>(frame[begin + i]);
  }
  return size;
}

// Returns the window of the frame that begins here (RFC 8878, 3.1.1.1);
// nullopt if its header is not whole. A frame of one segment has a window of
// the size of its content.
std::optional<std::uint64_t> WindowOf(std::span<const char> frame) {
  constexpr std::size_t kDescriptor = 4;
  constexpr unsigned kSingleSegment = 0x20;
  if (frame.size() < kDescriptor + 2) return std::nullopt;
  const auto byte = [&](std::size_t i) {
    return static_cast<unsigned>(static_cast<unsigned char>(frame[i]));
  };
  if ((byte(kDescriptor) & kSingleSegment) != 0) return ContentOf(frame);
  const unsigned window = byte(kDescriptor + 1);
  const std::uint64_t base = std::uint64_t{1} << (10 + (window >> 3));
  return base + base / 8 * (window & 7);
}

}  // namespace

ZstdCodec::ZstdCodec() : context_(ZSTD_createDCtx()) {
  Require(context_ != nullptr);
}

ZstdCodec::~ZstdCodec() { ZSTD_freeDCtx(context_); }

CodecStep ZstdCodec::Step(std::span<const char>* in, std::span<char>* out) {
  ZSTD_inBuffer input{in->data(), in->size(), 0};
  ZSTD_outBuffer output{out->data(), out->size(), 0};
  const std::size_t result = ZSTD_decompressStream(context_, &output, &input);
  const std::span<const char> before = *in;
  *in = in->subspan(input.pos);
  *out = out->subspan(output.pos);
  if (result == 0) return CodecStep::kFrameEnd;
  if (ZSTD_isError(result) == 0) return CodecStep::kMore;
  switch (ZSTD_getErrorCode(result)) {
    case ZSTD_error_memory_allocation:
      throw std::bad_alloc();
    case ZSTD_error_frameParameter_windowTooLarge:
      if (const auto window = WindowOf(before)) {
        need_ = {*window, kZstdLimit};
      }
      return CodecStep::kUnsupported;
    case ZSTD_error_frameParameter_unsupported:
    case ZSTD_error_version_unsupported:
    case ZSTD_error_dictionary_wrong:
      return CodecStep::kUnsupported;
    default:
      return CodecStep::kCorrupt;
  }
}

}  // namespace release
