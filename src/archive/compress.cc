#include "archive/compress.h"

#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include <array>
#include <string>
#include <utility>

#include "base/error.h"

namespace release {
namespace {

// Higher levels save less than 1 % and take twice the time and the memory,
// which is 28 MiB for zstd.
constexpr int kZstdLevel = 10;
constexpr int kFastZstdLevel = 1;
constexpr int kGzipLevel = 9;
constexpr std::uint32_t kXzLevel = 6;
constexpr int kGzipWindow = 15 + 16;  // the 16 asks zlib for gzip's header
constexpr int kGzipMemory = 8;
constexpr unsigned char kGzipUnknownSystem = 255;

using Block = std::array<char, 64 * 1024>;

void Require(bool holds, const char* library) {
  if (holds) return;
  throw Error(ErrorCode::kInternal,
              std::string("cannot compress: ") + library + " failed");
}

class Plain : public Compressor {
 public:
  explicit Plain(ByteSink sink) : sink_(std::move(sink)) {}
  void Write(std::span<const char> bytes) override { sink_(bytes); }
  void Finish() override {}

 private:
  ByteSink sink_;
};

class Gzip : public Compressor {
 public:
  explicit Gzip(ByteSink sink) : sink_(std::move(sink)) {
    Require(deflateInit2(&stream_, kGzipLevel, Z_DEFLATED, kGzipWindow,
                         kGzipMemory, Z_DEFAULT_STRATEGY) == Z_OK,
            "zlib");
    header_.os = kGzipUnknownSystem;
    deflateSetHeader(&stream_, &header_);
  }
  ~Gzip() override { deflateEnd(&stream_); }

  void Write(std::span<const char> bytes) override {
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream_.avail_in = static_cast<uInt>(bytes.size());
    Run(Z_NO_FLUSH);
  }
  void Finish() override { Run(Z_FINISH); }

 private:
  void Run(int flush) {
    int result = Z_OK;
    do {
      stream_.next_out = reinterpret_cast<Bytef*>(block_.data());
      stream_.avail_out = static_cast<uInt>(block_.size());
      result = deflate(&stream_, flush);
      Require(result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR,
              "zlib");
      sink_({block_.data(), block_.size() - stream_.avail_out});
    } while (stream_.avail_out == 0);
  }

  ByteSink sink_;
  z_stream stream_{};
  gz_header header_{};
  Block block_;
};

class Xz : public Compressor {
 public:
  explicit Xz(ByteSink sink) : sink_(std::move(sink)) {
    Require(lzma_easy_encoder(&stream_, kXzLevel, LZMA_CHECK_CRC64) == LZMA_OK,
            "liblzma");
  }
  ~Xz() override { lzma_end(&stream_); }

  void Write(std::span<const char> bytes) override {
    stream_.next_in = reinterpret_cast<const std::uint8_t*>(bytes.data());
    stream_.avail_in = bytes.size();
    Run(LZMA_RUN);
  }
  void Finish() override { Run(LZMA_FINISH); }

 private:
  void Run(lzma_action action) {
    do {
      stream_.next_out = reinterpret_cast<std::uint8_t*>(block_.data());
      stream_.avail_out = block_.size();
      const lzma_ret result = lzma_code(&stream_, action);
      Require(result == LZMA_OK || result == LZMA_STREAM_END ||
                  result == LZMA_BUF_ERROR,
              "liblzma");
      sink_({block_.data(), block_.size() - stream_.avail_out});
    } while (stream_.avail_out == 0);
  }

  ByteSink sink_;
  lzma_stream stream_ = LZMA_STREAM_INIT;
  Block block_;
};

class Zstd : public Compressor {
 public:
  Zstd(ByteSink sink, int level)
      : sink_(std::move(sink)), context_(ZSTD_createCCtx(), ZSTD_freeCCtx) {
    Set(ZSTD_c_compressionLevel, level);
    // Without a checksum a damaged file could unpack.
    Set(ZSTD_c_checksumFlag, 1);
  }

  void Write(std::span<const char> bytes) override {
    Run({bytes.data(), bytes.size(), 0}, ZSTD_e_continue);
  }
  void Finish() override { Run({nullptr, 0, 0}, ZSTD_e_end); }

 private:
  void Set(ZSTD_cParameter parameter, int value) {
    const std::size_t result =
        ZSTD_CCtx_setParameter(context_.get(), parameter, value);
    Require(ZSTD_isError(result) == 0, "libzstd");
  }

  void Run(ZSTD_inBuffer in, ZSTD_EndDirective end) {
    std::size_t left = 0;
    do {
      ZSTD_outBuffer out{block_.data(), block_.size(), 0};
      left = ZSTD_compressStream2(context_.get(), &out, &in, end);
      Require(ZSTD_isError(left) == 0, "libzstd");
      sink_({block_.data(), out.pos});
    } while (end == ZSTD_e_end ? left != 0 : in.pos != in.size);
  }

  ByteSink sink_;
  std::unique_ptr<ZSTD_CCtx, std::size_t (*)(ZSTD_CCtx*)> context_;
  Block block_;
};

}  // namespace

std::unique_ptr<Compressor> MakeCompressor(Compression compression,
                                           ByteSink sink, Effort effort) {
  switch (compression) {
    case Compression::kGzip:
      return std::make_unique<Gzip>(std::move(sink));
    case Compression::kXz:
      return std::make_unique<Xz>(std::move(sink));
    case Compression::kZstd:
      return std::make_unique<Zstd>(std::move(sink), effort == Effort::kFast
                                                         ? kFastZstdLevel
                                                         : kZstdLevel);
    case Compression::kNone:
      return std::make_unique<Plain>(std::move(sink));
    case Compression::kBzip2:
      break;
  }
  throw Error(ErrorCode::kInternal, "cannot compress: bzip2 is only read");
}

}  // namespace release
