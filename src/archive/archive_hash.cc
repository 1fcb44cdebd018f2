#include "archive/archive_hash.h"

namespace release {

// Below this size, hashing inline is faster than handing off.
constexpr std::size_t kWorthAThread = std::size_t{16} << 10;

ArchiveHash::ArchiveHash(unsigned threads) : pool_(threads == 0 ? 0 : 1, 1) {}

void ArchiveHash::Update(std::span<const char> bytes) {
  pool_.Wait();
  if (bytes.size() < kWorthAThread) {
    sha256_.Update(bytes);
  } else {
    pool_.Submit([this, bytes] { sha256_.Update(bytes); });
  }
}

std::string ArchiveHash::Finish() {
  pool_.Wait();
  return sha256_.Finish();
}

}  // namespace release
