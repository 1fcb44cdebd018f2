// Reads files outside the root that the caller named, such as an archive.
#ifndef RELEASE_OS_INPUT_H_
#define RELEASE_OS_INPUT_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/byte_count.h"
#include "base/error.h"
#include "base/host_path.h"
#include "base/reason.h"
#include "os/fs.h"

namespace release {

// Throws Error `code`, "cannot read NAME: REASON", about an archive or another
// input of that name.
[[noreturn]] void FailToRead(const std::string& name, ErrorCode code,
                             std::string_view reason);

inline constexpr int kStandardInput = 0;

// An open file or pipe, read once from its start. Movable; closes itself.
class Input {
 public:
  // Opens a regular file or a pipe. If a fifo does not have a writer yet, Read
  // waits for one. Throws Error kArchiveUnreadable if the file is missing, not
  // readable, a directory or a device.
  static Input Open(const HostPath& path);

  // Duplicates an open descriptor of any type, such as kStandardInput; `name`
  // is for messages. Throws Error kArchiveUnreadable if it is closed.
  static Input FromDescriptor(int descriptor, const std::string& name);

  Input(Input&& other) noexcept;
  Input& operator=(Input&& other) noexcept;
  ~Input();

  // Fills the span from its start and returns the number of bytes, which is 0
  // only at the end. Throws Error kArchiveUnreadable, and kInterrupted on an
  // interrupt (os/cancellation.h).
  std::size_t Read(std::span<char> buffer);

  // Returns the size in bytes of a regular file, or nullopt for a pipe.
  std::optional<std::uint64_t> Size() const;

  // The path or name that was passed in, for messages.
  const std::string& name() const { return name_; }

 private:
  Input(int fd, std::string name) : fd_(fd), name_(std::move(name)) {}
  int fd_;
  std::string name_;
};

// The bytes of an archive, once, from their start: of a file or pipe outside
// the root, or of a file beneath it. Movable.
class ByteSource {
 public:
  ByteSource() = default;  // no bytes
  explicit ByteSource(Input input) : input_(std::move(input)) {}
  // `fs` outlives this.
  ByteSource(Fs* fs, std::shared_ptr<const ScopedHandle> file)
      : fs_(fs), file_(std::move(file)) {}

  // As Input::Read; FsError for a file beneath the root.
  std::size_t Read(std::span<char> buffer);
  // Adds each byte that is read from now on to `count`, which must outlive
  // this; null counts nothing.
  void CountInto(ByteCount* count) { count_ = count; }

 private:
  std::optional<Input> input_;
  Fs* fs_ = nullptr;
  std::shared_ptr<const ScopedHandle> file_;
  std::uint64_t offset_ = 0;
  ByteCount* count_ = nullptr;
};

// Reads a whole file, or a pipe until its end. Returns nullopt if it does not
// exist. Throws Error kPermissionDenied if access is denied, and kIoError if it
// cannot be read or is larger than `limit` bytes. Only the wait for a pipe can
// be interrupted (kInterrupted).
std::optional<std::string> ReadSmallFile(const HostPath& path,
                                         std::size_t limit);

// A small file that decides what this process does.
struct RegularFile {
  std::string content;
  std::uint32_t owner = 0;  // uid
  unsigned mode = 0;        // permission bits
  // The last change of its content, in nanoseconds since 1970.
  std::chrono::nanoseconds modified{0};
};

// Same as ReadSmallFile, but for regular files only: anything else is kIoError.
// Reading never waits, whatever somebody has put in the file's place.
std::optional<RegularFile> ReadRegularFile(const HostPath& path,
                                           std::size_t limit);

// Returns the names in a directory outside the root, unsorted. Returns none if
// the directory does not exist or cannot be read.
std::vector<std::string> ListDirectory(const HostPath& path);

// A file or directory that lets another user change or replace something.
struct Exposure {
  // kUnknown: it could not be examined.
  enum class Cause { kOwner, kMode, kUnknown };
  Cause cause = Cause::kUnknown;
  std::string path;
  std::string reason;  // "it belongs to user 1000, not to root"
};

// Same as WhyOthersCanWrite, but returns every place on the way that must be
// changed before only root can write the file, its own first.
std::vector<Exposure> FindExposures(const HostPath& path);

// Same as FindExposures of `name` in a directory. The directory and those above
// it must have no exposure; they are examined again only if `name` is no
// directory of root's, or others can write into it.
std::vector<Exposure> FindExposuresIn(const HostPath& directory,
                                      const std::string& name);

// If this process is root, checks whether another user could change the file or
// replace it. Checks the owner and mode of the file, of the directories above
// it, and of every symbolic link on the way and its target. Returns the reason,
// e.g. "it belongs to user 1000, not to root", or nullopt if only root can, or
// if this process is not root.
Reason WhyOthersCanWrite(const HostPath& path);

}  // namespace release

#endif  // RELEASE_OS_INPUT_H_
