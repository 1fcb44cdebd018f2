// Files outside the root that the caller named: an archive, a checksum file.
#ifndef RELEASE_OS_INPUT_H_
#define RELEASE_OS_INPUT_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/reason.h"

namespace release {

// Where bytes come from: fills the span from its start, returns how many it
// put there, 0 only at the end. Throws Error where reading fails.
using ByteSource = std::function<std::size_t(std::span<char>)>;

inline constexpr int kStandardInput = 0;

// One open file or pipe, read once from its start. Movable; closes itself.
class Input {
 public:
  // A regular file or a pipe; a fifo may still lack its writer, Read waits for
  // it. Throws Error kArchiveUnreadable with the reason where it is missing, a
  // directory, a device, or not readable.
  static Input Open(const std::string& path);

  // A copy of an open descriptor, whatever it is; `name` is for messages.
  // Throws the same if it is closed.
  static Input FromDescriptor(int descriptor, const std::string& name);

  Input(Input&& other) noexcept;
  Input& operator=(Input&& other) noexcept;
  ~Input();

  // As a ByteSource. An interrupt (os/interrupt.h) ends it with kInterrupted.
  std::size_t Read(std::span<char> buffer);

  // The size in bytes of a regular file; nothing for a pipe.
  std::optional<std::uint64_t> Size() const;

  // What the caller called it; "standard input".
  const std::string& name() const { return name_; }

 private:
  Input(int fd, std::string name) : fd_(fd), name_(std::move(name)) {}
  int fd_;
  std::string name_;
};

// The whole of a small file, or what a pipe gives until its end. Nothing where
// it does not exist; throws Error kIoError (or kPermissionDenied) where it
// cannot be read or is over `limit` bytes. Only a pipe's wait is interrupted.
std::optional<std::string> ReadSmallFile(const std::string& path,
                                         std::size_t limit);

// Names in a directory outside the root, unsorted; empty where it does not
// exist or cannot be read.
std::vector<std::string> ListDirectory(const std::string& path);

// Running as root: why somebody but root could change the file or put another
// in its place, e.g. "it belongs to user 1000, not to root": itself, the
// directories above it, and where a link is on the way those of the real path.
// Nullopt if nobody can, or if the caller is not root.
Reason WhyOthersCanWrite(const std::string& path);

}  // namespace release

#endif  // RELEASE_OS_INPUT_H_
