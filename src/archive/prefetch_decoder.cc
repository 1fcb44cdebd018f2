#include "archive/prefetch_decoder.h"

#include <utility>

#include "base/error.h"
#include "base/text.h"

namespace release {
namespace {

constexpr std::size_t kMostHeld = std::size_t{2} << 20;

// Entries in a row that one side decodes: enough that neither thread is woken
// for every entry, few enough that neither waits long for the other.
constexpr std::uint64_t kGroup = 8;

}  // namespace

PrefetchDecoder::PrefetchDecoder(Format format, SpoolCopy bytes,
                                 std::string name)
    : bytes_(std::move(bytes)),
      parser_(format, &bytes_, std::move(name)),
      thread_([this] { Run(); }) {}

PrefetchDecoder::~PrefetchDecoder() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  taken_.notify_all();
  thread_.join();
}

bool PrefetchDecoder::Decodes(std::uint64_t entry) {
  return entry / kGroup % 2 == 1;
}

void PrefetchDecoder::Run() {
  std::exception_ptr error;
  try {
    DecodeAll();
  } catch (...) {
    error = std::current_exception();
  }
  {
    const std::lock_guard lock(mutex_);
    error_ = error;
    ended_ = true;
  }
  put_.notify_all();
}

void PrefetchDecoder::DecodeAll() {
  for (std::uint64_t entry = 0; parser_.Next(); ++entry) {
    if (!Decodes(entry)) continue;
    while (true) {
      const auto bytes = parser_.NextBlock();
      if (!Put(entry, bytes)) return;
      if (bytes.empty()) break;
    }
  }
}

bool PrefetchDecoder::Put(std::uint64_t entry, std::span<const char> bytes) {
  Block block{entry, {bytes.begin(), bytes.end()}};
  {
    std::unique_lock lock(mutex_);
    taken_.wait(lock, [this] { return stopping_ || held_ < kMostHeld; });
    if (stopping_) return false;
    held_ += bytes.size();
    blocks_.push_back(std::move(block));
  }
  put_.notify_one();
  return true;
}

std::span<const char> PrefetchDecoder::NextBlock(std::uint64_t entry) {
  // The end of an entry stays, for repeated calls.
  if (current_.entry == entry && Decodes(entry) && current_.bytes.empty()) {
    return {};
  }
  // Blocks of earlier entries may be left that the reader skipped.
  do {
    Take();
  } while (current_.entry < entry);
  return current_.bytes;
}

void PrefetchDecoder::Take() {
  {
    std::unique_lock lock(mutex_);
    put_.wait(lock, [this] { return ended_ || !blocks_.empty(); });
    if (blocks_.empty() && error_) std::rethrow_exception(error_);
    if (blocks_.empty()) {
      throw Error(ErrorCode::kInternal, "cannot decode ahead: no such entry");
    }
    current_ = std::move(blocks_.front());
    blocks_.pop_front();
    held_ -= current_.bytes.size();
  }
  taken_.notify_one();
}

}  // namespace release
