#include "archive/decompress.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <variant>
#include <vector>

#include "archive/codec.h"
#include "archive/compression.h"
#include "base/units.h"
#include "os/input.h"
#include "os/thread_pool.h"
#include "trust/digest.h"

namespace release {
namespace {

constexpr std::size_t kBufferSize = std::size_t{256} << 10;

// The SHA-256 of the archive, computed beside the thread that reads it.
class ArchiveHash {
 public:
  // With `threads` over 0 one thread of its own computes, else the caller's.
  explicit ArchiveHash(unsigned threads) : pool_(threads == 0 ? 0 : 1, 1) {}

  // Adds the next bytes of the archive, which must not change until another
  // call has returned. Waits until the bytes of the call before are hashed.
  void Update(std::span<const char> bytes) {
    // Below this size, hashing inline is faster than handing off.
    constexpr std::size_t kWorthAThread = std::size_t{16} << 10;
    pool_.Wait();
    if (bytes.size() < kWorthAThread) {
      sha256_.Update(bytes);
    } else {
      pool_.Submit({&sha256_, bytes});
    }
  }
  // 64 lower-case hex digits of all bytes so far; call once, last.
  std::string Finish() {
    pool_.Wait();
    return sha256_.Finish();
  }

 private:
  struct Part {
    void operator()() const { sha256->Update(bytes); }
    Sha256* sha256;
    std::span<const char> bytes;
  };

  Sha256 sha256_;
  ThreadPool<Part> pool_;  // last: its thread uses the rest
};

using Codec =
    std::variant<std::monostate, GzipCodec, Bzip2Codec, XzCodec, ZstdCodec>;

void Emplace(Compression compression, Codec* codec) {
  switch (compression) {
    case Compression::kNone:
      return;
    case Compression::kGzip:
      codec->emplace<GzipCodec>();
      return;
    case Compression::kBzip2:
      codec->emplace<Bzip2Codec>();
      return;
    case Compression::kXz:
      codec->emplace<XzCodec>();
      return;
    case Compression::kZstd:
      codec->emplace<ZstdCodec>();
      return;
  }
}

std::optional<MemoryNeed> NeedOf(const Codec& codec) {
  if (const auto* xz = std::get_if<XzCodec>(&codec)) return xz->memory_need();
  const auto* zstd = std::get_if<ZstdCodec>(&codec);
  return zstd == nullptr ? std::nullopt : zstd->memory_need();
}

CodecStep StepOf(Codec* codec, std::span<const char>* in,
                 std::span<char>* out) {
  return std::visit(
      [&](auto& it) {
        if constexpr (std::is_same_v<std::decay_t<decltype(it)>,
                                     std::monostate>) {
          return CodecStep::kCorrupt;
        } else {
          return it.Step(in, out);
        }
      },
      *codec);
}

}  // namespace

struct Decompressor::Impl {
  Impl(ByteSource source_in, std::string name_in, unsigned hashing_threads)
      : source(std::move(source_in)),
        name(std::move(name_in)),
        in(kBufferSize),
        other_in(kBufferSize),
        hash(hashing_threads) {}

  void Begin() {
    FillAtLeast(kLongestMagic);
    if (left.empty()) Fail(ErrorCode::kArchiveEmpty, "it is empty");
    compression = DetectCompression(left);
    Emplace(compression, &codec);
    begun = true;
  }

  [[noreturn]] void Fail(ErrorCode code, const std::string& reason) const {
    FailToRead(name, code, reason);
  }

  [[noreturn]] void FailUnsupported() const {
    const auto need = NeedOf(codec);
    if (!need) {
      Fail(ErrorCode::kArchiveUnsupported,
           "its compression needs too much memory or is of a newer kind");
    }
    Fail(ErrorCode::kArchiveUnsupported,
         fmt::format("its compression needs {} of memory, and at most {} are "
                     "used; compress it {}",
                     FormatSize(need->needed), FormatSize(need->limit),
                     compression == Compression::kZstd
                         ? "with --long=27 or less"
                         : "with a smaller dictionary"));
  }

  // Makes `left` hold that many bytes, fewer only at the end of the source.
  void FillAtLeast(std::size_t count) {
    if (left.size() >= count || at_end) return;
    // Two buffers in turn: the hash may still read the bytes in the last one.
    std::swap(in, other_in);
    std::copy(left.begin(), left.end(), in.begin());
    std::size_t held = left.size();
    while (held < count && !at_end) {
      const std::size_t got = source.Read(std::span(in).subspan(held));
      hash.Update(std::span<const char>(in).subspan(held, got));
      bytes_read += got;
      at_end = got == 0;
      held += got;
    }
    left = std::span<const char>(in).first(held);
  }

  std::span<const char> NextPlain() {
    FillAtLeast(1);
    return std::exchange(left, {});
  }

  // Returns how many NULs were skipped.
  std::size_t SkipPadding() {
    std::size_t skipped = 0;
    for (FillAtLeast(1); !left.empty() && left.front() == '\0';
         FillAtLeast(1)) {
      const auto end = std::find_if(left.begin(), left.end(),
                                    [](char c) { return c != '\0'; });
      const auto count = static_cast<std::size_t>(end - left.begin());
      left = left.subspan(count);
      skipped += count;
    }
    return skipped;
  }

  // False at the end of the last frame. bsdtar pads with NULs what it writes to
  // a pipe, so they may end any stream. Only xz lets another frame follow them,
  // and then they come in fours.
  bool BeginFrame() {
    const std::size_t padding = SkipPadding();
    FillAtLeast(kLongestMagic);
    if (left.empty()) return false;
    const bool may_follow =
        padding == 0 || (compression == Compression::kXz && padding % 4 == 0);
    if (!may_follow || DetectCompression(left) != compression) {
      if (may_follow && at_end && MayBeginCompression(left)) {
        Fail(ErrorCode::kArchiveTruncated, "it ends early");
      }
      Fail(ErrorCode::kArchiveCorrupt, "trailing data after its end");
    }
    frame_ended = false;
    return true;
  }

  // Decodes one step into `room`; throws if the stream is cut or damaged.
  void Decode(std::span<char>* room) {
    FillAtLeast(1);
    const std::size_t before = left.size() + room->size();
    const CodecStep step = StepOf(&codec, &left, room);
    if (step == CodecStep::kCorrupt) {
      Fail(ErrorCode::kArchiveCorrupt, "its compressed data is damaged");
    }
    if (step == CodecStep::kUnsupported) {
      FailUnsupported();
    }
    frame_ended = step == CodecStep::kFrameEnd;
    const bool moved = before != left.size() + room->size();
    if (!frame_ended && !moved && at_end && left.empty()) {
      Fail(ErrorCode::kArchiveTruncated, "it ends early");
    }
    if (!frame_ended && !moved && !left.empty()) {
      Fail(ErrorCode::kArchiveCorrupt, "its compressed data is damaged");
    }
  }

  std::span<const char> Next() {
    if (!begun) Begin();
    if (compression == Compression::kNone) return NextPlain();
    // The caller may have kept the block before.
    out = blocks.Take(kBufferSize);
    std::span<char> room(*out);
    while (!room.empty()) {
      if (frame_ended && !BeginFrame()) break;
      Decode(&room);
    }
    return std::span<const char>(*out).first(out->size() - room.size());
  }

  ByteSource source;
  std::string name;
  std::vector<char> in;
  std::vector<char> other_in;
  Pool<Block> blocks;
  std::shared_ptr<Block> out;
  std::span<const char> left;  // of `in`, not yet decoded
  bool begun = false;
  bool at_end = false;  // of the source
  bool frame_ended = false;
  Compression compression = Compression::kNone;
  Codec codec;
  std::uint64_t bytes_read = 0;
  ArchiveHash hash;  // last: its thread reads the buffers
};

Decompressor::Decompressor(ByteSource source, std::string name,
                           unsigned hashing_threads)
    : impl_(std::make_unique<Impl>(std::move(source), std::move(name),
                                   hashing_threads)) {}

Decompressor::~Decompressor() = default;

std::span<const char> Decompressor::Next() { return impl_->Next(); }

SharedBlock Decompressor::Kept() const { return impl_->out; }

bool Decompressor::is_compressed() const {
  return impl_->compression != Compression::kNone;
}

std::uint64_t Decompressor::bytes_read() const { return impl_->bytes_read; }

std::string Decompressor::FinishHash() { return impl_->hash.Finish(); }

}  // namespace release
