// Bytes in memory as sources of archives.
#ifndef RELEASE_TESTS_SUPPORT_BYTE_SOURCES_H_
#define RELEASE_TESTS_SUPPORT_BYTE_SOURCES_H_

#include <algorithm>
#include <cstddef>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "base/error.h"
#include "os/input.h"
#include "support/mem_fs.h"

namespace release {

// A disk with one file, of which a call reads at most `piece` bytes, as of a
// pipe. The call of number `failing` throws `error`.
class PieceFs final : public MemFs {
 public:
  PieceFs(std::size_t piece, unsigned failing, std::optional<Error> error)
      : piece_(piece), failing_(failing), error_(std::move(error)) {}

  std::size_t ReadAt(Handle file, std::span<char> buffer,
                     std::uint64_t offset) override {
    if (++calls_ == failing_) throw *error_;
    return MemFs::ReadAt(file, buffer.first(std::min(piece_, buffer.size())),
                         offset);
  }

 private:
  const std::size_t piece_;
  const unsigned failing_;
  const std::optional<Error> error_;
  unsigned calls_ = 0;
};

// A source of these bytes that returns at most `piece` of them per call.
inline ByteSource InPieces(const std::string& bytes, std::size_t piece,
                           unsigned failing = 0,
                           std::optional<Error> error = std::nullopt) {
  const auto fs = std::make_shared<PieceFs>(piece, failing, std::move(error));
  auto* const file = new ScopedHandle(
      fs.get(), fs->Open(Fs::kRoot, "bytes", OpenMode::kCreateNew));
  fs->Write(file->get(), bytes);
  return {fs.get(), {file, [fs](const ScopedHandle* open) { delete open; }}};
}

inline ByteSource SourceOf(const std::string& bytes) {
  return InPieces(bytes, std::numeric_limits<std::size_t>::max());
}

}  // namespace release

#endif  // RELEASE_TESTS_SUPPORT_BYTE_SOURCES_H_
